//! Signals that have come and are held back, in their order. Written by handlers, so without a lock.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// More than so many are one with the last, as the kernel has it with a signal that it holds back.
const MOST: usize = 8;

static COUNT: AtomicU32 = AtomicU32::new(0);
/// 0: not there yet. The signal, and above it the thread that it was sent to.
static CAME: [AtomicU64; MOST] = [const { AtomicU64::new(0) }; MOST];

/// A handler notes it within so long, if its thread gets a processor.
const TO_NOTE: Duration = Duration::from_millis(100);

/// One that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub signal: c_int,
    /// It was sent to this thread alone; 0: to the process.
    pub thread: i32,
}

/// Notes one. In a handler.
pub(super) fn note(arrival: Arrival) {
    let index = COUNT.fetch_add(1, Ordering::SeqCst) as usize;
    if let Some(slot) = CAME.get(index) {
        slot.store(
            u64::from(arrival.thread as u32) << 32 | u64::from(arrival.signal as u32),
            Ordering::SeqCst,
        );
    }
}

/// How many have come.
pub(super) fn count() -> u32 {
    COUNT.load(Ordering::SeqCst)
}

fn read(index: usize) -> Option<Arrival> {
    let came = CAME.get(index)?.load(Ordering::SeqCst);
    (came != 0).then_some(Arrival { signal: came as u32 as c_int, thread: (came >> 32) as u32 as i32 })
}

/// The first one.
pub(super) fn first() -> Option<Arrival> {
    read(0).filter(|_| count() > 0)
}

/// All of them, which are none any more. For one thread at a time.
pub(super) fn take() -> Vec<Arrival> {
    let mut all = Vec::new();
    loop {
        let count = count();
        while all.len() < MOST.min(count as usize) {
            let until = Instant::now() + TO_NOTE;
            let mut came = read(all.len());
            while came.is_none() && Instant::now() < until {
                std::thread::yield_now();
                came = read(all.len());
            }
            if let Some(slot) = CAME.get(all.len()) {
                slot.store(0, Ordering::SeqCst);
            }
            all.push(came.unwrap_or(Arrival { signal: 0, thread: 0 }));
        }
        if COUNT.compare_exchange(count, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            all.retain(|arrival| arrival.signal != 0);
            return all;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_come_in_their_order_and_once() {
        let _alone = super::super::ALONE.lock();
        assert_eq!((first(), count()), (None, 0));
        for thread in 0..10 {
            note(Arrival { signal: 10, thread });
        }
        assert_eq!(first(), Some(Arrival { signal: 10, thread: 0 }));
        let all = take();
        assert_eq!(all.iter().map(|arrival| arrival.thread).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
        assert!(take().is_empty() && first().is_none());
    }
}
