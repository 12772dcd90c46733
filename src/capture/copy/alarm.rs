//! A copy that reaches no stack guard: it is in a loop that V8 has made without one, sits in one long call of a builtin, or waits
//! for something that is not there. Then an alarm has it do its work at the end of a collection, and at last where it stands.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::v8::thawed;

/// Seconds between its rings.
const EVERY: libc::time_t = 1;
/// So many rings, and it need not be a collection's end.
const WHEREVER: u32 = 4;
/// So many, and it need not be outside one: none takes as long.
const WHENEVER: u32 = 300;

static RINGS: AtomicU32 = AtomicU32::new(0);

/// Rings every second. Only in a copy.
pub fn set() {
    // SAFETY: an all-zero sigaction is a valid one on Linux.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = ring as extern "C" fn(c_int) as *const () as usize;
    // It may not return from its work, which it does where the stack is.
    action.sa_flags = libc::SA_NODEFER | libc::SA_RESTART;
    // SAFETY: an all-zero set is a valid, empty one on Linux.
    let empty: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: what is passed lives for the calls. The handler does its work in a copy only, where nobody minds what it
    // interrupts.
    unsafe {
        libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut());
        libc::sigprocmask(libc::SIG_SETMASK, &empty, std::ptr::null_mut());
    }
    wind(EVERY);
}

/// Does not ring any more.
pub fn stop() {
    wind(0);
}

fn wind(seconds: libc::time_t) {
    let every = libc::timeval { tv_sec: seconds, tv_usec: 0 };
    let timer = libc::itimerval { it_interval: every, it_value: every };
    // SAFETY: the value lives for the call.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) };
}

extern "C" fn ring(_: c_int) {
    thawed::work_after_collection();
    let rings = RINGS.fetch_add(1, Ordering::Relaxed) + 1;
    if rings >= WHENEVER || (rings >= WHEREVER && !thawed::is_collecting()) {
        // From there it does not come back, unless V8 is not reached.
        thawed::work();
    }
}
