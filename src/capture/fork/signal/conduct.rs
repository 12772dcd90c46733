//! Has a thread interrupted, from another one, and sees what comes of it.

use std::cell::UnsafeCell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::handler;
use super::hold::Stillness;
use super::maps;
use super::missing::Exchange;
use super::number::Signal;
use super::request::{self, Answer, Inner, Phase, Request};
use crate::capture::copy::freeze::AnyMoment;
use crate::capture::fork::child_handle::Child;
use crate::capture::fork::look::{Look, Standing};
use crate::capture::fork::prepared::{Prepared, failed};
use crate::capture::fork::target::Target;
use crate::capture::fork::terminate::Terminator;
use crate::error::{Error, Result};
use crate::file::info::Finish;
use crate::file::sink::Sealed;
use crate::v8;

/// A thread that is interrupted does what it is asked at once, one that waits for a processor or a disk later.
const TO_COME: Duration = Duration::from_secs(3);
/// The same while all other threads stand still for it.
const TO_COME_IN_PLACE: Duration = Duration::from_secs(1);
/// A collection comes to its end first.
const TO_COLLECT: Duration = Duration::from_secs(20);
/// Whoever has begun ends, unless the whole process stands still.
const TO_END: Duration = Duration::from_secs(600);
/// A thread holds back all signals for so long at most, unless it always does.
const HELD_BACK: Duration = Duration::from_millis(500);
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// What is wanted of which thread.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The kernel's id of it.
    pub thread: i32,
    /// By a child; otherwise in place.
    pub by_fork: bool,
    /// It waits for what is not there in a copy, which therefore does its work where it stands.
    pub at_once: bool,
    /// In place, for how long.
    pub standing: Standing,
    /// Node's `--v8-pool-size`.
    pub pool: Option<usize>,
}

/// What came of it.
pub enum Outcome {
    /// This child freezes itself.
    Forked(Box<Child>),
    /// The file is whole. JavaScript stood still for so many ms.
    Frozen(Box<Sealed>, f64),
    /// The thread did not come to it.
    NotServed,
}

/// So long others may take to stand still while a thread is frozen in place.
const QUIET: Duration = Duration::from_millis(200);

/// One at a time in a process.
static ONE: Mutex<()> = Mutex::new(());

/// Another one is waited for so long.
const TO_BEGIN: Duration = Duration::from_secs(10);

/// Interrupts the thread. What `hold` gives is kept from right before the signal is sent to where the thread may need it.
///
/// # Errors
/// No child is to be had, the image could not be written, no signal is free.
pub fn conduct<T>(wanted: Wanted, mut prepared: Prepared, hold: impl Fn() -> T) -> Result<Outcome> {
    let Some(_one) = ONE.try_lock_for(TO_BEGIN) else { return Ok(Outcome::NotServed) };
    let pool = wanted.pool;
    // It has a freezer for a moment that its thread chooses.
    prepared.image = None;
    let mut request = Box::new(Request {
        process: std::process::id() as i32,
        thread: wanted.thread,
        // SAFETY: no arguments, no failure.
        conductor: unsafe { libc::gettid() },
        by_fork: wanted.by_fork,
        at_once: wanted.at_once,
        to: prepared.target.intake().map_or(-1, |intake| intake.sink().raw_fd()),
        inner: UnsafeCell::new(Inner {
            copy: AnyMoment::new(wanted.thread as u32, wanted.by_fork)?,
            exchange: Exchange::new().map_err(failed("no shared memory"))?,
            buffer: Box::new([0; maps::ROOM]),
            result: Answer::None,
            look: Look::begin(wanted.standing),
            prepared,
        }),
    });
    v8::after_collections(handler::collected);
    // On the host's alternate stack first, as a thread may run on one that is no stack for others.
    for own_stack in [true, false] {
        match interrupt(&request, own_stack, pool, &hold)? {
            Seen::Done => {}
            Seen::NotServed => return Ok(Outcome::NotServed),
            Seen::NoEnd => {
                // The thread works with it yet, and whatever becomes of it must find it.
                std::mem::forget(request);
                return Err(Error::CaptureFailed(
                    "a thread that was interrupted did not come to its end".into(),
                ));
            }
        }
        let inner = request.inner.get_mut();
        if !matches!(inner.result, Answer::SmallStack) {
            break;
        }
    }
    outcome(request.inner.into_inner())
}

/// How far the thread was seen to come.
enum Seen {
    /// It was done.
    Done,
    /// The thread did not come to it, and will not.
    NotServed,
    /// It is at it, and does not come to an end: it has the request for ever.
    NoEnd,
}

fn interrupt<T>(
    request: &Request,
    own_stack: bool,
    pool: Option<usize>,
    hold: &impl Fn() -> T,
) -> Result<Seen> {
    let mut still = None;
    if request.by_fork {
        // SAFETY: the request is not asked for yet, so nobody else has what is in it.
        let prepared = unsafe { &(*request.inner.get()).prepared };
        if let Some(intake) = prepared.target.intake() {
            intake.sink().lend();
        }
    } else {
        let mut others = Stillness::prepare(pool);
        others.but_for(request.thread);
        still = Some(others);
    }
    let thread = request.thread;
    let signal = free_signal(thread, own_stack)?;
    let mut held = Some(hold());
    // From here on nothing is allocated, and no lock is taken or left, until they go on.
    if let Some(others) = &mut still {
        others.begin(QUIET);
    }
    let others_wait = still.is_some();
    let mut go_on = || still.iter_mut().for_each(Stillness::end);
    request::ask(thread, request);
    let begin = Instant::now();
    if !signal.send() {
        go_on();
        request::forget();
        return Ok(Seen::NotServed);
    }
    loop {
        if request::is_at(thread, Phase::Done) {
            go_on();
            request::forget();
            return Ok(Seen::Done);
        }
        let noted = request::is_at(thread, Phase::Noted);
        if noted {
            // A collection may need them.
            go_on();
            // The end of the collection may wait for it.
            drop(held.take());
        }
        let most = if noted {
            TO_COLLECT
        } else if others_wait {
            TO_COME_IN_PLACE
        } else {
            TO_COME
        };
        let late = begin.elapsed() >= most;
        if late
            && (request::advance(thread, Phase::Asked, Phase::Nothing)
                || request::advance(thread, Phase::Noted, Phase::Nothing))
        {
            break;
        }
        if begin.elapsed() >= TO_END {
            go_on();
            // Its handler stays: the thread is in it. What was held goes, for the rest of the process lives on.
            std::mem::forget(signal);
            return Ok(Seen::NoEnd);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    go_on();
    request::forget();
    Ok(Seen::NotServed)
}

/// Whoever starts a process holds all signals back for a moment.
fn free_signal(thread: i32, own_stack: bool) -> Result<Signal> {
    let begin = Instant::now();
    loop {
        match Signal::take(Some(thread), handler::interrupted, own_stack) {
            Err(_) if begin.elapsed() < HELD_BACK => std::thread::sleep(LOOK_AGAIN),
            taken => return taken,
        }
    }
}

fn outcome(inner: Inner) -> Result<Outcome> {
    let Inner { prepared, result, look, .. } = inner;
    match result {
        Answer::Child(pid, pause_ms) => {
            let (stderr, _, _) = prepared.owned;
            let terminator = Arc::new(Terminator::new(pid, prepared.shared.clone()));
            Ok(Outcome::Forked(Box::new(Child {
                pid,
                target: Some(prepared.target),
                stderr,
                shared: prepared.shared,
                terminator,
                pause_ms,
                watched: AtomicBool::new(false),
                marks: prepared.marks,
            })))
        }
        Answer::Frozen(written, pause_ms) => {
            let Target::File(mut intake) = prepared.target else {
                return Err(Error::CaptureFailed("an image has no file".into()));
            };
            intake.finish_image(written, Finish { pause_ms, ..Finish::default() })?;
            Ok(Outcome::Frozen(Box::new(intake.handed_over()), pause_ms))
        }
        Answer::Refused(errno) => {
            prepared.marks.leave();
            Err(failed("the kernel refuses")(io::Error::from_raw_os_error(errno)))
        }
        Answer::Failed(fault) => look.judge(Err(fault.error())),
        Answer::Untold(why) => {
            Err(Error::CaptureFailed(format!("the contents of Buffers could not be left out: {why}")))
        }
        Answer::SmallStack | Answer::None => {
            Err(Error::CaptureFailed("there is no stack to freeze it on".into()))
        }
    }
}
