//! The fork itself, on the JavaScript thread, which stands still for some system calls.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::child::run::run;
use super::child::work::ChildWork;
use super::child_handle::Child;
use super::mappings;
use super::prepared::{LOOK_AGAIN, Prepared, failed};
use super::terminate::Terminator;
use crate::error::Result;
use crate::v8::Isolate;

/// Holds back SIGALRM, by which a child is told to end: before it has its handler that would end it with its file left behind.
/// What was held back before, to go back to; the child lets it come when it is settled.
fn hold_alarms() -> libc::sigset_t {
    // SAFETY: all-zero sets are valid, empty ones on Linux.
    let (mut alarm, mut before): (libc::sigset_t, libc::sigset_t) = unsafe { std::mem::zeroed() };
    // SAFETY: both live for the calls, which are about this thread only.
    unsafe {
        libc::sigaddset(&mut alarm, libc::SIGALRM);
        libc::pthread_sigmask(libc::SIG_BLOCK, &alarm, &mut before);
    }
    before
}

impl Prepared {
    /// Forks; the child does its `work` and ends. On the isolate's thread, outside GC callbacks, which has stood still since `begin` ms. `clock` gives ms.
    /// `None`: V8's workers were at work all the time, and it [insists](super::Patience) on their sleep.
    ///
    /// # Errors
    /// `CaptureFailed`: the kernel refused (a limit on processes, overcommit), with its words.
    pub fn fork(
        self,
        isolate: &Isolate,
        work: &mut dyn ChildWork,
        begin: f64,
        clock: impl Fn() -> f64,
    ) -> Result<Option<Child>> {
        // SAFETY: no arguments, no failure.
        let parent = unsafe { libc::getpid() };
        // As late as can be: another thread's collection sets the workers to work at any time. One that works maps
        // memory, so what was found before that does not count.
        let until = Instant::now() + self.patience.most;
        let asleep = loop {
            let quiet = self.workers.wait(until.saturating_duration_since(Instant::now()), LOOK_AGAIN);
            if !quiet && self.patience.insists {
                break false;
            }
            if let Err(error) = mappings::open() {
                // An earlier round may have opened them.
                self.marks.leave();
                return Err(failed("/proc/self/maps")(error));
            }
            let asleep = quiet && self.workers.asleep();
            if asleep || Instant::now() >= until {
                break asleep;
            }
        };
        if !asleep && self.patience.insists {
            // A round may have opened them.
            self.marks.leave();
            return Ok(None);
        }
        if let Some(intake) = self.target.intake() {
            intake.sink().lend();
        }
        let held = hold_alarms();
        // SAFETY: glibc's fork keeps malloc usable in the child; the child runs only `child::run::run`, which takes
        // no lock another thread may hold. We are outside GC callbacks, as the caller vouches, so no lock of
        // V8's is held by this thread.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: this is the child.
            unsafe { run(self, isolate, work, clock() - begin, parent) }
        }
        let error = io::Error::last_os_error();
        // SAFETY: this thread's mask as it was; the value lives for the call.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &held, std::ptr::null_mut()) };
        let pause_ms = clock() - begin;
        if pid < 0 {
            self.marks.leave();
            return Err(failed("the kernel refuses")(error));
        }
        let (stderr, _, _) = self.owned;
        let terminator = Arc::new(Terminator::new(pid, self.shared.clone()));
        Ok(Some(Child {
            pid,
            target: Some(self.target),
            stderr,
            shared: self.shared,
            terminator,
            pause_ms,
            watched: AtomicBool::new(false),
            marks: self.marks,
        }))
    }
}
