//! Signals that have come and are held back, in their order. Written by handlers, so without a lock.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering};

/// More than so many are one with the last, as the kernel has it with a signal that it holds back.
const MOST: usize = 8;

/// Words of what the kernel tells of a signal; what is behind them in its structure is unused.
const WORDS: usize = 6;

/// Who sent it, how, and with what value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Info([u64; WORDS]);

impl Info {
    /// What a handler of `signal` is told; none where somebody calls it who tells nothing of it.
    ///
    /// # Safety
    /// It is null, or the kernel's for the call.
    pub unsafe fn of(signal: c_int, info: *const libc::siginfo_t) -> Option<Self> {
        // SAFETY: as promised.
        let of_it = unsafe { info.as_ref() }.is_some_and(|info| info.si_signo == signal);
        // SAFETY: the structure is longer, and as aligned.
        of_it.then(|| Self(unsafe { info.cast::<[u64; WORDS]>().read() }))
    }

    /// As the kernel takes it.
    pub fn whole(&self) -> libc::siginfo_t {
        // SAFETY: an all-zero one is valid.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: the structure is longer, and as aligned.
        unsafe { (&raw mut info).cast::<[u64; WORDS]>().write(self.0) };
        info
    }
}

/// One that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub signal: c_int,
    /// It was sent to this thread alone; 0: to the process.
    pub thread: i32,
    pub info: Option<Info>,
}

struct Slot {
    /// `FREE`, `TAKEN`, or the signal, with `TOLD` if there is more to it, and above it the thread that it was sent to.
    word: AtomicU64,
    info: [AtomicU64; WORDS],
}

const FREE: u64 = 0;
/// Somebody is writing to it, or reading it.
const TAKEN: u64 = u64::MAX;
const TOLD: u64 = 1 << 16;

static CAME: [Slot; MOST] =
    [const { Slot { word: AtomicU64::new(FREE), info: [const { AtomicU64::new(0) }; WORDS] } }; MOST];

/// Notes one. In a handler.
pub(super) fn note(arrival: Arrival) {
    let told = if arrival.info.is_some() { TOLD } else { 0 };
    let word = u64::from(arrival.thread as u32) << 32 | told | u64::from(arrival.signal as u32);
    let free =
        |slot: &&Slot| slot.word.compare_exchange(FREE, TAKEN, Ordering::SeqCst, Ordering::Relaxed).is_ok();
    let Some(slot) = CAME.iter().find(free) else { return };
    let Info(words) = arrival.info.unwrap_or_default();
    slot.info.iter().zip(words).for_each(|(to, word)| to.store(word, Ordering::Relaxed));
    slot.word.store(word, Ordering::SeqCst);
}

/// How many have come.
pub(super) fn count() -> usize {
    CAME.iter().filter(|slot| ![FREE, TAKEN].contains(&slot.word.load(Ordering::SeqCst))).count()
}

/// The first signal. On the thread that takes them.
pub(super) fn first() -> Option<c_int> {
    let words = CAME.iter().map(|slot| slot.word.load(Ordering::SeqCst));
    words.filter(|word| ![FREE, TAKEN].contains(word)).map(|word| (word & (TOLD - 1)) as c_int).next()
}

fn taken(slot: &Slot) -> Option<Arrival> {
    let word = slot.word.load(Ordering::SeqCst);
    // One that is being written is there the next time.
    let is_ours = ![FREE, TAKEN].contains(&word)
        && slot.word.compare_exchange(word, TAKEN, Ordering::SeqCst, Ordering::Relaxed).is_ok();
    if !is_ours {
        return None;
    }
    let info =
        Info(std::array::from_fn(|at| slot.info.get(at).map_or(0, |word| word.load(Ordering::Relaxed))));
    slot.word.store(FREE, Ordering::SeqCst);
    Some(Arrival {
        signal: (word & (TOLD - 1)) as c_int,
        thread: (word >> 32) as u32 as i32,
        info: (word & TOLD != 0).then_some(info),
    })
}

/// All of them, which are none any more.
pub(super) fn take() -> Vec<Arrival> {
    CAME.iter().filter_map(taken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_come_in_their_order_and_once() {
        let _alone = super::super::ALONE.lock();
        assert_eq!((first(), count()), (None, 0));
        let info = |thread: i32| (thread != 3).then(|| Info([thread as u64 + 100; WORDS]));
        for thread in 0..10 {
            note(Arrival { signal: 10, thread, info: info(thread) });
        }
        assert_eq!((first(), count()), (Some(10), 8));
        let expected: Vec<_> =
            (0..8).map(|thread| Arrival { signal: 10, thread, info: info(thread) }).collect();
        assert_eq!(take(), expected);
        assert!(take().is_empty() && first().is_none());
    }

    #[test]
    fn none_is_lost_or_seen_half_written() {
        let _alone = super::super::ALONE.lock();
        let mut seen = Vec::new();
        std::thread::scope(|scope| {
            let writers: Vec<_> = (1..=3)
                .map(|writer: u64| {
                    scope.spawn(move || {
                        for number in 0..2_000 {
                            while count() > 2 {
                                std::thread::yield_now();
                            }
                            let info = Some(Info([writer * 10_000 + number; WORDS]));
                            note(Arrival { signal: 31, thread: writer as i32, info });
                        }
                    })
                })
                .collect();
            while writers.iter().any(|writer| !writer.is_finished()) {
                seen.extend(take());
                std::thread::yield_now();
            }
            seen.extend(take());
        });
        for Arrival { signal, thread, info } in &seen {
            let Info(words) = info.unwrap();
            assert!(words.iter().all(|word| *word == words[0]), "{words:?}");
            assert_eq!((*signal, words[0] / 10_000), (31, *thread as u64));
        }
        let mut numbers: Vec<_> = seen.iter().map(|arrival| arrival.info.unwrap().0[0]).collect();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 6_000);
    }
}
