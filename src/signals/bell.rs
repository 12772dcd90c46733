//! Wakes the watch's thread: from a signal's handler too, where nothing but the kernel may be called.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Within this process.
const WAKE: i32 = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
const WAIT: i32 = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;

static RUNG: AtomicU32 = AtomicU32::new(0);

/// Whoever [waits](wait) goes on, and whoever is about to.
pub(super) fn ring() {
    RUNG.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the word lives for ever; the kernel only looks who waits for it.
    unsafe { libc::syscall(libc::SYS_futex, RUNG.as_ptr(), WAKE, i32::MAX) };
}

/// How often it was rung: to be asked before looking what there is to do.
pub(super) fn rung() -> u32 {
    RUNG.load(Ordering::SeqCst)
}

/// Waits until it is rung more often than `seen`, for `most` at most.
pub(super) fn wait(seen: u32, most: Duration) {
    let most = libc::timespec { tv_sec: most.as_secs() as i64, tv_nsec: most.subsec_nanos().into() };
    // SAFETY: the word lives for ever, the time for the call.
    unsafe { libc::syscall(libc::SYS_futex, RUNG.as_ptr(), WAIT, seen, &raw const most) };
}
