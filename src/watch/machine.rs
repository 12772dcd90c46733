//! The rule machine: rule × state × sample → event.
//!
//! ```text
//!            breaks                    held for_ms, cooldown over
//!   Ok ────────────────────▶ Pending ─────────────────────────────▶ Breached
//!    ▲◀── no longer breaks ─────┘                        → Outcome::Breach │
//!    └───────────────────────── clears ──────────────────────────────────────┘
//!                                  → Outcome::Recovered
//! ```
//!
//! A breach that lasts is reported again when its cooldown is over, if the rule orders reports: the second one speaks of growth
//! (`Outcome::Lasts`). Files are not: one of each breach is evidence, more of them fill the disk.
//!
//! A sample that does not know the value changes nothing, as if it had not been taken.
//!
//! Two clocks: durations are measured on the one given to [`step`], which stands while the sampler does not run
//! (see [`Awake`](super::awake::Awake)); what a user is told is stamped with the samples' `at`, the clock on the wall.

use super::rule::{Action, Rule};
use super::sample::Sample;
use serde::Serialize;
use std::collections::VecDeque;

/// Where a rule stands. Times that can be read are stamps of samples: milliseconds since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleState {
    /// Where in the cycle.
    pub phase: Phase,
    /// When the value went over to the breach side; `None` while all is well.
    pub since: Option<f64>,
    /// The last known value, in the metric's unit.
    pub value: Option<f64>,
    /// Breaches raised so far.
    pub breaches: u64,
    /// Breaches whose actions were ordered so far.
    pub actions_taken: u64,
    /// When the last breach was raised.
    pub last_breach_at: Option<f64>,
    /// No breach is raised before this, if the sampler runs on; `None` when none is held back.
    pub cooling_until: Option<f64>,
    /// `since` on the clock given to [`step`].
    #[serde(skip)]
    held_from: Option<f64>,
    /// `cooling_until` likewise.
    #[serde(skip)]
    cools_until: Option<f64>,
    /// When actions were ordered, oldest first; none that has left the limit's window.
    #[serde(skip)]
    acted_at: VecDeque<f64>,
    /// When the last known value came.
    #[serde(skip)]
    now: Option<f64>,
}

/// Where in the cycle a rule is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// The value is where it should be.
    #[default]
    Ok,
    /// The value is on the breach side, not yet for long enough, or the cooldown runs.
    Pending,
    /// A breach was raised and has not ended.
    Breached,
}

/// What a sample brought about.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The rule is breached.
    Breach {
        /// The value now, in the metric's unit.
        value: f64,
        /// When it went over to the breach side.
        since: f64,
        /// What to do now; empty when `limited`.
        actions: Vec<Action>,
        /// The rule has actions and its limit withheld them.
        limited: bool,
    },
    /// The breach is still there after its cooldown.
    Lasts {
        /// What to do now.
        actions: Vec<Action>,
    },
    /// The breach is over.
    Recovered {
        /// The value now, in the metric's unit.
        value: f64,
        /// When it had gone over to the breach side: the whole length of the trouble.
        since: f64,
    },
}

/// Judges one sample. `now_ms` may be any clock as long as it is always the same one; where it goes back,
/// no time has passed, and where it stands, none either. Samples without a known value, and a `now_ms` that is no finite number, change
/// nothing.
pub fn step(rule: &Rule, state: &mut RuleState, sample: &Sample, now_ms: f64) -> Option<Outcome> {
    let value = rule.metric.read(sample)?;
    if !now_ms.is_finite() {
        return None;
    }
    state.tick(now_ms, sample.at);
    state.value = Some(value);
    match state.phase {
        Phase::Breached if rule.clears(value) => {
            state.phase = Phase::Ok;
            state.held_from = None;
            let since = state.since.take().unwrap_or(sample.at);
            Some(Outcome::Recovered { value, since })
        }
        Phase::Breached => state.lasts(rule, (now_ms, sample.at)),
        Phase::Ok | Phase::Pending if rule.breaks(value) => {
            state.phase = Phase::Pending;
            let since = *state.since.get_or_insert(sample.at);
            let held = now_ms - *state.held_from.get_or_insert(now_ms) >= rule.for_ms;
            (held && state.cools_until.is_none())
                .then(|| state.breach(rule, value, since, (now_ms, sample.at)))
        }
        Phase::Ok | Phase::Pending => {
            state.phase = Phase::Ok;
            (state.since, state.held_from) = (None, None);
            None
        }
    }
}

impl RuleState {
    /// Moves on to `now`, which is `at` on the wall. When the clock was set back, every time remembered on it is
    /// set back by as much: otherwise a correction of an hour would stretch a cooldown of minutes by that hour.
    fn tick(&mut self, now: f64, at: f64) {
        if let Some(back) = self.now.map(|before| before - now).filter(|back| *back > 0.0) {
            let times = [&mut self.held_from, &mut self.cools_until];
            for time in times.into_iter().flatten().chain(&mut self.acted_at) {
                *time -= back;
            }
        }
        self.now = Some(now);
        self.cools_until = self.cools_until.filter(|until| now < *until);
        self.cooling_until = self.cools_until.map(|until| at + (until - now));
    }

    fn breach(&mut self, rule: &Rule, value: f64, since: f64, (now, at): (f64, f64)) -> Outcome {
        self.phase = Phase::Breached;
        self.breaches += 1;
        self.last_breach_at = Some(at);
        self.cool(rule, now, at);
        let limited = !rule.actions.is_empty() && !self.may_act(rule, now);
        let actions = if limited { Vec::new() } else { rule.actions.clone() };
        Outcome::Breach { value, since, actions, limited }
    }

    fn cool(&mut self, rule: &Rule, now: f64, at: f64) {
        self.cools_until = (rule.cooldown_ms > 0.0).then_some(now + rule.cooldown_ms);
        self.cooling_until = self.cools_until.map(|until| at + (until - now));
    }

    /// Without a cooldown nothing is done again: that would be with each sample.
    fn lasts(&mut self, rule: &Rule, (now, at): (f64, f64)) -> Option<Outcome> {
        let again = rule.actions.contains(&Action::Report) && rule.cooldown_ms > 0.0;
        if !again || self.cools_until.is_some() {
            return None;
        }
        self.cool(rule, now, at);
        self.may_act(rule, now).then(|| Outcome::Lasts { actions: vec![Action::Report] })
    }

    /// Whether the limit lets this breach act, and if so counts it.
    fn may_act(&mut self, rule: &Rule, now: f64) -> bool {
        if let Some(limit) = rule.limit {
            while self.acted_at.front().is_some_and(|at| now - at >= limit.per_ms) {
                self.acted_at.pop_front();
            }
            if self.acted_at.len() >= limit.count as usize {
                return false;
            }
            self.acted_at.push_back(now);
        }
        self.actions_taken += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{Direction, Metric, RateLimit};

    fn rule() -> Rule {
        Rule {
            name: "r".to_owned(),
            metric: Metric::LiveHeapGrowth,
            direction: Direction::Above,
            threshold: 100.0,
            for_ms: 0.0,
            clear: 100.0,
            cooldown_ms: 0.0,
            limit: None,
            actions: vec![],
        }
    }

    #[test]
    fn a_breach_that_lasts_is_reported_again_and_leaves_no_second_file() {
        let over = |times: &[f64]| times.iter().map(|at| (*at, 200.0)).collect::<Vec<_>>();
        let times = over(&[0.0, 5.0, 9.0, 10.0, 11.0, 20.0, 30.0]);
        let reports = Rule {
            cooldown_ms: 10.0,
            actions: vec![Action::Snapshot, Action::Report],
            limit: Some(RateLimit { count: 3, per_ms: 1e6 }),
            ..rule()
        };
        assert_eq!(run(&reports, &times), "BbbAbAb");
        let snapshots = Rule { actions: vec![Action::Snapshot], ..reports.clone() };
        assert_eq!(run(&snapshots, &times), "Bbbbbbb");
        assert_eq!(run(&Rule { cooldown_ms: 0.0, ..reports }, &times), "Bbbbbbb");
    }

    /// Feeds (time, value) pairs and tells what came of each: `B` breach, `L` breach with actions
    /// withheld, `R` recovered, `p` pending, `b` still breached, `.` nothing.
    fn run(rule: &Rule, samples: &[(f64, f64)]) -> String {
        let mut state = RuleState::default();
        samples
            .iter()
            .map(|&(now, value)| {
                let sample = Sample { live_heap_growth: Some(value), ..Sample::default() };
                match (step(rule, &mut state, &sample, now), state.phase) {
                    (Some(Outcome::Breach { limited, .. }), _) => {
                        if limited {
                            'L'
                        } else {
                            'B'
                        }
                    }
                    (Some(Outcome::Lasts { .. }), _) => 'A',
                    (Some(Outcome::Recovered { .. }), _) => 'R',
                    (None, Phase::Pending) => 'p',
                    (None, Phase::Breached) => 'b',
                    (None, Phase::Ok) => '.',
                }
            })
            .collect()
    }

    #[test]
    fn at_once_and_exactly_at_the_threshold() {
        assert_eq!(run(&rule(), &[(0.0, 100.0), (1.0, 100.1), (2.0, 200.0), (3.0, 100.0)]), ".BbR");
        let below = Rule { direction: Direction::Below, ..rule() };
        assert_eq!(run(&below, &[(0.0, 100.0), (1.0, 99.9), (2.0, 0.0), (3.0, 100.0)]), ".BbR");
    }

    #[test]
    fn must_hold_and_starts_anew_when_it_did_not() {
        let rule = Rule { for_ms: 30.0, ..rule() };
        let samples = [(0.0, 101.0), (29.0, 101.0), (30.0, 101.0)];
        assert_eq!(run(&rule, &samples), "ppB");
        let samples = [(0.0, 101.0), (29.0, 100.0), (30.0, 101.0), (59.0, 101.0), (60.0, 101.0)];
        assert_eq!(run(&rule, &samples), "p.ppB");
    }

    #[test]
    fn between_clear_and_threshold_nothing_changes() {
        let rule = Rule { clear: 80.0, ..rule() };
        let samples = [(0.0, 90.0), (1.0, 101.0), (2.0, 90.0), (3.0, 101.0), (4.0, 80.0), (5.0, 90.0)];
        assert_eq!(run(&rule, &samples), ".BbbR.");
    }

    #[test]
    fn a_cooldown_holds_the_next_breach_back_and_then_lets_it_out() {
        let rule = Rule { cooldown_ms: 100.0, ..rule() };
        let samples = [(0.0, 101.0), (1.0, 0.0), (2.0, 101.0), (99.0, 101.0), (100.0, 101.0)];
        assert_eq!(run(&rule, &samples), "BRppB");
        let samples = [(0.0, 101.0), (1.0, 0.0), (2.0, 101.0), (99.0, 0.0), (100.0, 0.0), (101.0, 101.0)];
        assert_eq!(run(&rule, &samples), "BRp..B");
    }

    #[test]
    fn a_limit_bounds_actions_and_never_events() {
        let limit = Some(RateLimit { count: 2, per_ms: 10.0 });
        let rule = Rule { limit, actions: vec![Action::Snapshot], ..rule() };
        let flips: Vec<_> = (0..14).map(|at| (f64::from(at), f64::from((at + 1) % 2 * 101))).collect();
        assert_eq!(run(&rule, &flips), "BRBRLRLRLRBRBR");
        let idle = Rule { actions: vec![], ..rule };
        assert_eq!(run(&idle, &flips), "BR".repeat(7), "nothing to limit");
    }

    #[test]
    fn a_clock_set_back_by_an_hour_costs_no_hour() {
        let hour = 3_600e3;
        let rule = Rule { for_ms: 10.0, cooldown_ms: 100.0, ..rule() };
        let samples =
            [(hour, 101.0), (1.0, 101.0), (11.0, 101.0), (12.0, 0.0), (-hour, 101.0), (98.0 - hour, 101.0)];
        assert_eq!(run(&rule, &samples), "ppBRpp");
        let mut longer = samples.to_vec();
        longer.push((99.0 - hour, 101.0));
        assert_eq!(run(&rule, &longer), "ppBRppB");
    }

    #[test]
    fn unknown_values_and_times_change_nothing() {
        let rule = Rule { for_ms: 10.0, ..rule() };
        let over = Sample { live_heap_growth: Some(101.0), ..Sample::default() };
        let mut state = RuleState::default();
        step(&rule, &mut state, &over, 0.0);
        let before = state.clone();
        for odd in [None, Some(f64::NAN), Some(f64::INFINITY)] {
            let sample = Sample { live_heap_growth: odd, ..Sample::default() };
            assert_eq!(step(&rule, &mut state, &sample, 50.0), None);
        }
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(step(&rule, &mut state, &over, odd), None);
        }
        assert_eq!(state, before);
        let outcome = step(&rule, &mut state, &over, 10.0);
        assert_eq!(
            outcome,
            Some(Outcome::Breach { value: 101.0, since: 0.0, actions: vec![], limited: false })
        );
    }

    #[test]
    fn stamps_are_those_of_the_wall_and_durations_are_not() {
        let rule = Rule { for_ms: 10.0, cooldown_ms: 100.0, ..rule() };
        let mut state = RuleState::default();
        let mut at_wall = |at: f64, value: f64, now: f64| {
            let sample = Sample { at, live_heap_growth: Some(value), ..Sample::default() };
            let outcome = step(&rule, &mut state, &sample, now);
            (outcome, state.since, state.cooling_until)
        };
        assert_eq!(at_wall(1e9, 101.0, 0.0), (None, Some(1e9), None));
        // An hour passes on the wall and none here: stopped, or the wall was set.
        assert_eq!(at_wall(1e9 + 3.6e6, 101.0, 1.0), (None, Some(1e9), None));
        let breach = Outcome::Breach { value: 101.0, since: 1e9, actions: vec![], limited: false };
        assert_eq!(at_wall(1e9 + 9.0, 101.0, 10.0), (Some(breach), Some(1e9), Some(1e9 + 109.0)));
        let recovered = Outcome::Recovered { value: 0.0, since: 1e9 };
        assert_eq!(at_wall(2e9, 0.0, 60.0), (Some(recovered), None, Some(2e9 + 50.0)));
        assert_eq!(at_wall(3e9, 0.0, 110.0), (None, None, None));
    }

    #[test]
    fn the_state_can_be_read() {
        let rule = Rule { cooldown_ms: 5.0, actions: vec![Action::Snapshot], ..rule() };
        let mut state = RuleState::default();
        step(
            &rule,
            &mut state,
            &Sample { at: 1007.0, live_heap_growth: Some(101.0), ..Sample::default() },
            7.0,
        );
        assert_eq!(
            serde_json::to_value(&state).unwrap(),
            serde_json::json!({
                "phase": "breached", "since": 1007.0, "value": 101.0, "breaches": 1, "actionsTaken": 1,
                "lastBreachAt": 1007.0, "coolingUntil": 1012.0
            })
        );
    }
}
