//! Property tests of the rule machine against a naive twin.
//!
//! The machine keeps a few fields and moves them when the clock goes back. The twin keeps everything that
//! ever happened, on a clock of its own that adds up only the steps forward, and asks its questions anew
//! at each sample by looking through all of it.

use super::*;
use proptest::prelude::*;

/// The rule under test watches the one metric that may have any value.
fn sample(value: Option<f64>) -> Sample {
    Sample { live_heap_growth: value, ..Sample::default() }
}

#[derive(Clone, Debug)]
struct Step {
    /// Milliseconds since the step before; below 0 = the clock was set back.
    after: f64,
    value: Option<f64>,
}

/// What the twin remembers of each known sample, in its own time.
#[derive(Default)]
struct Past {
    samples: Vec<(f64, f64)>,
    /// (when, acted)
    breaches: Vec<(f64, bool)>,
    recoveries: usize,
    /// When the trouble of the last breach began.
    trouble: f64,
}

impl Past {
    /// The outcome with `since` as an age, because the twin's clock is not the caller's.
    fn step(&mut self, rule: &Rule, at: f64, value: f64) -> Option<Outcome> {
        self.samples.push((at, value));
        let above = rule.direction == Direction::Above;
        let over = |value: f64| if above { value > rule.threshold } else { value < rule.threshold };
        if self.breaches.len() > self.recoveries {
            let cleared = if above { value <= rule.clear } else { value >= rule.clear };
            self.recoveries += usize::from(cleared);
            return cleared.then_some(Outcome::Recovered { value, since: at - self.trouble });
        }
        let run = self.samples.iter().rev().take_while(|(_, value)| over(*value));
        let start = run.last()?.0;
        let cooled = self.breaches.iter().all(|(breach, _)| at - breach >= rule.cooldown_ms);
        if at - start < rule.for_ms || !cooled {
            return None;
        }
        let acted = |per: f64| self.breaches.iter().filter(|(then, acted)| *acted && at - then < per).count();
        let spent = rule.limit.is_some_and(|limit| acted(limit.per_ms) >= limit.count as usize);
        let limited = spent && !rule.actions.is_empty();
        self.breaches.push((at, !limited && !rule.actions.is_empty()));
        self.trouble = start;
        let actions = if limited { vec![] } else { rule.actions.clone() };
        Some(Outcome::Breach { value, since: at - start, actions, limited })
    }
}

/// Whole numbers in a narrow range, so that limits are hit exactly and often.
fn rules() -> impl Strategy<Value = Rule> {
    let actions = prop_oneof![Just(vec![]), Just(vec![Action::Snapshot])];
    let limit = prop::option::of((1..4u32, 1..60u32))
        .prop_map(|limit| limit.map(|(count, per)| RateLimit { count, per_ms: f64::from(per) }));
    let durations = (prop_oneof![Just(0u32), 0..12u32], prop_oneof![Just(0u32), 0..40u32]);
    (any::<bool>(), -5..5i32, 0..4i32, durations, limit, actions).prop_map(
        |(above, threshold, slack, (held, cooldown), limit, actions)| Rule {
            name: "r".to_owned(),
            metric: Metric::LiveHeapGrowth,
            direction: if above { Direction::Above } else { Direction::Below },
            threshold: f64::from(threshold),
            for_ms: f64::from(held),
            clear: f64::from(if above { threshold - slack } else { threshold + slack }),
            cooldown_ms: f64::from(cooldown),
            limit,
            actions,
        },
    )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let after = prop_oneof![20 => 0..8i32, 1 => -200..0i32, 1 => 0..200i32].prop_map(f64::from);
    // Calm and trouble in stretches: single draws would hardly ever hold for long.
    let known = || prop_oneof![4 => (-9..9i32).prop_map(f64::from), 3 => Just(9.0), 3 => Just(-9.0)];
    let value = prop_oneof![9 => known().prop_map(Some), 1 => Just(None), 1 => Just(Some(f64::NAN))];
    let stretch = (value, prop::collection::vec(after, 1..6));
    prop::collection::vec(stretch, 1..60).prop_map(|stretches| {
        let spread = |(value, gaps): (Option<f64>, Vec<f64>)| {
            gaps.into_iter().map(move |after| Step { after, value }).collect::<Vec<_>>()
        };
        stretches.into_iter().flat_map(spread).collect()
    })
}

/// What the machine says at each step, `since` as an age.
fn run(rule: &Rule, steps: &[Step]) -> Vec<Option<Outcome>> {
    let (mut state, mut now) = (RuleState::default(), 1_000_000.0);
    // Samples are stamped with a clock that only goes forward, as the twin's does.
    let (mut at, mut unseen) = (5_000_000.0, 0.0);
    let mut judge = |step_: &Step| {
        now += step_.after;
        unseen += step_.after;
        if step_.value.is_some_and(f64::is_finite) {
            at += f64::max(std::mem::take(&mut unseen), 0.0);
        }
        let mut outcome = step(rule, &mut state, &Sample { at, ..sample(step_.value) }, now);
        if let Some(Outcome::Breach { since, .. } | Outcome::Recovered { since, .. }) = &mut outcome {
            *since = at - *since;
        }
        outcome
    };
    steps.iter().map(&mut judge).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn agrees_with_the_twin(rule in rules(), steps in steps()) {
        rule.validate()?;
        let (mut past, mut at, mut unseen) = (Past::default(), 0.0, 0.0);
        let mut expected = Vec::new();
        for step in &steps {
            // The machine does not look at the clock when there is no value.
            unseen += step.after;
            let value = step.value.filter(|value| value.is_finite());
            expected.push(value.and_then(|value| {
                at += f64::max(std::mem::take(&mut unseen), 0.0);
                past.step(&rule, at, value)
            }));
        }
        prop_assert_eq!(run(&rule, &steps), expected);
    }

    #[test]
    fn above_and_below_are_mirror_images(rule in rules(), mut steps in steps()) {
        let seen = run(&rule, &steps);
        steps.iter_mut().for_each(|step| step.value = step.value.map(|value| -value));
        let direction = if rule.direction == Direction::Above { Direction::Below } else { Direction::Above };
        let mirrored = Rule { direction, threshold: -rule.threshold, clear: -rule.clear, ..rule };
        let mut image = run(&mirrored, &steps);
        for outcome in image.iter_mut().flatten() {
            if let Outcome::Breach { value, .. } | Outcome::Recovered { value, .. } = outcome {
                *value = -*value;
            }
        }
        prop_assert_eq!(image, seen);
    }

    /// What a user is promised, said without the machine: events alternate, breaches keep their
    /// distance, and no window holds more actions than the limit.
    #[test]
    fn keeps_its_promises(rule in rules(), mut steps in steps()) {
        steps.iter_mut().for_each(|step| step.after = step.after.abs());
        let (mut at, mut last, mut acted) = (0.0, None, Vec::new());
        let mut breached = false;
        for (outcome, step) in run(&rule, &steps).into_iter().zip(&steps) {
            at += step.after;
            match outcome {
                Some(Outcome::Breach { since, actions, limited, .. }) => {
                    prop_assert!(!breached && since >= rule.for_ms);
                    prop_assert!(last.replace(at).is_none_or(|last: f64| at - last >= rule.cooldown_ms));
                    prop_assert_eq!(actions.is_empty(), limited || rule.actions.is_empty());
                    breached = true;
                    if !actions.is_empty() {
                        acted.push(at);
                    }
                    if let Some(limit) = rule.limit {
                        let window = acted.iter().filter(|then| at - **then < limit.per_ms).count();
                        prop_assert!(window <= limit.count as usize);
                        prop_assert!(!limited || window == limit.count as usize);
                    }
                }
                Some(Outcome::Recovered { .. }) => {
                    prop_assert!(breached);
                    breached = false;
                }
                // These rules order no reports.
                Some(Outcome::Lasts { .. }) => prop_assert!(false),
                None => {}
            }
        }
    }
}
