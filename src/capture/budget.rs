//! Whether there is memory for a capture: V8's snapshot needs several times the heap, and the kernel does not
//! ask twice. And whether there is a process to be had for it.
//!
//! | file | what it does |
//! |---|---|
//! | [`image`] | the same for an image, which needs next to nothing |
//! | [`time`] | whether there is a processor for a snapshot |

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};
use crate::probe::cgroup::Cgroup;
use crate::probe::limits::{self, Room};
use crate::probe::pids::{self, Pids};
use crate::probe::process;
use crate::units::print_bytes;

pub mod image;
pub mod time;

/// Bytes needed in any case, by a small heap too.
const BASE: u64 = 16 << 20;
/// Bytes needed per byte of used heap, for heaps of small objects (docs/performance.md); heaps of strings need far
/// less, one array of a million objects more. Where this thread's heap was captured already, what that took is
/// used for as much heap as there was then, with a margin.
const FIRST_RATIO: f64 = 14.0;
/// For each 8 bytes of an array V8 makes a text of a KiB with the number of the element, and keeps it in a table: measured
/// at 1,150 to 1,260 bytes. Arrays share these texts, so the longest one counts.
const NAME: u64 = 1280;
/// Tables of this size each process has among its large objects: what their numbers take is measured with the rest.
const OWN_LARGE: u64 = 256 << 10;
/// Bytes needed per byte of heap beside these texts: measured at 5.4 (closures) to 8.9 (short strings).
const RATIO_BESIDE_NAMES: u64 = 9;
const MARGIN: f64 = 1.25;
const LOWEST_RATIO: f64 = 1.5;
/// Bytes that must stay free for the service while a snapshot is being taken.
pub const RESERVE: u64 = 32 << 20;

/// Processes and threads that must be left beside the child: what the service itself may start meanwhile (a
/// thread of libuv's pool, a child of its own), and the one thread of an inline snapshot.
const PROCESSES_LEFT: u64 = 4;

/// Bytes that captures under way may still take.
static PROMISED: AtomicU64 = AtomicU64::new(0);

/// What captures of one heap have taken.
#[derive(Debug, Default)]
pub struct Known {
    /// f64 bits, bytes per byte; 0 = nothing yet.
    ratio: AtomicU64,
    /// Bytes of the heap it holds for.
    heap: AtomicU64,
    /// Bytes of large objects that the last collection left which was to make room for a capture, and did not.
    large_kept: AtomicU64,
    /// f64 bits, seconds of a processor for a byte; 0 = nothing yet.
    seconds_per_byte: AtomicU64,
    /// f64 bits, bytes of an image in place a millisecond; 0 = nothing yet.
    image_rate: AtomicU64,
}

impl Known {
    /// Bytes a snapshot of a heap with `heap_used` bytes will need beside it. What came after the last capture may be
    /// of another kind.
    pub fn predict(&self, heap_used: u64) -> u64 {
        let ratio = f64::from_bits(self.ratio.load(Ordering::Relaxed));
        let old = if ratio > 0.0 { heap_used.min(self.heap.load(Ordering::Relaxed)) } else { 0 };
        let per_old_byte = (ratio * MARGIN).max(LOWEST_RATIO);
        BASE + (old as f64 * per_old_byte + (heap_used - old) as f64 * FIRST_RATIO) as u64
    }

    /// A full collection has left `live` bytes: no more than that is left of what was captured.
    pub fn shrink(&self, live: u64) {
        self.heap.fetch_min(live, Ordering::Relaxed);
    }

    /// A collection that was to make room for a capture has left `large` bytes of large objects, too many.
    pub fn keeps(&self, large: u64) {
        self.large_kept.store(large, Ordering::Relaxed);
    }

    /// A capture of `heap_used` bytes of heap took `needed` bytes of memory.
    pub fn learn(&self, heap_used: u64, needed: Option<u64>) {
        let (Some(needed), 1..) = (needed, heap_used) else { return };
        self.ratio.store((needed as f64 / heap_used as f64).to_bits(), Ordering::Relaxed);
        self.heap.store(heap_used, Ordering::Relaxed);
    }

    /// The same, where some of the memory may have been there before: only a higher need than known is believed.
    fn learn_more(&self, heap_used: u64, needed: Option<u64>) {
        let more = |needed: &u64| needed.saturating_add(BASE) > self.predict(heap_used);
        self.learn(heap_used, needed.filter(more));
    }
}

/// An admitted capture.
#[derive(Debug)]
pub struct Admitted {
    heap_used: u64,
    rss_before: Option<u64>,
    need: u64,
    child: Option<u64>,
}

impl Admitted {
    /// Bytes a forked child may allocate; `None`: nobody knows what there is.
    pub fn child_may_take(&self) -> Option<u64> {
        self.child
    }

    /// An inline snapshot has just been written: V8's memory for it is at its highest, or was a moment ago.
    pub fn learn(&self, known: &Known) {
        let after = process::process().map(|process| process.rss);
        let (Some(before), Some(after)) = (self.rss_before, after) else { return };
        known.learn_more(self.heap_used, after.checked_sub(before));
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        PROMISED.fetch_sub(self.need, Ordering::Relaxed);
    }
}

/// The heap to be captured. Bytes.
#[derive(Debug, Clone, Copy)]
pub struct Heap {
    /// What is used of it.
    pub used: u64,
    /// Of that, objects of more than 128 KiB; 0 where it does not matter or is not known.
    pub large: u64,
}

impl Heap {
    /// For a child, which the kernel refuses what it was not admitted for ([`Admitted::child_may_take`]): it may try.
    pub fn of_child(used: u64) -> Self {
        Self { used, large: 0 }
    }

    /// What the numbers of elements take if its large objects are one long array. Nothing tells it from a string, and between
    /// two of V8's questions whether to go on lies all of it.
    fn names(&self) -> u64 {
        (self.large.saturating_sub(OWN_LARGE) / 8).saturating_mul(NAME)
    }

    /// The most it may need where `likely` is predicted: the names are in that for heaps of one array of small objects.
    fn need(&self, likely: u64) -> u64 {
        let beside = likely.min(BASE.saturating_add(self.used.saturating_mul(RATIO_BESIDE_NAMES)));
        likely.max(beside.saturating_add(self.names()))
    }

    /// Whether it would be let in but for its large objects, some of which may be garbage: not much the same ones that a
    /// collection has left.
    pub fn is_large_only(self, known: &Known, budget: Option<u64>) -> bool {
        let kept = known.large_kept.load(Ordering::Relaxed);
        self.names() > 0
            && self.large.abs_diff(kept) > kept / 4
            && admit(known, Self { large: 0, ..self }, budget).is_ok()
    }
}

/// Lets a capture begin if its predicted need fits `budget` and what the container, the machine and the process's
/// limits have left for it.
///
/// # Errors
/// `MemoryBudget` with the figures.
pub fn admit(known: &Known, heap: Heap, budget: Option<u64>) -> Result<Admitted> {
    admit_into(known, heap, budget, limits::room(Cgroup::detect().as_ref()))
}

fn admit_into(known: &Known, heap: Heap, budget: Option<u64>, room: Option<Room>) -> Result<Admitted> {
    let heap_used = heap.used;
    let likely = known.predict(heap_used);
    let need = heap.need(likely);
    // What a fork takes before it does anything: the copy of the page tables.
    let tables = process::page_tables().unwrap_or(heap_used / 20);
    let taken = RESERVE.saturating_add(tables).saturating_add(PROMISED.load(Ordering::Relaxed));
    let left = room.map(|room| Room { bytes: room.bytes.saturating_sub(taken), ..room });
    let given = budget.map(|bytes| Room { bytes, whose: "memoryBudget allows" });
    let least = left.into_iter().chain(given).min_by_key(|room| room.bytes);
    if let Some(Room { bytes, whose }) = least.filter(|room| room.bytes < need) {
        let arrays = if need == likely {
            String::new()
        } else {
            format!(
                ", up to {} if its {} of large objects are one long array",
                print_bytes(need),
                print_bytes(heap.large)
            )
        };
        let but = if budget == Some(bytes) {
            String::new()
        } else {
            format!(" once {} are kept for the service", print_bytes(taken))
        };
        return Err(Error::MemoryBudget(format!(
            "a snapshot of {} of heap needs about {} more memory{arrays}, and {whose} {}{but}; raise the limit{}{}",
            print_bytes(heap_used),
            print_bytes(likely),
            print_bytes(bytes),
            if budget.is_some() { " or memoryBudget" } else { "" },
            if bytes >= likely { ", or use mode 'fork', where only the child can run out of it" } else { "" },
        )));
    }
    PROMISED.fetch_add(need, Ordering::Relaxed);
    // Its collection writes to the copied heap, which is then its own too.
    let child = left.map(|room| room.bytes.saturating_sub(heap_used)).into_iter().chain(budget).min();
    Ok(Admitted { heap_used, rss_before: process::process().map(|process| process.rss), need, child })
}

/// Lets a fork begin if the container's limit on processes leaves room for the service beside the child. Where
/// no limit is known, the kernel's own refusal is the answer.
///
/// # Errors
/// `CaptureFailed` with the figures.
pub fn admit_process() -> Result<()> {
    admit_beside(pids::pids())
}

fn admit_beside(pids: Option<Pids>) -> Result<()> {
    match pids {
        Some(pids) if pids.left() < 1 + PROCESSES_LEFT => Err(Error::CaptureFailed(format!(
            "a snapshot by fork needs a process and must leave {PROCESSES_LEFT} to the service, and {}",
            full(pids)
        ))),
        _ => Ok(()),
    }
}

fn full(pids: Pids) -> String {
    let Pids { limit, current } = pids;
    format!(
        "of the {limit} processes and threads the container or its control group allows, {current} exist; raise the \
         pids limit"
    )
}

/// What there is to say where the system gives no thread (`what_for`), for the reason `why`.
pub fn no_thread(what_for: &str, why: &std::io::Error) -> Error {
    let pids = pids::pids().filter(|pids| pids.left() == 0);
    let full = pids.map(|pids| format!("; {}", full(pids))).unwrap_or_default();
    Error::CaptureFailed(format!("no thread {what_for}: {why}{full}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_budget_below_the_need_is_refused_with_the_figures() {
        let known = Known::default();
        let error = admit(&known, Heap::of_child(100 * MIB), Some(64 * MIB)).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_MEMORY_BUDGET");
        assert!(error.to_string().contains("memoryBudget allows 64 MiB;"), "{error}");
        assert!(admit(&known, Heap::of_child(MIB), Some(1 << 30)).is_ok());
    }

    fn room(mib: u64) -> Option<Room> {
        Some(Room { bytes: mib * MIB, whose: "the test has left" })
    }

    #[test]
    fn a_budget_promises_no_more_than_there_is() {
        let known = Known::default();
        let error = admit_into(&known, Heap::of_child(20 * MIB), Some(1 << 40), room(200)).unwrap_err();
        assert!(error.to_string().contains("the test has left 1"), "{error}");
        assert!(
            error.to_string().contains(" are kept for the service"),
            "who adds it up misses nothing: {error}"
        );
        let admitted = admit_into(&known, Heap::of_child(20 * MIB), None, room(600)).unwrap();
        let child = admitted.child_may_take().unwrap();
        assert!(child < (600 - 32 - 20) * MIB && child > 500 * MIB, "{child}");
        // Beside it there is no room for a second one.
        assert!(admit_into(&known, Heap::of_child(20 * MIB), None, room(600)).is_err());
        drop(admitted);
        assert!(admit_into(&known, Heap::of_child(20 * MIB), None, room(600)).is_ok());
    }

    #[test]
    fn what_may_be_one_long_array_must_fit_too() {
        let known = Known::default();
        // 400,000 elements; beside the tables that each process has.
        let heap = Heap { used: 12 * MIB, large: (400_000 << 3) + OWN_LARGE };
        let error = admit_into(&known, heap, None, room(512)).unwrap_err().to_string();
        assert!(error.contains("about 184 MiB more") && error.contains("up to 612"), "{error}");
        assert!(error.contains("the test has left 4") && error.contains("mode 'fork'"), "{error}");
        assert!(admit_into(&known, heap, None, room(800)).is_ok());
        // A child can be ended, and small heaps have these tables only.
        assert!(admit_into(&known, Heap::of_child(heap.used), None, room(512)).is_ok());
        assert_eq!(Heap { used: MIB, large: OWN_LARGE }.names(), 0);
    }

    #[test]
    fn what_a_collection_has_left_is_not_collected_again() {
        let known = Known::default();
        let heap = |mib| Heap { used: MIB, large: mib * MIB };
        assert!(heap(20).is_large_only(&known, None));
        known.keeps(20 * MIB);
        assert!(!heap(20).is_large_only(&known, None) && !heap(25).is_large_only(&known, None));
        assert!(heap(26).is_large_only(&known, None), "there is more");
        assert!(heap(14).is_large_only(&known, None), "some went");
    }

    #[test]
    fn what_a_heap_of_strings_took_says_nothing_of_what_came_later() {
        let known = Known::default();
        assert_eq!(known.predict(100 * MIB), BASE + 1400 * MIB);
        known.learn(100 * MIB, Some(160 * MIB));
        assert_eq!(known.predict(100 * MIB), BASE + 200 * MIB);
        assert_eq!(known.predict(130 * MIB), BASE + 200 * MIB + 420 * MIB);
        // The strings went, other things came.
        known.shrink(10 * MIB);
        assert_eq!(known.predict(100 * MIB), BASE + 20 * MIB + 1260 * MIB);
        known.learn_more(100 * MIB, Some(500 * MIB));
        assert_eq!(known.predict(100 * MIB), BASE + 1280 * MIB, "some of it was there before");
        known.learn_more(100 * MIB, Some(2000 * MIB));
        assert_eq!(known.predict(100 * MIB), BASE + 2500 * MIB);
    }

    #[test]
    fn a_fork_that_leaves_the_service_too_few_processes_is_refused_with_the_figures() {
        for current in [96, 100, 101] {
            let error = admit_beside(Some(Pids { current, limit: 100 })).unwrap_err();
            assert_eq!(error.code(), "HEAPWARDEN_CAPTURE_FAILED");
            let text = error.to_string();
            assert!(text.contains("of the 100 ") && text.contains(&format!("{current} exist")), "{text}");
        }
        assert_eq!(admit_beside(Some(Pids { current: 95, limit: 100 })), Ok(()));
        assert_eq!(admit_beside(None), Ok(()));
    }
}
