//! Whether there is memory for a capture: V8's snapshot needs several times the heap, and the kernel does not
//! ask twice. And whether there is a process to be had for it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};
use crate::probe::cgroup::Cgroup;
use crate::probe::limits::{self, Room};
use crate::probe::pids::{self, Pids};
use crate::probe::process;
use crate::units::print_bytes;

/// Bytes needed in any case, by a small heap too.
const BASE: u64 = 32 << 20;
/// Bytes needed per byte of used heap beyond that, for heaps of small objects (docs/performance.md); heaps of
/// strings need far less. Where this process has taken a snapshot already, its own ratio is used, with a margin.
const FIRST_RATIO: f64 = 9.0;
const MARGIN: f64 = 1.25;
const LOWEST_RATIO: f64 = 1.5;

/// Processes and threads that must be left beside the child: what the service itself may start meanwhile (a
/// thread of libuv's pool, a child of its own), and the one thread of an inline snapshot.
const PROCESSES_LEFT: u64 = 4;

/// f64 bits; 0 = nothing learned yet.
static LEARNED: AtomicU64 = AtomicU64::new(0);

/// An admitted capture: knows what the process held before.
pub struct Watch {
    heap_used: u64,
    rss_before: Option<u64>,
}

/// Bytes a snapshot of a heap with `heap_used` bytes will need beside it.
pub fn predict(heap_used: u64) -> u64 {
    let ratio = match LEARNED.load(Ordering::Relaxed) {
        0 => FIRST_RATIO,
        bits => (f64::from_bits(bits) * MARGIN).max(LOWEST_RATIO),
    };
    BASE + (heap_used as f64 * ratio) as u64
}

/// Lets a capture begin if its predicted need fits `budget`, or what the container (else the machine) has left.
///
/// # Errors
/// `MemoryBudget` with the figures.
pub fn admit(heap_used: u64, budget: Option<u64>) -> Result<Watch> {
    let need = predict(heap_used);
    let room = match budget {
        // At a limit of the process an allocation of V8's is its end, whatever was allowed.
        Some(bytes) => limits::own()
            .into_iter()
            .chain([Room { bytes, whose: "memoryBudget allows" }])
            .min_by_key(|room| room.bytes),
        None => limits::room(Cgroup::detect().as_ref()),
    };
    if let Some(Room { bytes, whose }) = room.filter(|room| room.bytes < need) {
        return Err(Error::MemoryBudget(format!(
            "a snapshot of {} of heap needs about {} more memory, and {whose} {}; raise the limit or memoryBudget",
            print_bytes(heap_used),
            print_bytes(need),
            print_bytes(bytes),
        )));
    }
    Ok(Watch { heap_used, rss_before: process::process().map(|process| process.rss) })
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
            "a snapshot by fork needs a process and must leave {PROCESSES_LEFT} to the service, and of the {} \
             processes and threads the container or its control group allows, {} exist; raise the pids limit",
            pids.limit, pids.current,
        ))),
        _ => Ok(()),
    }
}

impl Watch {
    /// The snapshot has just been written: V8's memory for it is at its highest, or was a moment ago. Only a
    /// higher need than known is believed: the next capture may find its memory already mapped.
    pub fn learn(&self) {
        let after = process::process().map(|process| process.rss);
        let (Some(before), Some(after)) = (self.rss_before, after) else { return };
        learn(self.heap_used, after.checked_sub(before));
    }
}

/// A capture of `heap_used` bytes of heap took `needed` bytes of memory.
pub fn learn(heap_used: u64, needed: Option<u64>) {
    let (Some(needed), 1..) = (needed, heap_used) else { return };
    let ratio = needed.saturating_sub(BASE) as f64 / heap_used as f64;
    let known = f64::from_bits(LEARNED.load(Ordering::Relaxed));
    if ratio > known {
        LEARNED.store(ratio.to_bits(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_below_the_need_is_refused_with_the_figures() {
        let error = admit(100 << 20, Some(64 << 20)).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_MEMORY_BUDGET");
        assert!(error.to_string().contains("memoryBudget allows"), "{error}");
        assert!(admit(1 << 20, Some(1 << 30)).is_ok());
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
