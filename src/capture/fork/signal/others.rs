//! Whether all other threads sleep: one that is in the middle of something does not exist in the copy, which may wait for it.
//! Allocates nothing and takes no lock.

use std::time::Duration;

use crate::capture::fork::system::{now_ms, state};
use crate::capture::fork::task;
use crate::capture::fork::v8_workers::Workers;

/// How long it is waited for.
const MOST_MS: u64 = 40;
/// The same of V8's workers: what they do, marking above all, comes to its end while this thread stands still, and a copy would wait
/// for it for ever.
const WORKERS_MS: u64 = 500;
const LOOK_AGAIN: Duration = Duration::from_micros(200);

/// Waits until all threads but the `known` sleep, for a while: some never do. For V8's `workers` it waits longer.
pub(super) fn wait(known: [i32; 2], workers: &Workers) {
    let begin = now_ms();
    loop {
        let passed = now_ms().saturating_sub(begin);
        let others = passed >= MOST_MS || asleep(known);
        if passed >= WORKERS_MS || others && workers.asleep() {
            return;
        }
        pause(LOOK_AGAIN);
    }
}

/// Sleeps, or a little less.
pub(super) fn pause(time: Duration) {
    let time = libc::timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() };
    // SAFETY: the value lives for the call.
    unsafe { libc::nanosleep(&time, std::ptr::null_mut()) };
}

fn asleep(known: [i32; 2]) -> bool {
    let mut all = true;
    task::each(|task| {
        if !known.contains(&(task as i32)) {
            let mut text = [0_u8; 512];
            // One that has ended is nobody.
            let stat = task::read(task, "stat", &mut text).unwrap_or_default();
            all = state(stat.as_bytes()).is_none_or(|state| state == b'S');
        }
        all
    });
    all
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_thread_that_runs_is_seen() {
        // SAFETY: no arguments, no failure.
        let me = unsafe { libc::gettid() };
        let (run, seen) = (AtomicBool::new(true), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while run.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
            for _ in 0..2000 {
                seen.store(!asleep([me, me]), Ordering::Relaxed);
                if seen.load(Ordering::Relaxed) {
                    break;
                }
            }
            run.store(false, Ordering::Relaxed);
        });
        assert!(seen.into_inner());
    }
}
