//! For tests alone: the rule machine, so that its twin in JavaScript (`lib/addon/fallback/machine.js`) can be compared
//! with it on the same series; and the interruption of threads that need none.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::{Value, json};

use super::{Code, fault};
use crate::monitor::settings::parse;
use crate::watch::{Outcome, Rule, RuleState, Sample, step};

/// What a rule on `liveHeapGrowth` makes of `series`, `[[now, value | null, at], …]`: for each its outcome and the
/// state after it, as JSON.
#[napi]
pub fn judge_for_test(rule: String, series: String) -> Result<String, Code> {
    let rule: Rule = parse(&rule).map_err(fault)?;
    let series: Vec<(f64, Option<f64>, f64)> = parse(&series).map_err(fault)?;
    let mut state = RuleState::default();
    let all: Vec<Value> = series
        .into_iter()
        .map(|(now, value, at)| {
            let sample = Sample { at, live_heap_growth: value, ..Sample::default() };
            let outcome = step(&rule, &mut state, &sample, now).map(|outcome| match outcome {
                Outcome::Breach { value, since, actions, limited } => {
                    json!({ "type": "breach", "value": value, "since": since, "actions": actions, "limited": limited })
                }
                // Of rules with reports, which only the addon makes.
                Outcome::Lasts { actions } => json!({ "type": "lasts", "actions": actions }),
                Outcome::Recovered { value, since } => {
                    json!({ "type": "recovered", "value": value, "since": since })
                }
            });
            json!([outcome, state])
        })
        .collect();
    Ok(Value::from(all).to_string())
}

/// From now on, or no longer, a capture interrupts JavaScript's thread at whatever it does, as if it had asked in vain
/// (`scripts/moments.js`).
#[napi]
pub fn interrupt_for_test(on: bool) {
    #[cfg(target_os = "linux")]
    crate::orders::interrupt_for_test(on);
    #[cfg(not(target_os = "linux"))]
    let _ = on;
}
