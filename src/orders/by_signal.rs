//! An image of a process whose JavaScript sits in native code, where neither a turn of the loop nor an interrupt of V8's reaches it:
//! its thread is interrupted by a signal. Conducted like any other capture.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::client::Order;
use super::job::{ALONE, Done};
use super::standing::{is_asked_for, standing};
use super::stop::Stop;
use super::{at_thread, running, snapshot_file};
use crate::capture::budget::image;
use crate::capture::fork::signal::thread::{Doing, doing};
use crate::capture::fork::signal::{Outcome, Wanted, conduct};
use crate::capture::fork::{self, Destination, Terms};
use crate::capture::images;
use crate::clock;
use crate::error::Error;
use crate::file::info::Mode;
use crate::file::turn::Turn;
use crate::thread::facts::process_facts;
use crate::units::print_duration;

/// A loop that waits for events, and was woken, turns within that.
const TURNS: Duration = Duration::from_millis(50);
const LOOKS: u32 = 4;

/// For a test alone: a thread is interrupted whatever it does, unless it waits for events.
static ANY_MOMENT: AtomicBool = AtomicBool::new(false);

/// For a test alone: from now on, or no longer, threads are not asked first.
pub fn interrupt_for_test(on: bool) {
    ANY_MOMENT.store(on, Ordering::Relaxed);
}

/// Whether threads are not asked first.
pub fn is_first() -> bool {
    ANY_MOMENT.load(Ordering::Relaxed)
}

/// What of it is wanted.
pub struct Way<'a> {
    /// By a child; otherwise in place.
    pub by_fork: bool,
    /// Why it is no snapshot, beside that the thread did not come.
    pub reason: Option<&'a str>,
    /// When the capture began, a time of [`clock::now`].
    pub began: f64,
}

/// Takes it, of a thread that was asked in vain. `None`: it may not, or the thread does something else by now.
pub fn image(order: &Order, way: &Way) -> Result<Option<Done>, Stop> {
    let options = &order.options;
    let environment = &order.owner.environment;
    if images::allowed(options).is_err() {
        return Ok(None);
    }
    let Some(doing) = stuck(order) else { return Ok(None) };
    if way.by_fork {
        image::admit(options.memory_budget).map_err(Stop::TooDear)?;
    } else if !is_asked_for(order) {
        image::admit_pause(&order.owner.needs, options.max_pause_ms).map_err(Stop::TooLong)?;
    }
    let waited = print_duration(at_thread::patience(order).as_secs_f64() * 1e3);
    let stuck = format!("JavaScript was in native code and came to no stack guard for {waited}");
    let reason = way.reason.map_or(stuck.clone(), |why| format!("{stuck}; {why}"));
    let mode = if way.by_fork { Mode::Fork } else { Mode::Inline };
    let header = snapshot_file::image_header(
        environment,
        options,
        mode,
        way.began,
        environment.ids.are_kept(),
        Some(&reason),
    );
    let sink = snapshot_file::create(options, header).map_err(Stop::Final)?;
    running::set_place(order.id, sink.target().display().to_string());
    let turn = order.turn.clone().unwrap_or_else(Turn::none);
    let terms = Terms { turn, deadline: order.deadline, orphaned: ALONE };
    let pool = process_facts().v8_pool_size;
    // It does not stand back: it is over in a moment, and the thread may wait for it.
    let prepared =
        fork::prepare(Destination::File(Box::new(sink)), false, pool, fork::QUIET_BEFORE, true, terms)
            .map_err(Stop::NotByFork)?;
    // What the copy serves when it has come out of the native call.
    environment.ask_copy();
    let wanted = Wanted {
        thread: environment.task,
        by_fork: way.by_fork,
        at_once: doing == Doing::WaitsForOthers,
        standing: standing(order),
        pool,
    };
    match conduct(wanted, prepared, || environment.unasked(&[])) {
        Ok(Outcome::Forked(child)) => Ok(Some(Done::Forked(child))),
        Ok(Outcome::Frozen(sealed, pause_ms)) => Ok(Some(Done::Frozen(sealed, pause_ms))),
        Ok(Outcome::NotServed) => Ok(None),
        // It has stood still for as long as it may.
        Err(error @ Error::Timeout(_)) if !way.by_fork => Err(Stop::TooLong(error)),
        Err(error @ (Error::NoSpace(_) | Error::Aborted(_))) => Err(Stop::Final(error)),
        Err(error) => Err(Stop::NotByFork(error)),
    }
}

/// What the order's thread is doing, if it is stuck: it was woken, and its loop has not turned.
fn stuck(order: &Order) -> Option<Doing> {
    let environment = &order.owner.environment;
    // Whether it is amid a collection is known only while those are watched.
    if !environment.watches_collections() {
        return None;
    }
    if is_first() {
        return Some(doing(environment.task)).filter(|doing| matches!(doing, Doing::Runs | Doing::Waits));
    }
    let mut seen = None;
    for look in 0..LOOKS {
        if environment.loop_blocked(clock::now()) <= 0.0 {
            return None;
        }
        match doing(environment.task) {
            Doing::Gone => return None,
            Doing::WaitsForOthers if look + 1 < LOOKS => std::thread::sleep(TURNS),
            doing => {
                seen = Some(doing);
                break;
            }
        }
    }
    seen
}
