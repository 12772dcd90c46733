//! How soon a container is full, should it go on as it does. Bytes and milliseconds.
//!
//! A service that lives near its limit goes up and down with its garbage. It is about to die only when it needs more than it ever
//! has: so what counts is growth beyond the highest use so far, in a container that has little left.

use std::collections::VecDeque;

/// What is later than this is not said: an hour.
pub const NOT_SOON: f64 = 3_600_000.0;
/// Below this share of the limit nothing is about to be full: a process that starts grows fast.
const FULL: f64 = 0.75;
/// Growth is measured over this time, and over no less than the second.
const WINDOW: f64 = 1_000.0;
const SHORTEST: f64 = 50.0;
/// Bytes a millisecond at which no more than half of what is left may be filled between two looks: 500 MB/s.
const FASTEST: f64 = 500_000.0;
/// No more often than this, for a look reads some files of the kernel's.
const PACE: f64 = 20.0;
/// And than this while it does not grow.
const IDLE: f64 = 100.0;

/// What was seen of a container's use.
#[derive(Clone, Debug, Default)]
pub struct Filling {
    /// When, and how much, oldest first: at least as far back as the window, if there was somebody to look.
    seen: VecDeque<(f64, u64)>,
    /// The most before what is in `seen`, which is growth still, whatever it does within a second.
    highest: u64,
    limit: u64,
    room: Option<u64>,
    full_in: Option<f64>,
}

impl Filling {
    /// `used` of `limit` at `now`; either not known: then nothing is.
    pub fn look(&mut self, now: f64, used: Option<u64>, limit: Option<u64>) {
        let (Some(used), Some(limit)) = (used, limit.filter(|limit| *limit > 0)) else {
            self.forget();
            (self.room, self.full_in) = (None, None);
            return;
        };
        if self.seen.back().is_some_and(|(at, _)| now < *at) {
            self.forget();
        }
        if limit != self.limit {
            // Perhaps another group's, with others charged to it.
            self.seen.clear();
            (self.limit, self.highest) = (limit, used);
        }
        while self.seen.get(1).is_some_and(|(at, _)| now - at >= WINDOW) {
            if let Some((_, before)) = self.seen.pop_front() {
                self.highest = self.highest.max(before);
            }
        }
        let room = limit.saturating_sub(used);
        self.room = Some(room);
        self.full_in = Some(match self.seen.front() {
            Some((at, before))
                if used > self.highest.max(*before)
                    && used as f64 >= limit as f64 * FULL
                    && now - at >= SHORTEST =>
            {
                // Where it has been before it may go again, as fast as it likes.
                let growth = (used - self.highest.max(*before)) as f64 / (now - at);
                (room as f64 / growth).min(NOT_SOON)
            }
            _ => NOT_SOON,
        });
        self.seen.push_back((now, used));
    }

    fn forget(&mut self) {
        let highest = self.seen.drain(..).map(|(_, used)| used).max();
        self.highest = self.highest.max(highest.unwrap_or(0));
    }

    /// Milliseconds until there is nothing left: [`NOT_SOON`] at most, and where it does not grow, or not beyond what it was before.
    /// `None`: nobody knows, or there is no limit.
    pub fn full_in(&self) -> Option<f64> {
        self.full_in
    }

    /// When to look again at the latest, milliseconds from the last look; `None`: there is nothing to see.
    pub fn pace(&self) -> Option<f64> {
        let grows =
            self.seen.front().zip(self.seen.back()).is_some_and(|((_, first), (_, last))| last > first);
        self.room.map(|room| (room as f64 / 2.0 / FASTEST).max(if grows { PACE } else { IDLE }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const LIMIT: Option<u64> = Some(1000 * MIB);

    fn after(uses: impl IntoIterator<Item = (f64, u64)>) -> Filling {
        let mut filling = Filling::default();
        for (at, mib) in uses {
            filling.look(at, Some(mib * MIB), LIMIT);
        }
        filling
    }

    #[test]
    fn what_grows_is_full_when_its_room_is_used_up() {
        let filling = after((0..=20).map(|i| (f64::from(i) * 100.0, 600 + i as u64 * 10)));
        assert_eq!(filling.full_in(), Some(2_000.0), "100 MiB a second, and 200 left");
        let filling = after((0..=13).map(|i| (f64::from(i) * 100.0, 600 + i as u64 * 10)));
        assert_eq!(filling.full_in(), Some(NOT_SOON), "there is room yet");
        let filling = after([(0.0, 790), (1_000.0, 800)]);
        assert_eq!(filling.full_in(), Some(20_000.0), "two samples are enough");
        let filling = after([(0.0, 900), (1_000_000.0, 900 + 1)]);
        assert_eq!(filling.full_in(), Some(NOT_SOON), "in more than an hour");
    }

    #[test]
    fn going_up_and_down_near_the_limit_is_not_filling_it() {
        let mut filling = Filling::default();
        let mut soon = Vec::new();
        for i in 0..10_000_u64 {
            // 50 MiB of garbage in half a second, which a collection takes.
            filling.look(i as f64 * 50.0, Some((880 + i % 10 * 5) * MIB), LIMIT);
            if filling.full_in() < Some(10_000.0) {
                soon.push(i);
            }
        }
        assert!(soon.iter().all(|i| *i < 20), "in the second in which it gets there: {soon:?}");
        filling.look(600_000.0, Some(990 * MIB), LIMIT);
        assert!(filling.full_in() < Some(1_000_000.0), "more than ever");
    }

    #[test]
    fn teeth_that_are_now_and_then_a_little_higher_than_ever_are_no_filling() {
        let mut filling = Filling::default();
        let (mut state, mut alarms) = (1_u64, 0);
        for i in 0..100_000_u64 {
            let step = i % 20;
            if step == 0 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            }
            // From 800 MiB up to 850 to 900 in a second, which a collection takes.
            let peak = 50 * 1024 + (state >> 33) % (50 * 1024);
            let used = 800 * MIB + peak * 1024 * step / 19;
            filling.look(i as f64 * 50.0, Some(used), LIMIT);
            alarms += u32::from(i > 100 && filling.full_in() < Some(1_000.0));
        }
        assert_eq!(alarms, 0);
    }

    #[test]
    fn another_limit_is_another_account() {
        let mut filling = after([(0.0, 800), (500.0, 800)]);
        filling.look(1_000.0, Some(1_900 * MIB), Some(2_000 * MIB));
        assert_eq!(filling.full_in(), Some(NOT_SOON), "others are charged too");
        filling.look(1_500.0, None, None);
        assert_eq!(filling.full_in(), None);
        filling.look(2_000.0, Some(1_850 * MIB), Some(2_000 * MIB));
        filling.look(2_500.0, Some(1_890 * MIB), Some(2_000 * MIB));
        assert_eq!(filling.full_in(), Some(NOT_SOON), "it was higher before it could not be looked at");
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        let mut filling = Filling::default();
        assert_eq!((filling.full_in(), filling.pace()), (None, None));
        filling.look(0.0, Some(1), None);
        assert_eq!((filling.full_in(), filling.pace()), (None, None), "no limit");
        filling.look(1.0, Some(5), Some(0));
        assert_eq!(filling.full_in(), None);
        filling.look(2.0, Some(900 * MIB), LIMIT);
        assert_eq!(filling.full_in(), Some(NOT_SOON), "one look sees no growth");
        filling.look(1.0, Some(950 * MIB), LIMIT);
        assert_eq!(filling.full_in(), Some(NOT_SOON), "a clock that runs backwards");
    }

    #[test]
    fn the_less_is_left_the_oftener_it_is_looked_at() {
        let pace = |mib| after([(0.0, mib)]).pace();
        assert_eq!(pace(1000), Some(IDLE));
        assert_eq!(after([(0.0, 980), (50.0, 990)]).pace(), Some(PACE));
        assert!(pace(500) > Some(500.0) && pace(900) < Some(110.0), "{:?}", pace(900));
    }
}
