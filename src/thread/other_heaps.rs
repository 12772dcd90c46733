//! What the other threads' heaps hold: the kernel counts the whole process, V8 each isolate for itself.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::figures::{FigureCell, V8Figures};

/// One environment's figures, as long as it lives.
struct Heap {
    environment: u64,
    thread: u32,
    figures: Weak<FigureCell>,
}

/// Every environment that lives. Held for moments, never while anything is read or called.
static ALL: Mutex<Vec<Heap>> = Mutex::new(Vec::new());

/// An environment of `thread` has come.
pub(super) fn enter(environment: u64, thread: u32, figures: &Arc<FigureCell>) {
    ALL.lock().push(Heap { environment, thread, figures: Arc::downgrade(figures) });
}

/// It has gone.
pub(super) fn leave(environment: u64) {
    ALL.lock().retain(|one| one.figures.strong_count() > 0 && one.environment != environment);
}

/// Bytes that V8 accounts for in the isolates of all threads but `thread`, as far as the addon is loaded there.
pub fn elsewhere(thread: u32) -> u64 {
    let living = |one: &Heap| Some((one.thread, one.figures.upgrade()?));
    let all: Vec<_> = ALL.lock().iter().filter_map(living).collect();
    sum(all.iter().filter(|(of, _)| *of != thread).map(|(of, figures)| (*of, figures.read())))
}

/// Of several environments of one thread, which see the same isolate, the freshest figures count.
fn sum(figures: impl Iterator<Item = (u32, V8Figures)>) -> u64 {
    let mut freshest = std::collections::HashMap::<u32, V8Figures>::new();
    for (thread, figures) in figures {
        let known = freshest.entry(thread).or_insert(figures);
        if known.at < figures.at {
            *known = figures;
        }
    }
    freshest
        .values()
        .map(|figures| figures.heap.heap_total + outside(figures.heap.external, figures.array_buffers))
        .sum()
}

/// Bytes that JavaScript keeps alive outside the heap. V8 leaves shared buffers out of `external`, Node's allocator counts
/// them with all others: of the two figures neither has all, and the larger one has nearly all.
pub fn outside(external: u64, array_buffers: Option<u64>) -> u64 {
    external.max(array_buffers.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v8::HeapFigures;

    #[test]
    fn two_copies_in_one_thread_are_one_isolate() {
        let figures = |at, heap_total, external, array_buffers| V8Figures {
            at,
            heap: HeapFigures { heap_total, external, ..HeapFigures::default() },
            array_buffers,
            live_heap: None,
        };
        let all = [
            (1, figures(5.0, 100, 10, Some(40))),
            (2, figures(7.0, 1000, 300, None)),
            (1, figures(3.0, 90, 9, Some(39))),
        ];
        assert_eq!(sum(all.into_iter()), 100 + 40 + 1000 + 300);
        assert_eq!(sum(std::iter::empty()), 0);
    }
}
