//! What a signal meets. Allocates nothing, takes no lock, calls nothing but the kernel.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use super::action::{self, Pass};
use super::arrivals::{self, Arrival};
use super::bell;

/// The process whose signals they are: one that was forked of it has no watch.
static OWNER: AtomicI32 = AtomicI32::new(0);
/// How many threads are in it.
static INSIDE: AtomicU32 = AtomicU32::new(0);

/// From now on signals of this process are noted.
pub(super) fn begin() {
    OWNER.store(std::process::id() as i32, Ordering::SeqCst);
}

/// Whether no thread is in it: one that comes to it now sees what is held by now.
pub(super) fn is_left() -> bool {
    INSIDE.load(Ordering::SeqCst) == 0
}

pub(super) extern "C" fn came(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: this thread's own.
    let errno = unsafe { *libc::__errno_location() };
    INSIDE.fetch_add(1, Ordering::SeqCst);
    // SAFETY: no arguments, no failure.
    let (process, thread) = unsafe { (libc::getpid(), libc::syscall(libc::SYS_gettid) as i32) };
    let held = process == OWNER.load(Ordering::SeqCst) && action::is_held(signal);
    if held {
        // SAFETY: the kernel gives a handler with SA_SIGINFO what it knows of the signal, for the call.
        let code = unsafe { info.as_ref() }.map(|info| info.si_code);
        let thread = if code == Some(libc::SI_TKILL) { thread } else { 0 };
        arrivals::note(Arrival { signal, thread });
        bell::ring();
    }
    INSIDE.fetch_sub(1, Ordering::SeqCst);
    if !held {
        match action::pass_on(signal) {
            // It comes again when this handler is left.
            // SAFETY: a signal to this thread.
            Pass::Again => _ = unsafe { libc::syscall(libc::SYS_tgkill, process, thread, signal) },
            Pass::Call(before) => before(signal, info, context),
            Pass::Nobody => {}
        }
    }
    // SAFETY: this thread's own. What was interrupted may be about to read it.
    unsafe { *libc::__errno_location() = errno };
}
