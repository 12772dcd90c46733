//! Whether there is a processor for a snapshot: V8 needs seconds of it, and where the service uses all that its container may
//! have a child that stands back gets none.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Known;
use crate::error::{Error, Result};
use crate::probe::cpu::{self, Spare};
use crate::units::print_duration;

/// Seconds of a processor for each byte of heap, before anybody has seen it here: 10 s for 100 MB of small objects.
const FIRST: f64 = 1e-7;
/// Seconds in any case.
const BASE: f64 = 0.2;
/// Processors; with less the service itself is held up, and what is left over is luck.
const LEAST: f64 = 0.1;
/// So much of the time may be planned for: a service's load is not always what it was a moment ago.
const PLANNED: f64 = 0.5;
/// And no longer than this where a quota bounds it: a service that is short of its processor is in trouble now, and an image of it
/// is there at once.
const SOON: Duration = Duration::from_secs(8);
/// Before this nothing is foretold.
const EARLY: Duration = Duration::from_secs(5);

impl Known {
    /// Seconds of a processor that a snapshot of `heap_used` bytes will need.
    fn seconds(&self, heap_used: u64) -> f64 {
        let known = f64::from_bits(self.seconds_per_byte.load(Ordering::Relaxed));
        BASE + heap_used as f64 * if known > 0.0 { known } else { FIRST }
    }

    /// A child has needed `cpu` for `heap_used` bytes.
    pub fn learn_time(&self, heap_used: u64, cpu: Option<Duration>) {
        if let (Some(cpu), 1..) = (cpu, heap_used) {
            self.seconds_per_byte.store((cpu.as_secs_f64() / heap_used as f64).to_bits(), Ordering::Relaxed);
        }
    }
}

/// Lets a snapshot by a child begin if it is predicted to get enough of a processor in the time that is `left`. Looks for a
/// third of a second where there is a quota: not on the JavaScript thread.
///
/// # Errors
/// `Timeout` with the figures.
pub fn admit(known: &Known, heap_used: u64, left: Duration) -> Result<()> {
    cpu::spare().map_or(Ok(()), |spare| admit_into(known.seconds(heap_used), spare, left))
}

fn admit_into(seconds: f64, spare: Spare, left: Duration) -> Result<()> {
    let enough = spare.left >= LEAST.min(spare.quota / 2.0);
    let planned = (left.as_secs_f64() * PLANNED).min(SOON.as_secs_f64());
    if enough && seconds / spare.left.min(1.0) <= planned {
        return Ok(());
    }
    Err(Error::Timeout(format!(
        "a snapshot needs about {} of a processor, and of the {:.2} that the container may use {:.2} are left over: it is to be there in {}",
        print_duration(seconds * 1e3),
        spare.quota,
        spare.left,
        print_duration(planned * 1e3)
    )))
}

/// Why a child that has walked over `walked` of `to_walk` objects in `since` will not be ready in the time that is `left`, if it
/// will not.
pub fn is_late(walked: u64, to_walk: u64, since: Duration, left: Duration) -> Option<Error> {
    if since < EARLY || walked == 0 || walked >= to_walk {
        return None;
    }
    // What it then writes takes about as long as it has walked for a third of the way.
    let all = since.as_secs_f64() * to_walk as f64 / walked as f64 * 4.0 / 3.0;
    (all - since.as_secs_f64() > left.as_secs_f64()).then(|| {
        Error::Timeout(format!(
            "at its pace the snapshot would need {}, with {} to go: its child was ended",
            print_duration(all * 1e3),
            print_duration(left.as_secs_f64() * 1e3)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_is_used_up_leaves_no_snapshot() {
        let half_an_hour = Duration::from_secs(1800);
        let known = Known::default();
        assert!((known.seconds(100_000_000) - 10.2).abs() < 1e-9);
        let seconds = 1.5;
        let with = |left, quota, time| admit_into(seconds, Spare { left, quota }, time);
        for (left, quota) in [(0.0, 0.5), (0.05, 0.5), (0.09, 2.0)] {
            assert_eq!(with(left, quota, half_an_hour).unwrap_err().code(), "HEAPWARDEN_TIMEOUT");
        }
        assert_eq!(with(0.2, 0.5, half_an_hour), Ok(()));
        let little = Spare { left: 0.05, quota: 0.1 };
        assert_eq!(admit_into(0.3, little, half_an_hour), Ok(()), "half of very little");
        let error = with(0.5, 0.5, Duration::from_secs(5)).unwrap_err().to_string();
        assert!(error.contains("1.5s of a processor") && error.contains("there in 2.5s"), "{error}");
        assert_eq!(with(8.0, 8.0, Duration::from_secs(4)), Ok(()), "it has one thread");
        assert!(with(0.15, 0.5, half_an_hour).is_err(), "nobody waits for it that long");
        known.learn_time(100_000_000, Some(Duration::from_secs(2)));
        assert!((known.seconds(200_000_000) - 4.2).abs() < 1e-9);
    }

    #[test]
    fn who_falls_behind_is_told_by_its_pace() {
        let s = Duration::from_secs;
        assert_eq!(is_late(1, 100, s(4), s(1)), None, "nobody knows yet");
        assert_eq!(is_late(50, 100, s(10), s(17)), None);
        assert!(is_late(50, 100, s(10), s(16)).is_some());
        assert_eq!(is_late(0, 100, s(10), s(1)), None, "a collection comes first");
        assert_eq!(is_late(100, 100, s(10), s(0)), None, "it writes");
    }
}
