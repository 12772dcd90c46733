//! V8's latest figures of one environment: written by its own thread, read by the sampler, never waited for.

use std::sync::atomic::{AtomicU64, Ordering, fence};

use crate::v8::HeapFigures;

/// What one environment's thread published.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct V8Figures {
    /// When, ms of [`crate::clock::now`]; 0 = never.
    pub at: f64,
    /// V8's heap statistics.
    pub heap: HeapFigures,
    /// Bytes in ArrayBuffers; `None` where only the loop can tell and has not yet.
    pub array_buffers: Option<u64>,
    /// `used_heap_size` right after the last full collection, and when that was.
    pub live_heap: Option<(u64, f64)>,
}

const WORDS: usize = 12;
const NONE: u64 = u64::MAX;

impl V8Figures {
    fn pack(&self) -> [u64; WORDS] {
        let (live, live_at) = self.live_heap.map_or((NONE, 0), |(bytes, at)| (bytes, at.to_bits()));
        let h = &self.heap;
        [
            self.at.to_bits(),
            h.heap_total,
            h.heap_physical,
            h.heap_used,
            h.heap_limit,
            h.malloced,
            h.external,
            h.native_contexts,
            h.detached_contexts,
            self.array_buffers.unwrap_or(NONE),
            live,
            live_at,
        ]
    }

    fn unpack(w: [u64; WORDS]) -> Self {
        Self {
            at: f64::from_bits(w[0]),
            heap: HeapFigures {
                heap_total: w[1],
                heap_physical: w[2],
                heap_used: w[3],
                heap_limit: w[4],
                malloced: w[5],
                external: w[6],
                native_contexts: w[7],
                detached_contexts: w[8],
            },
            array_buffers: (w[9] != NONE).then_some(w[9]),
            live_heap: (w[10] != NONE).then(|| (w[10], f64::from_bits(w[11]))),
        }
    }
}

/// A sequence lock with one writer: the JavaScript thread must never wait for the sampler, and a lock it
/// shares could be held by a sampler that has just been descheduled.
#[derive(Debug, Default)]
pub struct FigureCell {
    sequence: AtomicU64,
    words: [AtomicU64; WORDS],
}

impl FigureCell {
    /// Publishes. Only ever called by the environment's own thread.
    pub fn write(&self, figures: &V8Figures) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(sequence.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        for (cell, word) in self.words.iter().zip(figures.pack()) {
            cell.store(word, Ordering::Relaxed);
        }
        self.sequence.store(sequence.wrapping_add(2), Ordering::Release);
    }

    /// The latest figures, whole. From any thread.
    pub fn read(&self) -> V8Figures {
        loop {
            let before = self.sequence.load(Ordering::Acquire);
            let words = std::array::from_fn(|index| self.words[index].load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.sequence.load(Ordering::Relaxed) == before {
                return if before == 0 { V8Figures::default() } else { V8Figures::unpack(words) };
            }
            std::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn all(value: u64) -> V8Figures {
        V8Figures {
            at: value as f64,
            heap: HeapFigures {
                heap_total: value,
                heap_physical: value,
                heap_used: value,
                heap_limit: value,
                malloced: value,
                external: value,
                native_contexts: value,
                detached_contexts: value,
            },
            array_buffers: Some(value),
            live_heap: Some((value, value as f64)),
        }
    }

    #[test]
    fn nothing_written_reads_as_never() {
        assert_eq!(FigureCell::default().read(), V8Figures::default());
    }

    #[test]
    fn a_reader_never_sees_half_a_write() {
        let cell = Arc::new(FigureCell::default());
        let done = Arc::new(AtomicBool::new(false));
        let reader = {
            let (cell, done) = (cell.clone(), done.clone());
            std::thread::spawn(move || {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let seen = cell.read();
                    let value = seen.heap.heap_used;
                    assert!(value == 0 || seen == all(value), "torn: {seen:?}");
                    assert!(value >= last, "went back");
                    last = value;
                }
            })
        };
        for value in 1..200_000 {
            cell.write(&all(value));
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        assert_eq!(cell.read(), all(199_999));
    }
}
