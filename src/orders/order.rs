//! An order, and what is kept of it while it is carried out. Pure, as [`super::queue`] is.

use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use crate::capture::fork::terminate::Terminator;
use crate::capture::options::{CaptureOptions, WantedForm, WantedMode};
use crate::capture::permit::Demand;
#[cfg(target_os = "linux")]
use crate::capture::permit::Permit;
use crate::error::Error;
use crate::file::info::{Finish, Mode, SnapshotInfo};
use crate::file::turn::Turn;

/// Who ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A call from JavaScript: runs at the next turn of the loop, so that calls of one tick share it.
    Caller,
    /// A rule: runs at the next stack guard, also while the loop is blocked.
    Rule,
    /// A signal that is held back for it: begins in the moment it is ordered, or not at all.
    Signal,
    /// The heap limit: begins in the moment it is ordered, or not at all.
    Limit,
}

/// Whose heap is captured, as far as the queue asks.
pub trait Owner {
    /// Unique in this process.
    fn id(&self) -> u64;
    /// Whether its thread can be asked to fork.
    fn can_fork(&self) -> bool;
    /// Whether its thread has ended: nothing can be asked of it any more.
    fn has_ended(&self) -> bool;
}

/// What may run beside what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// One in a process.
    Queue,
    /// One in an environment.
    Limit,
    /// One in an environment.
    Signal,
    /// Its caller stands still for it.
    AtOnce,
}

/// One who waits for the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The number its caller has.
    pub capture: u64,
    /// Whose `watch()` it is.
    pub monitor: u64,
    /// A call from JavaScript waits, which ends with its monitor and its thread. A rule's and the heap limit's files are
    /// evidence: they stay wanted.
    pub(super) caller: bool,
}

/// What an order has come to.
#[derive(Debug, Clone)]
pub enum Left {
    /// This file.
    File(Box<SnapshotInfo>),
    /// A report, and no file.
    Report(Box<Report>),
    /// No report, for this reason, but a file of which one can be made elsewhere.
    Instead(Box<SnapshotInfo>, Error),
}

/// What was found in a heap, where no file was wanted.
#[derive(Debug, Clone)]
pub struct Report {
    /// A `LeakReport`.
    pub json: String,
    /// How the heap was captured.
    pub mode: Mode,
    /// What that took, and the report with it.
    pub finish: Finish,
}

impl From<SnapshotInfo> for Left {
    fn from(info: SnapshotInfo) -> Self {
        Self::File(Box::new(info))
    }
}

impl Left {
    /// The file that is left, if there is one.
    pub fn file(&self) -> Option<&SnapshotInfo> {
        match self {
            Self::File(info) | Self::Instead(info, _) => Some(info),
            Self::Report(_) => None,
        }
    }
}

/// A snapshot to be taken in one environment.
pub struct Order<O> {
    /// The first ticket's number.
    pub id: u64,
    /// Whose heap.
    pub owner: Arc<O>,
    /// How.
    pub options: CaptureOptions,
    /// Who.
    pub origin: Origin,
    /// When it must be done.
    pub deadline: Instant,
    /// Given up when nobody waits any more.
    pub demand: Arc<Demand>,
    /// Its folder's, if it has it already.
    pub turn: Option<Arc<Turn>>,
    pub(super) tickets: Vec<Ticket>,
    since: Instant,
}

/// One that is being carried out.
pub struct Running<O> {
    pub(super) id: u64,
    pub(super) slot: Slot,
    /// Whose heap.
    pub owner: Arc<O>,
    pub(super) options: CaptureOptions,
    pub(super) demand: Arc<Demand>,
    pub(super) tickets: Vec<Ticket>,
    /// Where its file is being written, in words; empty: nowhere yet.
    pub place: String,
    /// Its conductor waits for JavaScript's thread.
    pub asks: bool,
    /// The child that takes it.
    #[cfg(target_os = "linux")]
    terminator: Option<Arc<Terminator>>,
}

/// A signal is held back so long for its image, and no longer.
pub const HELD: Duration = Duration::from_secs(5);
/// After this long in the queue a caller's order is also offered to an interrupt: the loop is blocked.
const PATIENCE: Duration = Duration::from_secs(1);

impl<O: Owner> Order<O> {
    pub(super) fn new(
        ticket: Ticket,
        owner: &Arc<O>,
        options: CaptureOptions,
        origin: Origin,
        now: Instant,
    ) -> Self {
        Self {
            id: ticket.capture,
            owner: owner.clone(),
            deadline: now + options.timeout(),
            options,
            origin,
            demand: Arc::default(),
            turn: None,
            tickets: vec![ticket],
            since: now,
        }
    }

    /// Whether its thread has nothing to do with it but to fork, or to be frozen: a conductor does the rest.
    pub fn goes_by_fork(&self) -> bool {
        let conducted = self.options.mode != WantedMode::Inline || self.options.form == WantedForm::Image;
        cfg!(target_os = "linux") && conducted && self.owner.can_fork()
    }

    /// What `permit`, for a part of it, has found: time in which the process stood still is none it had.
    #[cfg(target_os = "linux")]
    pub(super) fn stood_still(&mut self, permit: &Permit) {
        self.deadline += permit.put_off();
    }

    pub(super) fn has_waited_long(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) > PATIENCE
    }
}

impl<O: Owner> Running<O> {
    pub(super) fn new(order: &mut Order<O>, slot: Slot) -> Self {
        Self {
            id: order.id,
            slot,
            owner: order.owner.clone(),
            options: order.options.clone(),
            demand: order.demand.clone(),
            tickets: std::mem::take(&mut order.tickets),
            place: String::new(),
            asks: false,
            #[cfg(target_os = "linux")]
            terminator: None,
        }
    }

    /// Who waits for it.
    pub fn tickets(&self) -> impl Iterator<Item = Ticket> {
        self.tickets.iter().copied()
    }

    /// A child takes it from now on.
    #[cfg(target_os = "linux")]
    pub fn set_terminator(&mut self, terminator: &Arc<Terminator>) {
        if self.demand.is_given_up() {
            terminator.end();
        }
        self.terminator = Some(terminator.clone());
    }

    pub(super) fn is_in_child(&self) -> bool {
        #[cfg(target_os = "linux")]
        return self.terminator.is_some();
        #[cfg(not(target_os = "linux"))]
        false
    }

    /// Nobody waits any more. `true`: a child takes it, and who waited is told when that has ended.
    pub(super) fn give_up(&self) -> bool {
        if !self.demand.give_up() {
            // Its file is getting its name.
            return true;
        }
        #[cfg(target_os = "linux")]
        if let Some(terminator) = &self.terminator {
            terminator.end();
            return true;
        }
        false
    }
}
