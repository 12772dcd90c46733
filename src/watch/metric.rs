//! The names of the metrics, as users type them.

use super::sample::Metric;
use crate::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

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
    use crate::watch::{Allocator, Cgroup, MetricKind, Pressure, Sample};

    /// Every figure different, so that reading a neighbour's is seen.
    fn full() -> Sample {
        let mut sample = Sample {
            at: 1.0,
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
            cgroup: Some(Cgroup {
                used: 21,
                limit: Some(22),
                ratio: Some(0.23),
                oom_kills: Some(24),
                full_in: Some(29.0),
            }),
            pressure: Some(Pressure { some10: 25.0, full10: 26.0 }),
            heap_age: 27.0,
            loop_blocked: 28.0,
            ..Sample::default()
        };
        for (name, figure) in Sample::KERNEL.iter().zip(100..) {
            assert!(sample.set_kernel(name, Some(figure)));
        }
        sample
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
                Metric::CgroupFullIn => &json["cgroup"]["fullIn"],
                Metric::Pressure => &json["pressure"]["some10"],
                _ => &json[metric.name()],
            };
            assert!(
                field.is_number(),
                "{metric} has no figure: is its field in kernel_figures! of src/watch/sample.rs?"
            );
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
