//! The figures of a sample that a rule can watch.

use super::sample::Sample;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a metric's number means, and so how a threshold for it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum MetricKind {
    /// A size.
    Bytes,
    /// 0…1.
    Ratio,
    /// A duration.
    Milliseconds,
    /// A growth; the only kind that can be negative.
    BytesPerSecond,
    /// A number of things.
    Count,
    /// 0…100.
    Percent,
}

/// Declares the metrics once, so that a name, a kind or an entry of `ALL` cannot be forgotten.
macro_rules! metrics {
    ($($(#[$doc:meta])* $variant:ident $name:literal $kind:ident,)+) => {
        /// A figure of a [`Sample`] that a rule can watch; named as the sample's field is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(into = "&'static str", try_from = "String")]
        pub enum Metric { $($(#[$doc])* $variant,)+ }

        impl Metric {
            /// Every metric, in the order they are documented.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name users type.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What its number means.
            pub const fn kind(self) -> MetricKind {
                match self { $(Self::$variant => MetricKind::$kind,)+ }
            }
        }
    };
}

metrics! {
    /// Resident set.
    Rss "rss" Bytes,
    /// Resident anonymous memory.
    Anonymous "anonymous" Bytes,
    /// Resident file-backed memory.
    File "file" Bytes,
    /// Memory in swap.
    Swap "swap" Bytes,
    /// V8's used heap. Sawtooth-shaped: half of it may be garbage.
    HeapUsed "heapUsed" Bytes,
    /// V8's committed heap.
    HeapTotal "heapTotal" Bytes,
    /// Used heap by its limit.
    HeapUsedRatio "heapUsedRatio" Ratio,
    /// What JavaScript keeps alive outside the heap.
    External "external" Bytes,
    /// Backing stores of Buffers; a Buffer leak shows here and never in `heapUsed`.
    ArrayBuffers "arrayBuffers" Bytes,
    /// V8's own bookkeeping.
    Malloced "malloced" Bytes,
    /// Anonymous memory V8 does not account for; an addon's leak shows here.
    Native "native" Bytes,
    /// What the C allocator keeps from the kernel: tells fragmentation from a native leak.
    AllocatorFree "allocatorFree" Bytes,
    /// The container's working set.
    CgroupUsed "cgroupUsed" Bytes,
    /// The container's working set by its limit.
    CgroupRatio "cgroupRatio" Ratio,
    /// Heap right after the last full garbage collection.
    LiveHeap "liveHeap" Bytes,
    /// Slope of the live heap.
    LiveHeapGrowth "liveHeapGrowth" BytesPerSecond,
    /// How long the event loop has not turned.
    LoopBlocked "loopBlocked" Milliseconds,
    /// Share of the last ten seconds in which some task waited for memory (`some10`).
    Pressure "pressure" Percent,
    /// Page faults served from a disk, since the process began.
    MajorFaults "majorFaults" Count,
}

impl Metric {
    /// The figure, in its kind's unit. `None` when this sample does not know it: the platform has not
    /// got it, V8 has not been read yet, or it came out as no finite number.
    pub fn read(self, sample: &Sample) -> Option<f64> {
        let heap = |figure: u64| sample.heap_known().then_some(figure as f64);
        let value = match self {
            Self::Rss => sample.rss.map(|bytes| bytes as f64),
            Self::Anonymous => sample.anonymous.map(|bytes| bytes as f64),
            Self::File => sample.file.map(|bytes| bytes as f64),
            Self::Swap => sample.swap.map(|bytes| bytes as f64),
            Self::HeapUsed => heap(sample.heap_used),
            Self::HeapTotal => heap(sample.heap_total),
            Self::HeapUsedRatio => sample.heap_known().then_some(sample.heap_used_ratio),
            Self::External => heap(sample.external),
            Self::ArrayBuffers => sample.array_buffers.and_then(heap),
            Self::Malloced => heap(sample.malloced),
            Self::Native => sample.native.map(|bytes| bytes as f64),
            Self::AllocatorFree => sample.allocator.as_ref().map(|allocator| allocator.free as f64),
            Self::CgroupUsed => sample.cgroup.as_ref().map(|cgroup| cgroup.used as f64),
            Self::CgroupRatio => sample.cgroup.as_ref().and_then(|cgroup| cgroup.ratio),
            Self::LiveHeap => sample.live_heap.map(|bytes| bytes as f64),
            Self::LiveHeapGrowth => sample.live_heap_growth,
            Self::LoopBlocked => Some(sample.loop_blocked),
            Self::Pressure => sample.pressure.as_ref().map(|pressure| pressure.some10),
            Self::MajorFaults => sample.major_faults.map(|count| count as f64),
        };
        value.filter(|value| value.is_finite())
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|metric| metric.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|metric| metric.name()).collect();
            let shown: String = name.chars().take(40).collect();
            Error::InvalidOption(format!("{shown:?} is not a metric; accepted: {}", names.join(", ")))
        })
    }
}

impl From<Metric> for &'static str {
    fn from(metric: Metric) -> Self {
        metric.name()
    }
}

impl TryFrom<String> for Metric {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        name.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{Allocator, Cgroup, Pressure};

    /// Every figure different, so that reading a neighbour's is seen.
    fn full() -> Sample {
        Sample {
            at: 1.0,
            rss: Some(2),
            anonymous: Some(3),
            file: Some(4),
            swap: Some(5),
            major_faults: Some(6),
            heap_total: 7,
            heap_used: 8,
            heap_limit: 9,
            heap_used_ratio: 0.10,
            external: 11,
            array_buffers: Some(12),
            malloced: 13,
            native: Some(14),
            live_heap: Some(15),
            live_heap_growth: Some(-16.0),
            allocator: Some(Allocator { in_use: 17, free: 18, mmapped: 19, age: 20.0 }),
            cgroup: Some(Cgroup { used: 21, limit: Some(22), ratio: Some(0.23), oom_kills: Some(24) }),
            pressure: Some(Pressure { some10: 25.0, full10: 26.0 }),
            heap_age: 27.0,
            loop_blocked: 28.0,
        }
    }

    #[test]
    fn reads_the_field_of_its_name() {
        let sample = full();
        let json = serde_json::to_value(&sample).unwrap();
        for &metric in Metric::ALL {
            let field = match metric {
                Metric::AllocatorFree => &json["allocator"]["free"],
                Metric::CgroupUsed => &json["cgroup"]["used"],
                Metric::CgroupRatio => &json["cgroup"]["ratio"],
                Metric::Pressure => &json["pressure"]["some10"],
                _ => &json[metric.name()],
            };
            assert_eq!(metric.read(&sample), Some(field.as_f64().unwrap()), "{metric}");
        }
    }

    #[test]
    fn what_is_not_known_is_none() {
        let known: Vec<&str> = Metric::ALL
            .iter()
            .filter(|metric| metric.read(&Sample::default()).is_some())
            .map(|metric| metric.name())
            .collect();
        assert_eq!(known, ["loopBlocked"]);
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let sample = Sample { heap_used_ratio: odd, live_heap_growth: Some(odd), ..full() };
            assert_eq!(Metric::HeapUsedRatio.read(&sample), None);
            assert_eq!(Metric::LiveHeapGrowth.read(&sample), None);
        }
    }

    #[test]
    fn names_round_trip_and_wrong_ones_are_told_the_right_ones() {
        for &metric in Metric::ALL {
            assert_eq!(metric.name().parse(), Ok(metric));
            assert_eq!(serde_json::to_value(metric).unwrap(), metric.name());
        }
        let error = "heapused".parse::<Metric>().unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_INVALID_OPTION");
        assert!(
            error.to_string().contains("\"heapused\"") && error.to_string().contains("heapUsed, heapTotal")
        );
        assert!(serde_json::from_str::<Metric>("\"\"").is_err());
        assert_eq!(serde_json::to_value(MetricKind::BytesPerSecond).unwrap(), "bytesPerSecond");
    }
}
