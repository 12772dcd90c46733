//! A child whose parent has died has nobody who would see it hang or crash. So it looks after itself: a timer asks
//! how much CPU time it has used, and ends it when that has stood still for too long; and when it crashes its
//! file goes with it.

use std::ffi::{c_char, c_int};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, Ordering};

use crate::capture::fork::Prepared;
use crate::capture::fork::shared::Shared;
use crate::capture::fork::stillness::CIRCLES;

/// Seconds without CPU time. A disk can make it wait, and so can a busy machine.
const STILL: u64 = 30;
/// Says to whoever reaps it: it hung.
const HUNG: c_int = 3;
/// V8's own end is SIGABRT or SIGTRAP.
const CRASHES: [c_int; 6] =
    [libc::SIGABRT, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGSEGV, libc::SIGTRAP];

static PARENT: AtomicI32 = AtomicI32::new(0);
static TEMP: AtomicPtr<c_char> = AtomicPtr::new(std::ptr::null_mut());
static SHARED: AtomicPtr<Shared> = AtomicPtr::new(std::ptr::null_mut());
static CPU: AtomicU64 = AtomicU64::new(0);
static SECONDS: AtomicU64 = AtomicU64::new(0);
/// All that can only grow while it gets on, and the CPU time when it last did.
static GONE: AtomicU64 = AtomicU64::new(0);
static GONE_AT: AtomicU64 = AtomicU64::new(0);

/// Starts the timer, and handles crashes.
///
/// # Safety
/// Only in the forked child. `prepared.temp` and `prepared.shared` must stay where they are for the rest of the process.
pub unsafe fn watch_over(prepared: &Prepared, parent: c_int) {
    PARENT.store(parent, Ordering::Relaxed);
    TEMP.store(prepared.temp.as_ptr().cast_mut(), Ordering::Relaxed);
    SHARED.store(Arc::as_ptr(&prepared.shared).cast_mut(), Ordering::Relaxed);
    for signal in CRASHES {
        // SAFETY: `crash` only makes async-signal-safe calls.
        unsafe { handle(signal, crash, libc::SA_RESETHAND | libc::SA_NODEFER | libc::SA_ONSTACK) };
    }
    // SAFETY: as above, `look`.
    unsafe { handle(libc::SIGALRM, look, libc::SA_RESTART) };
    let second = libc::timeval { tv_sec: 1, tv_usec: 0 };
    let every = libc::itimerval { it_interval: second, it_value: second };
    // SAFETY: the value lives for the call.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &every, std::ptr::null_mut()) };
}

/// # Safety
/// `handler` makes async-signal-safe calls only.
unsafe fn handle(signal: c_int, handler: extern "C" fn(c_int), flags: c_int) {
    // SAFETY: an all-zero sigaction is a valid one on Linux: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = flags;
    // SAFETY: as the caller vouches.
    unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) };
}

fn remove_file() {
    let temp = TEMP.load(Ordering::Relaxed);
    if !temp.is_null() {
        // SAFETY: a NUL-terminated path that lives as long as the process. Async-signal-safe.
        unsafe { libc::unlink(temp) };
    }
}

/// The handler of signals that end it: nobody else may be there to remove the file.
extern "C" fn crash(signal: c_int) {
    remove_file();
    // SAFETY: async-signal-safe. The kernel's own handling is in place again: this does not return.
    unsafe { libc::raise(signal) };
}

/// The handler of the timer: no allocation, no lock.
extern "C" fn look(_: c_int) {
    // SAFETY: no arguments, no failure.
    let orphan = unsafe { libc::getppid() } != PARENT.load(Ordering::Relaxed);
    super::priority::look(orphan);
    if !orphan {
        return;
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` lives for the call, which is async-signal-safe.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    // This handler uses some itself: milliseconds are coarse enough not to see it.
    let cpu = time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000;
    let gone = gone();
    if gone != GONE.swap(gone, Ordering::Relaxed) {
        GONE_AT.store(cpu, Ordering::Relaxed);
    }
    let circles = cpu.saturating_sub(GONE_AT.load(Ordering::Relaxed)) >= CIRCLES.as_millis() as u64;
    let still = if cpu > CPU.swap(cpu, Ordering::Relaxed) {
        SECONDS.store(0, Ordering::Relaxed);
        false
    } else {
        SECONDS.fetch_add(1, Ordering::Relaxed) + 1 >= STILL
    };
    if circles || still {
        remove_file();
        // SAFETY: ends the process without running anything of it.
        unsafe { libc::_exit(HUNG) };
    }
}

fn gone() -> u64 {
    // SAFETY: the shared page and its keeper live as long as the process.
    let shared = unsafe { SHARED.load(Ordering::Relaxed).as_ref() };
    let (walked, _, written) = shared.map_or((0, 0, 0), Shared::read);
    // SAFETY: an all-zero rusage is a valid one.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: a plain system call; the value lives for it.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    walked + written + usage.ru_minflt as u64 + usage.ru_majflt as u64
}
