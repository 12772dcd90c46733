//! One look at the process, and which of its figures a rule can watch.
//!
//! A new figure of the kernel's is read in `src/probe/process.rs`, which names it in `figures()`, and is declared here: its
//! field, "not known" in [`Sample::default`], its name in `kernel_figures!`, and its line in the table of metrics. Its field has
//! a comment for users in `index.d.ts`; `npm run generate` writes what else repeats this table. The tests tell what is missing.

use super::metric_kind::{MetricKind, kernel_figures, metrics};
use serde::{Deserialize, Serialize};

/// What is known about the process at one moment. Sizes are bytes; `None` (JSON `null`) is "not known
/// here", never a guess.
///
/// The V8 figures (`heap_*`, `external`, `array_buffers`, `malloced`) are read together and may be older
/// than the rest: `heap_age` says by how much. Before the first reading they are zero and `heap_age` is
/// infinite, which is also what `Sample::default()` gives.
#[derive(Clone, Debug, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// When it was taken: milliseconds since the epoch.
    pub at: f64,
    /// Resident set, bytes, as `process.memoryUsage().rss` has it.
    pub rss: Option<u64>,
    /// Resident anonymous memory: heaps, stacks, Buffers. Kernel.
    pub anonymous: Option<u64>,
    /// Resident file-backed memory: code, mapped files. The kernel can drop it. Kernel.
    pub file: Option<u64>,
    /// Memory of this process in swap. Kernel.
    pub swap: Option<u64>,
    /// Page faults that had to read from a disk, since the process began. Kernel.
    pub major_faults: Option<u64>,
    /// V8's `total_heap_size`.
    pub heap_total: u64,
    /// V8's `used_heap_size`. Sawtooth-shaped: half of it may be garbage.
    pub heap_used: u64,
    /// V8's limit for the old generation, beyond which the process ends: `heap_size_limit` without what the young
    /// generation may grow to.
    pub heap_limit: u64,
    /// `heap_used / heap_limit` (not `/ heap_total`, which is always near 1).
    pub heap_used_ratio: f64,
    /// V8's `external_memory`: what JavaScript objects keep alive outside the heap, array buffers among it.
    pub external: u64,
    /// Backing stores of `ArrayBuffer`s and `Buffer`s; a Buffer leak shows here and never in `heap_used`.
    pub array_buffers: Option<u64>,
    /// V8's `malloced_memory`: its own bookkeeping.
    pub malloced: u64,
    /// An addon's leak shows here; see [`Sample::derive_native`].
    pub native: Option<u64>,
    /// `heap_used` right after the last full garbage collection: what is really held.
    pub live_heap: Option<u64>,
    /// Slope of `live_heap`, bytes per second (see [`Trend`](super::trend::Trend)); negative when it shrinks.
    pub live_heap_growth: Option<f64>,
    /// The C allocator's own account; glibc only.
    pub allocator: Option<Allocator>,
    /// The container's account: the tightest cgroup this process is in.
    pub cgroup: Option<Cgroup>,
    /// Time lost for want of memory.
    pub pressure: Option<Pressure>,
    /// Milliseconds since the V8 figures were read: 0 = now, infinite (JSON `null`) = never yet.
    pub heap_age: f64,
    /// Milliseconds the event loop has not turned.
    pub loop_blocked: f64,
}

/// What glibc's arenas hold, bytes, from `mallinfo2`.
#[derive(Clone, Debug, Default, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Allocator {
    /// Handed out by `malloc`.
    pub in_use: u64,
    /// Given back by `free` and kept from the kernel: fragmentation, not a leak.
    pub free: u64,
    /// In blocks large enough for a mapping of their own.
    pub mmapped: u64,
    /// Milliseconds since these were read; asking locks every arena, so it is not done each time.
    pub age: f64,
}

/// The container's account, from the cgroup file system.
#[derive(Clone, Debug, Default, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Cgroup {
    /// Working set, bytes: what the kernel would kill for.
    pub used: u64,
    /// Bytes; `None` = unlimited.
    pub limit: Option<u64>,
    /// `used / limit`.
    pub ratio: Option<f64>,
    /// Processes of this group that the kernel killed for memory so far.
    pub oom_kills: Option<u64>,
    /// Milliseconds until the limit is reached at the growth seen (see [`Filling`](super::filling::Filling)).
    pub full_in: Option<f64>,
}

/// Pressure stall information over the last ten seconds, percent of the time (0…100).
#[derive(Clone, Debug, Default, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Pressure {
    /// At least one task waited for memory.
    pub some10: f64,
    /// All tasks did.
    pub full10: f64,
}

kernel_figures! { rss, anonymous, file, swap, major_faults }

// A comment is what docs/watching.md says; the text behind the kind is who tells the figure.
metrics! {
    /// resident set, as `process.memoryUsage().rss`
    Rss "rss" Bytes "kernel" = |sample| sample.rss.map(|bytes| bytes as f64),
    /// resident memory of heaps, stacks and Buffers
    Anonymous "anonymous" Bytes "kernel" = |sample| sample.anonymous.map(|bytes| bytes as f64),
    /// resident memory of code and mapped files, which the kernel can drop
    File "file" Bytes "kernel" = |sample| sample.file.map(|bytes| bytes as f64),
    /// memory of this process in swap
    Swap "swap" Bytes "kernel" = |sample| sample.swap.map(|bytes| bytes as f64),
    /// objects in V8's heap
    HeapUsed "heapUsed" Bytes "V8" = |sample| sample.heap(sample.heap_used),
    /// what V8 has reserved for them
    HeapTotal "heapTotal" Bytes "V8" = |sample| sample.heap(sample.heap_total),
    /// `heapUsed` / `heapLimit` (not / `heapTotal`, which is always near 1)
    HeapUsedRatio "heapUsedRatio" Ratio "V8" = |sample| sample.heap_known().then_some(sample.heap_used_ratio),
    /// what objects keep alive outside the heap, array buffers among it
    External "external" Bytes "V8" = |sample| sample.heap(sample.external),
    /// memory of ArrayBuffers, Buffers and SharedArrayBuffers; without the last a part of `external`
    ArrayBuffers "arrayBuffers" Bytes "V8" = |sample| sample.array_buffers.and_then(|bytes| sample.heap(bytes)),
    /// V8's own bookkeeping
    Malloced "malloced" Bytes "V8" = |sample| sample.heap(sample.malloced),
    /// `anonymous` without what V8 accounts for in [all threads it is known of](#native-memory)
    Native "native" Bytes "both" = |sample| sample.native.map(|bytes| bytes as f64),
    /// freed memory that glibc keeps from the kernel: fragmentation, not a leak
    AllocatorFree "allocatorFree" Bytes "glibc" = |sample| sample.allocator.as_ref().map(|allocator| allocator.free as f64),
    /// what the kernel could not reclaim from the container, and would kill for ([below](#what-the-container-uses))
    CgroupUsed "cgroupUsed" Bytes "cgroup v1, v2" = |sample| sample.cgroup.as_ref().map(|cgroup| cgroup.used as f64),
    /// `cgroupUsed` / the tightest limit on the way to the root
    CgroupRatio "cgroupRatio" Ratio "cgroup v1, v2" = |sample| sample.cgroup.as_ref().and_then(|cgroup| cgroup.ratio),
    /// time until the container is full if it grows on as in the last second ([below](#a-container-that-fills-up)); an hour where it is not about to be
    CgroupFullIn "cgroupFullIn" Milliseconds "cgroup v1, v2" = |sample| sample.cgroup.as_ref().and_then(|cgroup| cgroup.full_in),
    /// `heapUsed` right after the last full garbage collection: what is really held
    LiveHeap "liveHeap" Bytes "V8" = |sample| sample.live_heap.map(|bytes| bytes as f64),
    /// slope of `liveHeap`; one collection's outlier does not bend it
    LiveHeapGrowth "liveHeapGrowth" BytesPerSecond "V8" = |sample| sample.live_heap_growth,
    /// time the event loop has not turned
    LoopBlocked "loopBlocked" Milliseconds "sampler" = |sample| Some(sample.loop_blocked),
    /// share of the last ten seconds in which a task waited for memory
    Pressure "pressure" Percent "kernel" = |sample| sample.pressure.as_ref().map(|pressure| pressure.some10),
    /// page faults that read from a disk, since the process began
    MajorFaults "majorFaults" Count "kernel" = |sample| sample.major_faults.map(|count| count as f64),
}

impl Default for Sample {
    /// Nothing known. Written by hand for `heap_age`: a derived 0 would call heap figures of zero fresh,
    /// and a rule on `heapUsed` below something would believe them.
    fn default() -> Self {
        Self {
            at: 0.0,
            rss: None,
            anonymous: None,
            file: None,
            swap: None,
            major_faults: None,
            heap_total: 0,
            heap_used: 0,
            heap_limit: 0,
            heap_used_ratio: 0.0,
            external: 0,
            array_buffers: None,
            malloced: 0,
            native: None,
            live_heap: None,
            live_heap_growth: None,
            allocator: None,
            cgroup: None,
            pressure: None,
            heap_age: f64::INFINITY,
            loop_blocked: 0.0,
        }
    }
}

impl Sample {
    /// Whether the V8 figures have been read at all.
    pub fn heap_known(&self) -> bool {
        self.heap_age.is_finite()
    }

    /// One of V8's figures, if they have been read.
    fn heap(&self, figure: u64) -> Option<f64> {
        self.heap_known().then_some(figure as f64)
    }

    /// Sets `native`: anonymous − heap_total − `accounted`, at least 0, which is what the kernel holds for this
    /// process and V8 does not account for (addons, the allocator's free lists, stacks, Node itself). `accounted`:
    /// bytes beside this heap that V8 or Node does account for, this isolate's and the other threads'.
    ///
    /// `None` while either side is unknown: without V8's figures the whole heap would pass for native.
    pub fn derive_native(&mut self, accounted: u64) {
        self.native = self
            .anonymous
            .filter(|_| self.heap_known())
            .map(|anonymous| anonymous.saturating_sub(self.heap_total).saturating_sub(accounted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(anonymous: Option<u64>, heap_age: f64) -> Option<u64> {
        let mut sample = Sample { anonymous, heap_total: 30, heap_age, ..Sample::default() };
        sample.derive_native(20);
        sample.native
    }

    #[test]
    fn native_is_what_v8_does_not_account_for() {
        assert_eq!(native(Some(100), 0.0), Some(50));
        assert_eq!(native(Some(100), 5_000.0), Some(50));
        assert_eq!(native(Some(40), 0.0), Some(0), "a heap that is reserved but not resident");
        assert_eq!(native(None, 0.0), None);
        assert_eq!(native(Some(100), f64::INFINITY), None);
    }

    #[test]
    fn native_is_forgotten_when_its_sources_are() {
        let mut sample = Sample { native: Some(7), ..Sample::default() };
        sample.derive_native(0);
        assert_eq!(sample.native, None);
    }

    #[test]
    fn json_has_the_public_names() {
        let sample = Sample {
            allocator: Some(Allocator { in_use: 1, free: 2, mmapped: 3, age: 4.0 }),
            cgroup: Some(Cgroup {
                used: 5,
                limit: None,
                ratio: None,
                oom_kills: Some(6),
                full_in: Some(7.0),
            }),
            pressure: Some(Pressure { some10: 0.5, full10: 0.25 }),
            ..Sample::default()
        };
        let json = serde_json::to_value(&sample).unwrap();
        let mut names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names.join(" "),
            "allocator anonymous arrayBuffers at cgroup external file heapAge heapLimit heapTotal heapUsed \
             heapUsedRatio liveHeap liveHeapGrowth loopBlocked majorFaults malloced native pressure rss swap"
        );
        assert!(json["heapAge"].is_null(), "JSON has no infinity");
        assert_eq!(json["allocator"], serde_json::json!({"inUse": 1, "free": 2, "mmapped": 3, "age": 4.0}));
        assert_eq!(
            json["cgroup"],
            serde_json::json!({"used": 5, "limit": null, "ratio": null, "oomKills": 6, "fullIn": 7.0})
        );
        assert_eq!(json["pressure"], serde_json::json!({"some10": 0.5, "full10": 0.25}));
    }
}
