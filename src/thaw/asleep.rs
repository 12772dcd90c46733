//! Whether a copy has gone to sleep for good: for a lock or a job of a thread that it has not.

use std::time::{Duration, Instant};

/// So long, in one go: the one thread of a copy does nothing that takes time but at work, or with who takes what it writes.
const FOR_GOOD: Duration = Duration::from_secs(10);
/// Between two looks no more than this counts: whoever looks may have stood still himself.
const A_LOOK: Duration = Duration::from_millis(200);

/// How long its thread has been asleep without having been awake.
#[derive(Default)]
pub(super) struct Asleep {
    /// How often it has gone to sleep, and when that was looked at last.
    last: Option<(u64, Instant)>,
    since: Duration,
}

impl Asleep {
    /// It has given something of itself.
    pub fn heard(&mut self) {
        *self = Self::default();
    }

    /// Takes what its `/proc/PID/status` says now, `None`: it is awake, or that is not told.
    pub fn look(&mut self, switches: Option<u64>, now: Instant) {
        let Some(switches) = switches else { return self.heard() };
        match self.last.replace((switches, now)) {
            Some((before, at)) if before == switches => {
                self.since += now.saturating_duration_since(at).min(A_LOOK);
            }
            _ => self.since = Duration::ZERO,
        }
    }

    pub fn is_for_good(&self) -> bool {
        self.since >= FOR_GOOD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_awake_or_was_meanwhile_does_not_sleep_for_good() {
        let begin = Instant::now();
        let for_good = |looks: &[(u64, Option<u64>)]| {
            let mut asleep = Asleep::default();
            looks
                .iter()
                .for_each(|(ms, switches)| asleep.look(*switches, begin + Duration::from_millis(*ms)));
            asleep.is_for_good()
        };
        let every =
            |ms: u64, switches: fn(u64) -> Option<u64>| (0..=10_000 / ms).map(move |i| (i * ms, switches(i)));
        assert!(for_good(&every(50, |_| Some(7)).collect::<Vec<_>>()));
        assert!(!for_good(&every(50, |i| Some(i / 50)).collect::<Vec<_>>()), "it went to sleep anew");
        assert!(!for_good(&every(50, |i| (i != 100).then_some(7)).collect::<Vec<_>>()), "it was awake");
        assert!(!for_good(&every(1000, |_| Some(7)).collect::<Vec<_>>()), "it was not looked at");
        assert!(!for_good(&[(0, Some(7)), (20_000, Some(7))]), "who looks stood still");
    }
}
