//! A child whose parent has died has nobody who would see it hang. So it looks after itself: a timer asks how
//! much CPU time it has used, and ends it when that has stood still for too long.

use std::ffi::{c_char, c_int};
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, Ordering};

use crate::capture::fork::Prepared;

/// Seconds without CPU time. A disk can make it wait, and so can a busy machine: its class is idle.
const STILL: u64 = 30;
/// Says to whoever reaps it: it hung.
const HUNG: c_int = 3;

static PARENT: AtomicI32 = AtomicI32::new(0);
static TEMP: AtomicPtr<c_char> = AtomicPtr::new(std::ptr::null_mut());
static CPU: AtomicU64 = AtomicU64::new(0);
static SECONDS: AtomicU64 = AtomicU64::new(0);

/// Starts the timer.
///
/// # Safety
/// Only in the forked child. `prepared.temp` must stay where it is for the rest of the process.
pub unsafe fn watch_over(prepared: &Prepared, parent: c_int) {
    PARENT.store(parent, Ordering::Relaxed);
    TEMP.store(prepared.temp.as_ptr().cast_mut(), Ordering::Relaxed);
    // SAFETY: an all-zero sigaction is a valid one on Linux: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = look as *const () as usize;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: `look` only makes async-signal-safe calls.
    unsafe { libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut()) };
    let second = libc::timeval { tv_sec: 1, tv_usec: 0 };
    let every = libc::itimerval { it_interval: second, it_value: second };
    // SAFETY: the value lives for the call.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &every, std::ptr::null_mut()) };
}

/// The signal handler: no allocation, no lock.
extern "C" fn look(_: c_int) {
    // SAFETY: no arguments, no failure.
    if unsafe { libc::getppid() } == PARENT.load(Ordering::Relaxed) {
        return;
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` lives for the call, which is async-signal-safe.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    // This handler uses some itself: milliseconds are coarse enough not to see it.
    let cpu = time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000;
    if cpu > CPU.swap(cpu, Ordering::Relaxed) {
        SECONDS.store(0, Ordering::Relaxed);
    } else if SECONDS.fetch_add(1, Ordering::Relaxed) + 1 >= STILL {
        let temp = TEMP.load(Ordering::Relaxed);
        if !temp.is_null() {
            // SAFETY: a NUL-terminated path that lives as long as the process.
            unsafe { libc::unlink(temp) };
        }
        // SAFETY: ends the process without running anything of it.
        unsafe { libc::_exit(HUNG) };
    }
}
