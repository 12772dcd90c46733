//! Everything a child needs, made ready before the fork, on a thread of its own.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::child::last_message::LastMessage;
use super::deadline::Terms;
use super::dontfork::{self, Marks};
use super::image::Image;
use super::pthread_slots::{self, PthreadSlots};
use super::shared_page::SharedPage;
use super::target::{Destination, Target};
use super::v8_workers::Workers;
use super::{descriptors, priority};
use crate::capture::budget;
use crate::capture::intake::Intake;
use crate::error::{Error, Result};
use crate::file::info::Form;
use crate::file::sink::Sink;
use crate::probe::cgroup::{Cgroup, gauge::Gauge};

/// How long the JavaScript thread waits for V8's workers to sleep. They nearly always do.
const QUIET: Duration = Duration::from_millis(20);
/// How long the preparing thread waits for such a moment first.
pub const QUIET_BEFORE: Duration = Duration::from_millis(200);
/// How long a process at its heap limit waits: V8 marks nearly all the time there, there will be no second try,
/// and JavaScript stands still, so that the marking comes to its end.
pub const QUIET_AT_LIMIT: Duration = Duration::from_secs(2);
pub(super) const LOOK_AGAIN: Duration = Duration::from_micros(500);

/// How long the JavaScript thread waits for V8's workers to sleep, and what comes of it if they do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Waits no longer.
    pub most: Duration,
    /// There is no fork then.
    pub insists: bool,
}

impl Patience {
    /// A child that waits for a worker in vain is seen to, and another is forked.
    pub const CHILD_MAY_HANG: Self = Self { most: QUIET, insists: false };
    /// What an image holds of a worker amid its job is there for good: its copy waits for ever, or frees what is alive.
    pub const ANOTHER_MOMENT: Self = Self { most: QUIET, insists: true };

    /// There will be no other moment. V8 marks a heap that grows nearly all the time, and comes to an end while JavaScript stands
    /// still.
    pub fn at_last(most: Duration) -> Self {
        Self { most: most.clamp(QUIET, QUIET_AT_LIMIT), insists: false }
    }
}

/// Everything the child needs, made before the fork: the child must not open, allocate much or ask.
pub struct Prepared {
    pub(super) target: Target,
    /// String values are masked in an answer.
    pub(super) redact: bool,
    pub(super) shared: Arc<SharedPage>,
    pub(super) slots: PthreadSlots,
    pub(super) eventfds: Vec<RawFd>,
    /// Descriptors that must stay what they are.
    pub(super) keep: Vec<RawFd>,
    /// `keep` and `eventfds`, ascending.
    pub(super) kept: Vec<RawFd>,
    pub(super) null: RawFd,
    pub(super) stderr: RawFd,
    /// The temporary file's name in its folder, for a child that ends itself; empty if there is none.
    pub(super) temp: CString,
    /// The name that it gets.
    pub(super) name: CString,
    /// That folder, wherever it has been moved to; −1 if there is none.
    pub(super) folder: RawFd,
    pub(super) owned: (OwnedFd, OwnedFd, OwnedFd),
    /// To the service's own stderr, for an orphan that fails.
    pub(super) last_message: Option<Box<LastMessage>>,
    /// Somebody waits for it who will be gone afterwards: it need not stand back.
    pub(super) urgent: bool,
    /// Bytes it may allocate; `None`: what it gets.
    pub memory: Option<u64>,
    /// It may take back the CPU it gives up.
    pub(super) returns: bool,
    pub(super) terms: Terms,
    /// For a child that is left alone, or that writes an image.
    pub(super) gauge: Box<Gauge>,
    /// Bytes that must stay free meanwhile.
    pub(super) reserve: u64,
    pub(super) marks: Marks,
    pub(super) workers: Workers,
    /// With them.
    pub patience: Patience,
    /// The file is an image's: the work that writes it.
    pub image: Option<Image>,
}

/// Why a fork could not be prepared or made.
pub(super) fn failed(what: &str) -> impl Fn(io::Error) -> Error + '_ {
    move |error| Error::CaptureFailed(format!("cannot fork a snapshot: {what}: {error}"))
}

/// Makes ready to write to `to`. Tens of ms: not on the JavaScript thread. `pool`: Node's `--v8-pool-size`; `quiet`: how long V8's
/// workers are waited for. `urgent`: the child runs as the service does and does not stand back. `terms`: what the
/// child keeps to.
///
/// # Errors
/// `CaptureFailed` when the system gives no descriptor: what only a fork needs could not be had.
pub fn prepare(
    to: Destination,
    redact: bool,
    pool: Option<usize>,
    quiet: Duration,
    urgent: bool,
    terms: Terms,
) -> Result<Prepared> {
    let shared = Arc::new(SharedPage::new().map_err(failed("no shared page"))?);
    let null =
        std::fs::File::options().read(true).write(true).open("/dev/null").map_err(failed("/dev/null"))?;
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .map_err(|errno| failed("no pipe")(errno.into()))?;
    let eventfds = descriptors::eventfds();
    let target = Target::new(to, redact).map_err(failed("no shared memory"))?;
    let sink = target.intake().map(Intake::sink);
    let image = match sink {
        Some(sink) if sink.header().form == Form::Image => Some(Image::new()?),
        _ => None,
    };
    // Nobody but the service would want a report: one that fails as an orphan has nothing to say.
    let last_message = sink.and_then(|sink| descriptors::last_message(sink.target().display().to_string()));
    let descriptors = sink.map(Sink::descriptors);
    let keep: Vec<RawFd> = descriptors
        .iter()
        .flatten()
        .map(AsRawFd::as_raw_fd)
        .chain(terms.turn.descriptor().as_ref().map(AsRawFd::as_raw_fd))
        .chain(last_message.as_ref().map(|message| message.as_fd().as_raw_fd()))
        .collect();
    let mut kept: Vec<RawFd> = keep.iter().chain(&eventfds).copied().collect();
    kept.sort_unstable();
    kept.dedup();
    let folder = descriptors.map_or(-1, |descriptors| descriptors[1].as_raw_fd());
    let name_of = |path: &Path| {
        let name = path.file_name().map(|name| name.as_encoded_bytes().to_owned());
        CString::new(name.unwrap_or_default()).map_err(|error| failed("a path with a NUL")(error.into()))
    };
    let (temp, name) = match sink {
        Some(sink) => (name_of(&sink.temp())?, name_of(&sink.target())?),
        None => (CString::default(), CString::default()),
    };
    let group = Cgroup::detect();
    let gauge = Box::new(Gauge::new(group.as_ref()));
    let reserve = if image.is_some() { budget::image::reserve(group.as_ref()) } else { budget::RESERVE };
    let workers = Workers::find(pool);
    let slots = pthread_slots::find();
    let marks = dontfork::remember();
    workers.wait(quiet, LOOK_AGAIN);
    Ok(Prepared {
        target,
        redact,
        shared,
        slots,
        eventfds,
        keep,
        kept,
        null: null.as_raw_fd(),
        stderr: writer.as_raw_fd(),
        temp,
        name,
        folder,
        owned: (reader, writer, null.into()),
        last_message,
        urgent,
        memory: None,
        terms,
        gauge,
        reserve,
        // Tried out by a thread that the idlest of all waits for: not while JavaScript's thread does, at its limit.
        returns: quiet != QUIET_AT_LIMIT && priority::may_return(),
        marks,
        workers,
        patience: Patience::CHILD_MAY_HANG,
        image,
    })
}
