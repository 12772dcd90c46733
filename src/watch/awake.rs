//! The time in which somebody looked.

/// How late a sample may be on a busy machine and still stand for the whole time before it: this many intervals
/// and ms.
const LATE_INTERVALS: f64 = 3.0;
const LATE_MS: f64 = 2_000.0;

/// A clock that stands while the sampler does not run: a stopped process (SIGSTOP, a cgroup's freezer), a machine
/// that sleeps, a function that is frozen between two calls. Nobody knows what the value was meanwhile, so a rule's
/// "for" must not be filled by it. A gap counts as one interval then.
#[derive(Clone, Debug, Default)]
pub struct Awake {
    clock: f64,
    last: Option<f64>,
}

impl Awake {
    /// A sample is taken at `now`, any clock in ms, `interval` after the one before if all is well. The time awake
    /// so far, ms. A clock that goes back counts as nothing.
    pub fn advance(&mut self, now: f64, interval: f64) -> f64 {
        let gap = self.last.map_or(0.0, |last| (now - last).max(0.0));
        self.last = Some(now);
        self.clock += if gap > interval * LATE_INTERVALS + LATE_MS { interval } else { gap };
        self.clock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_samples_count_in_full_and_gaps_as_one_interval() {
        let mut awake = Awake::default();
        assert_eq!(awake.advance(5e6, 1000.0), 0.0);
        assert_eq!(awake.advance(5e6 + 1000.0, 1000.0), 1000.0);
        assert_eq!(awake.advance(5e6 + 5000.0, 1000.0), 5000.0, "a busy machine");
        assert_eq!(awake.advance(9e6, 1000.0), 6000.0, "stopped for an hour");
        assert_eq!(awake.advance(9e6 + 10.0, 1000.0), 6010.0, "one that was asked for");
        assert_eq!(awake.advance(8e6, 1000.0), 6010.0, "set back");
        assert_eq!(awake.advance(8e6 + 1000.0, 1000.0), 7010.0);
    }
}
