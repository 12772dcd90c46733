//! Signals that have come and are held back, in their order. Written by handlers, so without a lock.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering};

/// More than so many are one with the last, as the kernel has it with a signal that it holds back.
const MOST: usize = 8;

/// 0: none. The signal, and above it the thread that it was sent to.
static CAME: [AtomicU64; MOST] = [const { AtomicU64::new(0) }; MOST];

/// One that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub signal: c_int,
    /// It was sent to this thread alone; 0: to the process.
    pub thread: i32,
}

/// Notes one. In a handler.
pub(super) fn note(arrival: Arrival) {
    let word = u64::from(arrival.thread as u32) << 32 | u64::from(arrival.signal as u32);
    let _ =
        CAME.iter().find(|slot| slot.compare_exchange(0, word, Ordering::SeqCst, Ordering::Relaxed).is_ok());
}

/// How many have come.
pub(super) fn count() -> usize {
    CAME.iter().filter(|slot| slot.load(Ordering::SeqCst) != 0).count()
}

fn read(word: u64) -> Option<Arrival> {
    (word != 0).then_some(Arrival { signal: word as u32 as c_int, thread: (word >> 32) as u32 as i32 })
}

/// The first one.
pub(super) fn first() -> Option<Arrival> {
    CAME.iter().find_map(|slot| read(slot.load(Ordering::SeqCst)))
}

/// All of them, which are none any more.
pub(super) fn take() -> Vec<Arrival> {
    CAME.iter().filter_map(|slot| read(slot.swap(0, Ordering::SeqCst))).collect()
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
