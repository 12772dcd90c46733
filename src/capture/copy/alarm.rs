//! A copy that reaches no stack guard: it sits in one long call of a builtin, or waits for something that is not there. Then an
//! alarm has it do its work where it stands.

use std::ffi::c_int;

use crate::v8::{in_gc, thawed};

/// Seconds until it rings, and until it rings again when it rang inside a collection.
const PATIENCE: u32 = 3;

/// Rings in some seconds. Only in a copy.
pub fn set() {
    // SAFETY: an all-zero sigaction is a valid one on Linux.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = ring as extern "C" fn(c_int) as *const () as usize;
    // It never returns from its work, which it does where the stack is.
    action.sa_flags = libc::SA_NODEFER | libc::SA_RESTART;
    // SAFETY: an all-zero set is a valid, empty one on Linux.
    let empty: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: what is passed lives for the calls. The handler does its work in a copy only, where nobody minds what it
    // interrupts.
    unsafe {
        libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut());
        libc::sigprocmask(libc::SIG_SETMASK, &empty, std::ptr::null_mut());
    }
    wind();
}

fn wind() {
    let once = libc::timeval { tv_sec: PATIENCE.into(), tv_usec: 0 };
    arm(once);
}

/// Does not ring any more.
pub fn stop() {
    arm(libc::timeval { tv_sec: 0, tv_usec: 0 });
}

fn arm(after: libc::timeval) {
    let never = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let timer = libc::itimerval { it_interval: never, it_value: after };
    // SAFETY: the value lives for the call.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) };
}

extern "C" fn ring(_: c_int) {
    if in_gc() {
        return wind();
    }
    // From there it does not come back, unless V8 is not reached.
    thawed::work();
    wind();
}
