//! A copy that reaches no stack guard: it is in a loop that V8 has made without one, sits in one long call of a builtin, or waits
//! for something that is not there. Then an alarm has it do its work at the end of a collection, and at last where it stands.
//!
//! The same image has to come to the same place each time, or the ids of its objects would be others: on a machine that has no time
//! for it a copy may stand still for seconds in front of its stack guard. So what counts is the processor's time, and that of the
//! clock only for one that waits.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::v8::thawed;

/// Seconds between its rings.
const EVERY: libc::time_t = 1;
/// So many rings, and it need not be a collection's end.
const WHEREVER: u32 = 4;
/// So many, and it need not be outside one: none takes as long.
const WHENEVER: u32 = 300;

/// Nanoseconds of the processor for each ring that counts.
const SPENT: u64 = 1_000_000_000;
/// Less than so many between two rings, and it has waited.
const AWAKE: u64 = 1_000_000;
/// After so many such rings in a row it is not the machine that is slow.
const WAITS: u32 = 2;

static PACE: Pace = Pace::new();

/// Rings that count.
struct Pace {
    rings: AtomicU32,
    /// What the processor's time was at the last ring, and at the last one that counted.
    seen: AtomicU64,
    counted: AtomicU64,
    /// Rings in a row with nothing done in between.
    waits: AtomicU32,
}

impl Pace {
    const fn new() -> Self {
        let (seen, counted) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { rings: AtomicU32::new(0), seen, counted, waits: AtomicU32::new(0) }
    }

    /// It rings, and the process has used `now` nanoseconds of the processor: how many count by now.
    fn ring(&self, now: u64) -> u32 {
        let idle = now.saturating_sub(self.seen.swap(now, Ordering::Relaxed)) < AWAKE;
        let waits = if idle { self.waits.load(Ordering::Relaxed) + 1 } else { 0 };
        self.waits.store(waits, Ordering::Relaxed);
        if waits < WAITS && now.saturating_sub(self.counted.load(Ordering::Relaxed)) < SPENT {
            return self.rings.load(Ordering::Relaxed);
        }
        self.counted.store(now, Ordering::Relaxed);
        self.rings.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Nanoseconds of the processor that this process has used.
fn spent() -> u64 {
    // SAFETY: an all-zero timespec is a valid one.
    let mut time: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: the time lives for the call; where it cannot be told it stays zero.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// Rings every second. Only in a copy.
pub fn set() {
    let now = spent();
    PACE.seen.store(now, Ordering::Relaxed);
    PACE.counted.store(now, Ordering::Relaxed);
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
    let rings = PACE.ring(spent());
    if rings == 0 {
        return;
    }
    thawed::work_after_collection();
    if rings >= WHENEVER || (rings >= WHEREVER && !thawed::is_collecting()) {
        // From there it does not come back, unless V8 is not reached.
        thawed::work();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_has_no_time_for_it_rings_no_earlier() {
        let pace = Pace::new();
        // A tenth of a processor.
        let rings: Vec<u32> = (1..=25).map(|ring| pace.ring(ring * SPENT / 10)).collect();
        assert_eq!((rings[8], rings[9], rings[18], rings[19], rings[24]), (0, 1, 1, 2, 2));
    }

    #[test]
    fn one_that_works_or_waits_is_counted_by_the_clock() {
        let pace = Pace::new();
        assert_eq!([1, 2, 3].map(|ring| pace.ring(ring * SPENT)), [1, 2, 3]);
        let pace = Pace::new();
        assert_eq!([10, 20, 30, 40].map(|spent| pace.ring(spent)), [0, 1, 2, 3]);
    }

    #[test]
    fn time_is_spent() {
        let before = spent();
        let mut sum = 0_u64;
        while spent() < before + AWAKE {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(before > 0 && sum > 0);
    }
}
