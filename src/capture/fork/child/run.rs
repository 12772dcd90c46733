//! What a child does from the fork to its end: settles, does its work, sees that its file gets its name, leaves with
//! `_exit`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::settle::settle;
use super::watchdog;
use super::work::{ChildOutput, ChildWork, Left, unwanted};
use crate::capture::fork::prepared::Prepared;
use crate::capture::fork::protocol::{DONE, FAILED, MARK, PUBLISHED};
use crate::capture::fork::shared_page::SharedPage;
use crate::capture::fork::{priority, system};
use crate::capture::user::User;
use crate::error::Error;
use crate::file::info::Finish;
use crate::v8::{Isolate, silence};

/// What the parent has to give the file its name: it may be dying, slowly.
const NAMING: Duration = Duration::from_secs(120);
/// The same for one that is stopped.
const NAMING_STOPPED: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Does its work on the copied heap and leaves.
///
/// # Safety
/// Directly after `fork`, in the child, on the isolate's thread, outside GC callbacks.
pub unsafe fn run(
    prepared: Prepared,
    isolate: &Isolate,
    work: &mut dyn ChildWork,
    pause_ms: f64,
    parent: i32,
) -> ! {
    silence();
    // V8 collects garbage before the snapshot. At the limit of a full heap that would end us, as it does the service.
    isolate.lift_limit();
    // SAFETY: the caller vouches that this is the child; it has one thread. The path lives as long as the process, which
    // `take` never leaves.
    unsafe { settle(&prepared, parent) };
    let status = catch_unwind(AssertUnwindSafe(|| take(prepared, isolate, work, pause_ms, parent)));
    let status = match status {
        Ok(Ok(())) => DONE,
        Ok(Err(error)) => {
            say(&error);
            // The service has said where the file is being written, and may have died: what it cannot take back is said
            // in its place. Who gave it up knows.
            if !matches!(error, Error::Aborted(_)) {
                watchdog::say(&error.to_string());
            }
            FAILED
        }
        Err(_) => {
            watchdog::say_of_file("it stopped in the middle, for want of memory or by a defect");
            FAILED
        }
    };
    // SAFETY: no destructor of the copied process may run.
    unsafe { libc::_exit(status) }
}

fn take(
    prepared: Prepared,
    isolate: &Isolate,
    work: &mut dyn ChildWork,
    pause_ms: f64,
    parent: i32,
) -> Result<(), Error> {
    let Prepared { target, redact, shared, owned, temp, last_message, terms, gauge, .. } = prepared;
    // The timer's handler still has their addresses, and the turn is ours until we are gone.
    std::mem::forget((temp, shared.clone(), gauge, last_message, terms));
    // Their descriptors were closed by number: closing them again would end us, also while a panic unwinds.
    std::mem::forget(owned);
    let mut to = ChildOutput::new(target, redact, shared, watchdog::look_at_memory);
    work.run(isolate, &mut to)?;
    // A work that did not look at what became of its bytes must not give its name to a file with a hole.
    if let Some(error) = to.take_error() {
        return Err(error);
    }
    let (left, shared) = to.into_parts();
    let finish = Finish { pause_ms, ..Finish::default() };
    let Left::File(mut intake, image) = left else {
        // It was said, and there is nothing to be named.
        shared.complete();
        tell("\n");
        return Ok(());
    };
    match image {
        Some(image) => intake.finish_image(image, finish)?,
        None => intake.finish(finish)?,
    };
    // SAFETY: no arguments, no failure.
    let alone = unsafe { libc::getppid() } != parent;
    if shared.ended() {
        return Err(unwanted());
    }
    // One that has given up its rights since may have lost that to its folder, and we still have it.
    let changed = !alone && User::of(parent).is_some_and(|user| user != User::now());
    watchdog::publishing();
    if !alone && !changed && (!has_to_name_it(&shared, parent)? || !intake.sink().may_be_there()) {
        std::mem::forget(intake);
        return Ok(());
    }
    // The service has died: this file is what is left of it.
    let info = intake.handed_over().publish()?;
    if changed {
        tell(&format!("{PUBLISHED}{}\n", info.name()));
    }
    Ok(())
}

/// The parent gives the file its name, and ends us. Should it die before (its end may take seconds: a core is written, a
/// large process given back), nobody else is left to do it: whether that is so.
fn has_to_name_it(shared: &SharedPage, parent: i32) -> Result<bool, Error> {
    shared.complete();
    // So that it looks.
    tell("\n");
    let begin = Instant::now();
    loop {
        if shared.ended() {
            return Err(unwanted());
        }
        // SAFETY: no arguments, no failure.
        if unsafe { libc::getppid() } != parent {
            // Nobody waits for JavaScript any more: it need not stand back.
            priority::look(true);
            return Ok(true);
        }
        let waited = begin.elapsed();
        if waited >= NAMING || (waited >= NAMING_STOPPED && is_stopped(parent)) {
            // When it goes on it finds the file whole.
            return Ok(false);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Whether all of a process stands still, by SIGSTOP or a debugger.
fn is_stopped(pid: i32) -> bool {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    system::state(&stat).is_some_and(|state| b"Tt".contains(&state))
}

fn say(error: &Error) {
    tell(&format!("{MARK}{} {error}\n", error.code()));
}

/// Tells the parent.
fn tell(line: &str) {
    // SAFETY: stderr is the pipe to the parent. A short write loses words, not the exit status.
    unsafe { libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len()) };
}
