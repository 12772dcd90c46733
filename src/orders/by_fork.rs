//! Conducts a capture by fork, on a thread of its own: prepare, have the JavaScript thread fork, watch, publish.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, bounded};

use super::client::Order;
use super::job::{Job, fork_with_ids};
use super::order::Origin;
use super::{container, folder_turn, paused, running, snapshot_file, standstill};
use crate::capture::budget::{self, Admitted, Heap};
use crate::capture::fork::child_memory::ChildLimits;
use crate::capture::fork::supervise::supervise;
use crate::capture::fork::verdict::ChildEnd;
use crate::capture::fork::{self, Child, Prepared, Terms, descriptors};
use crate::capture::options::WantedMode;
use crate::capture::permit::Permit;
use crate::capture::user::User;
use crate::clock;
use crate::error::{Error, Result};
use crate::file::info::{Finish, Mode, SnapshotInfo};
use crate::file::sink::{Sealed, Sink};
use crate::file::turn::Turn;
use crate::thread::facts::process_facts;
use crate::thread::{Environment, Event};

/// A child that hangs or crashes is forked anew so many times in all.
const ATTEMPTS: u32 = 3;
/// What a child has, where no `timeout` was given: one that writes the dump of a heap limit, and any whose service is gone.
const ALONE: Duration = Duration::from_secs(120);

/// A child that was forked before there was a conductor, and the memory that is promised to it.
pub struct Forked {
    child: Child,
    admitted: Admitted,
}

/// How the conductor of a capture ends.
pub enum Conducted {
    /// With a file, or with why there is none.
    Complete(Result<Box<SnapshotInfo>>),
    /// Forking does not work out here, and the order's options say by now that it is to be taken inline.
    NowInline,
}

/// Prepares and forks on this, the environment's, thread: for a process that may not live until another thread
/// has prepared. The rest is conducted as ever. `None`: forking does not work out.
pub fn fork_here(order: &Order) -> Option<Forked> {
    let isolate = order.owner.environment.isolate()?;
    let began = clock::now();
    let heap_used = isolate.heap_figures().heap_used;
    let mut admitted = None;
    let forked = fork::available()
        .and_then(|()| {
            budget::admit(&order.owner.needs, Heap::of_child(heap_used), order.options.memory_budget)
        })
        .map(|granted| admitted.insert(granted).child_may_take())
        .and_then(|memory| {
            let turn = order.turn.clone().ok_or_else(|| Error::CaptureFailed(folder_turn::busy()))?;
            let sink = open_sink(order, began)?;
            let mut prepared = prepare(order, sink, fork::QUIET_AT_LIMIT, container::dies_with_us(), turn)?;
            prepared.memory = memory;
            Ok(prepared)
        })
        .and_then(|prepared| {
            fork_with_ids(&order.owner.environment, &isolate, &order.options, prepared, began)
        });
    match forked {
        Ok(child) => {
            running::set_terminator(order.id, &child.terminator);
            tell_place(order.id, &child);
            admitted.map(|admitted| Forked { child, admitted })
        }
        Err(_) => {
            paused::in_vain(order.id, clock::now() - began);
            None
        }
    }
}

/// The file, as for any capture: what stands in its way (a folder that is gone) stands in the way of the next one too.
fn open_sink(order: &Order, began: f64) -> Result<Sink> {
    let header = snapshot_file::header(&order.owner.environment, &order.options, Mode::Fork, began);
    Sink::create(&snapshot_file::sink_options(&order.options), header)
}

fn prepare(order: &Order, sink: Sink, quiet: Duration, urgent: bool, turn: Arc<Turn>) -> Result<Prepared> {
    let pool = process_facts().v8_pool_size;
    fork::prepare(sink, order.options.redact, pool, quiet, urgent, terms(order, turn))
}

/// What its child has to keep to.
fn terms(order: &Order, turn: Arc<Turn>) -> Terms {
    let given = order.options.timeout_ms.is_some();
    let deadline = match order.origin {
        Origin::Limit if !given => order.deadline.min(Instant::now() + ALONE),
        _ => order.deadline,
    };
    // Until the deadline that was asked for, or not for half an hour.
    let orphaned = if given { order.options.timeout() } else { ALONE };
    Terms { turn, deadline, orphaned }
}

/// Why there is no file.
enum Stop {
    /// Another way would meet the same.
    Final(Error),
    /// Forking does not work out here, though the snapshot itself may.
    NotByFork(Error),
    /// JavaScript's thread does not answer, and others wait for the folder.
    Later,
}

/// The folder's turn is kept so long for a thread that does not come.
const HOLD: Duration = Duration::from_secs(5);
/// And then left to others, who ask several times in it.
const LEAVE: Duration = Duration::from_secs(1);

/// Conducts `order` on this thread, which is nobody else's. `first`: it was forked already.
pub fn conduct(order: &mut Order, first: Option<Forked>) -> Conducted {
    let ending = match fork::available() {
        Ok(()) => attempts(order, first),
        Err(error) => Err(Stop::NotByFork(error)),
    };
    Conducted::Complete(match ending {
        Ok(info) => Ok(Box::new(info)),
        Err(Stop::NotByFork(why)) if order.options.mode == WantedMode::Auto => {
            let heap_used = order.owner.environment.figures.read().heap.heap_used;
            match standstill::allow(order, heap_used, &why) {
                Ok(()) => {
                    standstill::explain(order, &why);
                    order.options.mode = WantedMode::Inline;
                    return Conducted::NowInline;
                }
                Err(error) => Err(error),
            }
        }
        Err(Stop::NotByFork(error) | Stop::Final(error)) => Err(error),
        // `fork_one` says so to `attempts` only.
        Err(Stop::Later) => Err(Error::CaptureFailed(folder_turn::busy())),
    })
}

fn attempts(order: &mut Order, first: Option<Forked>) -> std::result::Result<SnapshotInfo, Stop> {
    let permit = Permit::new(order.demand.clone(), order.deadline);
    if order.turn.is_none() {
        order.turn = Some(folder_turn::wait(&order.options, &permit).map_err(Stop::Final)?);
    }
    let client = &order.owner.clone();
    let heap_used = client.environment.figures.read().heap.heap_used;
    let (mut first, admitted) = match first {
        Some(Forked { child, admitted }) => (Some(child), admitted),
        None => {
            let heap = Heap::of_child(heap_used);
            let admitted = budget::admit(&client.needs, heap, order.options.memory_budget);
            (None, admitted.map_err(Stop::Final)?)
        }
    };
    let began = clock::now();
    let began_as = User::now();
    let mut pause_ms = 0.0;
    let mut last = None;
    for attempt in 1..=ATTEMPTS {
        if !permit.is_open() {
            return Err(Stop::Final(permit.reason()));
        }
        let child = match first.take() {
            Some(child) => child,
            None => fork_patiently(order, &admitted, &permit, began)?,
        };
        tell_place(order.id, &child);
        pause_ms += child.pause_ms;
        running::set_terminator(order.id, &child.terminator);
        let limits = ChildLimits { memory: order.options.memory_budget };
        let outcome = supervise(&child, &permit, &limits, |walked, to_walk, written| {
            let (phase, done, total) =
                if written == 0 { ("walk", walked, to_walk) } else { ("write", written, 0) };
            running::progress(order.id, phase, done, total);
        });
        match outcome {
            ChildEnd::Done { private, published: by_child, waiting } => {
                client.needs.learn(heap_used, private);
                let duration_ms = Some(clock::now() - began);
                let finish = Finish { pause_ms, duration_ms, attempts: attempt };
                let taken = || Error::CaptureFailed("its file was handed over already".into());
                let sealed = child.handed_over(waiting.is_some()).ok_or_else(taken);
                let published = sealed.and_then(|sealed| match by_child {
                    Some(name) => take_over(sealed, name, &permit),
                    None => publish(sealed, finish, &permit, &client.environment),
                });
                drop(waiting);
                return published.map_err(|error| Stop::Final(began_as.explain(error)));
            }
            ChildEnd::Failed(error) => return Err(Stop::Final(began_as.explain(error))),
            ChildEnd::Broken(error) => last = Some(error),
        }
    }
    paused::in_vain(order.id, pause_ms);
    let why = last.map(|error| error.to_string()).unwrap_or_default();
    Err(Stop::NotByFork(Error::CaptureFailed(format!("{ATTEMPTS} forked children did not finish: {why}"))))
}

fn tell_place(id: u64, child: &Child) {
    running::set_place(id, format!("{} by process {}", child.target().display(), child.pid));
}

/// The child has given it its name, for we may not any more.
fn take_over(sealed: Sealed, name: String, permit: &Permit) -> Result<SnapshotInfo> {
    let info = sealed.published_as(name)?;
    // Given up in this very moment: what the child did a moment before can be undone only where that is allowed.
    permit.grant().inspect_err(|_| {
        let _ = std::fs::remove_file(&info.path);
    })?;
    Ok(info)
}

fn publish(
    mut sealed: Sealed,
    finish: Finish,
    permit: &Permit,
    environment: &Environment,
) -> Result<SnapshotInfo> {
    sealed.amend(finish)?;
    permit.grant()?;
    sealed.publish_telling(|error| environment.tell(Event::warning(0, error)))
}

/// Forks as soon as JavaScript's thread comes to it. It may be in one call for half an hour: other processes have their
/// turns meanwhile.
fn fork_patiently(
    order: &mut Order,
    admitted: &Admitted,
    permit: &Permit,
    began: f64,
) -> std::result::Result<Child, Stop> {
    loop {
        running::asks_thread(order.id, true);
        let forked = fork_one(order, admitted, permit, began);
        running::asks_thread(order.id, false);
        match forked {
            Err(Stop::Later) => {
                order.turn = None;
                std::thread::sleep(LEAVE);
                order.turn = Some(folder_turn::wait(&order.options, permit).map_err(Stop::Final)?);
            }
            other => return other,
        }
    }
}

/// Sees that a process may be had, prepares, and has the JavaScript thread fork.
fn fork_one(
    order: &Order,
    admitted: &Admitted,
    permit: &Permit,
    began: f64,
) -> std::result::Result<Child, Stop> {
    let client = &order.owner;
    budget::admit_process().map_err(Stop::NotByFork)?;
    let turn = order.turn.clone().ok_or_else(|| Stop::Final(Error::CaptureFailed(folder_turn::busy())))?;
    let sink = open_sink(order, began).map_err(|error| {
        // Inline needs fewer of them.
        if descriptors::scarce() { Stop::NotByFork(error) } else { Stop::Final(error) }
    })?;
    // What only a fork needs (a pipe, the list of mappings) could not be had: inline needs less.
    let mut prepared = prepare(order, sink, fork::QUIET_BEFORE, false, turn).map_err(Stop::NotByFork)?;
    prepared.memory = admitted.child_may_take();
    let (reply, answer) = bounded(1);
    let demand = order.demand.clone();
    let asked = Instant::now();
    let _looking = permit.looking();
    client.ask_fork(Job { order: order.id, demand, prepared, options: order.options.clone(), reply });
    loop {
        permit.look();
        // JavaScript may sit in one long builtin call, where neither a call of the loop nor an interrupt reaches it.
        match answer.recv_timeout(Duration::from_millis(200)) {
            Ok(Ok(child)) => return Ok(child),
            Ok(Err(error @ (Error::Stopped(_) | Error::Aborted(_)))) => return Err(Stop::Final(error)),
            Ok(Err(error)) => return Err(Stop::NotByFork(error)),
            Err(RecvTimeoutError::Disconnected) => {
                let gone = Error::Stopped("the thread ended before its snapshot could be taken".into());
                return Err(Stop::Final(gone));
            }
            Err(RecvTimeoutError::Timeout) if permit.is_open() && asked.elapsed() < HOLD => {}
            Err(RecvTimeoutError::Timeout) => {
                client.withdraw_fork(order.id);
                // It may have been forked in this very moment: then the answer is there, and the child with it. One that
                // is being forked still ends as soon as nobody hears of it.
                if let Ok(Ok(child)) = answer.try_recv() {
                    return Ok(child);
                }
                return Err(if permit.is_open() { Stop::Later } else { Stop::Final(permit.reason()) });
            }
        }
    }
}
