//! What a user asked to be told about, validated.

use super::metric_kind::MetricKind;
use super::sample::Metric;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// More than this many actions in one window is no limit, and each costs the rule's state eight bytes.
const MOST_ACTIONS: u32 = 10_000;

/// "When `metric` is `direction` `threshold` for `for_ms`, tell me, and do `actions`."
///
/// JSON: `{name, metric, above | below, forMs?, clear?, cooldownMs?, limit?: {count, perMs}, do?}` with
/// numbers only; a rule that was deserialized is [valid](Rule::validate).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "RuleJson")]
pub struct Rule {
    /// Names the rule in its events and files.
    pub name: String,
    /// What is watched.
    pub metric: Metric,
    /// The side of the threshold that is a breach.
    pub direction: Direction,
    /// In the metric's unit. The threshold itself is not a breach.
    pub threshold: f64,
    /// Milliseconds the value must hold before it is a breach; 0 = at once.
    pub for_ms: f64,
    /// A breach ends when the value is back here: at most (above) or at least (below) this. Default: the
    /// threshold.
    pub clear: f64,
    /// Milliseconds from one breach to the next, at least. Default: ten minutes.
    pub cooldown_ms: f64,
    /// Bounds the actions, never the event.
    pub limit: Option<RateLimit>,
    /// What to do on a breach, beside raising the event.
    pub actions: Vec<Action>,
}

/// The side of the threshold that is a breach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Greater than the threshold.
    Above,
    /// Less than the threshold.
    Below,
}

/// At most `count` breaches in any `per_ms` milliseconds have their actions carried out. A breach's
/// actions are all done or none: half of an answer helps nobody.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    /// 1…10 000.
    pub count: u32,
    /// Length of the sliding window, milliseconds, above 0.
    pub per_ms: f64,
}

/// Declares the actions once: [`Action::ALL`] lists them.
macro_rules! actions {
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident,)+ }) => {
        $(#[$about])*
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every action, in the order in which messages list them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
        }
    };
}

actions! {
    /// What a breach can set off. Any other word is refused, wherever a rule comes from. `src/orders/actions.rs` carries them out,
    /// and JavaScript asks for this list. `index.d.ts` and docs/register.md have it too, which a test of the package compares.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub enum Action {
        /// Leave a heap snapshot.
        Snapshot,
        /// Say what holds the heap, and since the last report what grows; leaves no file.
        Report,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RuleJson {
    name: String,
    metric: Metric,
    above: Option<f64>,
    below: Option<f64>,
    #[serde(default)]
    for_ms: f64,
    clear: Option<f64>,
    #[serde(default = "ten_minutes")]
    cooldown_ms: f64,
    limit: Option<RateLimit>,
    #[serde(default, rename = "do")]
    actions: Vec<Action>,
}

fn ten_minutes() -> f64 {
    600e3
}

impl TryFrom<RuleJson> for Rule {
    type Error = Error;

    fn try_from(json: RuleJson) -> Result<Self> {
        let (direction, threshold) = match (json.above, json.below) {
            (Some(above), None) => (Direction::Above, above),
            (None, Some(below)) => (Direction::Below, below),
            (given, _) => {
                let given = if given.is_some() { "both" } else { "neither" };
                let problem = format!("takes one of above and below; given: {given}");
                return Err(refused(&json.name, &problem));
            }
        };
        let rule = Self {
            name: json.name,
            metric: json.metric,
            direction,
            threshold,
            for_ms: json.for_ms,
            clear: json.clear.unwrap_or(threshold),
            cooldown_ms: json.cooldown_ms,
            limit: json.limit,
            actions: json.actions,
        };
        rule.validate()?;
        Ok(rule)
    }
}

impl Direction {
    /// The name the threshold has in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Below => "below",
        }
    }
}

impl Rule {
    /// Whether the value is on the breach side. The threshold itself is not, nor is NaN.
    pub fn breaks(&self, value: f64) -> bool {
        match self.direction {
            Direction::Above => value > self.threshold,
            Direction::Below => value < self.threshold,
        }
    }

    /// Whether the value ends a breach. `clear` itself does: "above 0" must be able to end at 0.
    pub fn clears(&self, value: f64) -> bool {
        match self.direction {
            Direction::Above => value <= self.clear,
            Direction::Below => value >= self.clear,
        }
    }

    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// `HEAPWARDEN_INVALID_OPTION`, naming the rule, the option, what was given and what is accepted.
    pub fn validate(&self) -> Result<()> {
        let check = |valid: bool, option: &str, given: &dyn std::fmt::Display, accepted: &str| {
            let problem = || format!("{option}: {given} is not accepted; accepted: {accepted}");
            if valid { Ok(()) } else { Err(refused(&self.name, &problem())) }
        };
        let printable = !self.name.trim().is_empty() && !self.name.contains(char::is_control);
        let length = self.name.chars().count();
        check(
            printable && length <= 100,
            "name",
            &format!("{length} characters"),
            "1 to 100 printable ones",
        )?;

        let (range, accepted) = match self.metric.kind() {
            MetricKind::Ratio => (0.0..=1.0, "a ratio from 0 to 1"),
            MetricKind::Percent => (0.0..=100.0, "a percentage from 0 to 100"),
            MetricKind::BytesPerSecond => (f64::MIN..=f64::MAX, "a finite number of bytes per second"),
            MetricKind::Bytes => (0.0..=f64::MAX, "a number of bytes, 0 or more"),
            MetricKind::Milliseconds => (0.0..=f64::MAX, "a number of milliseconds, 0 or more"),
            MetricKind::Count => (0.0..=f64::MAX, "a number, 0 or more"),
        };
        check(range.contains(&self.threshold), self.direction.name(), &self.threshold, accepted)?;
        check(range.contains(&self.clear), "clear", &self.clear, accepted)?;
        // A breach that is cleared by the value that raised it would come and go with every sample.
        let side = match self.direction {
            Direction::Above => "at most the threshold",
            Direction::Below => "at least the threshold",
        };
        check(!self.breaks(self.clear), "clear", &self.clear, side)?;

        let duration = |ms: f64| ms.is_finite() && ms >= 0.0;
        let accepted = "a number of milliseconds, 0 or more";
        check(duration(self.for_ms), "forMs", &self.for_ms, accepted)?;
        check(duration(self.cooldown_ms), "cooldownMs", &self.cooldown_ms, accepted)?;
        if let Some(RateLimit { count, per_ms }) = self.limit {
            check((1..=MOST_ACTIONS).contains(&count), "limit.count", &count, "1 to 10000")?;
            check(duration(per_ms) && per_ms > 0.0, "limit.perMs", &per_ms, "milliseconds above 0")?;
        }
        let twice = self.actions.iter().enumerate().any(|(at, action)| self.actions[..at].contains(action));
        check(!twice, "do", &"the same action twice", "each once")
    }
}

fn refused(rule: &str, problem: &str) -> Error {
    let shown: String = rule.chars().take(40).collect();
    Error::InvalidOption(format!("rule {shown:?}: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parse(mut changes: Value) -> std::result::Result<Rule, String> {
        let mut json = json!({ "name": "r", "metric": "rss" });
        json.as_object_mut().unwrap().append(changes.as_object_mut().unwrap());
        serde_json::from_value(json).map_err(|error| error.to_string())
    }

    #[test]
    fn json_and_its_defaults() {
        let rule = parse(json!({ "above": 100 })).unwrap();
        let expected = Rule {
            name: "r".to_owned(),
            metric: Metric::Rss,
            direction: Direction::Above,
            threshold: 100.0,
            for_ms: 0.0,
            clear: 100.0,
            cooldown_ms: 600_000.0,
            limit: None,
            actions: vec![],
        };
        assert_eq!(rule, expected);
        let rule = parse(json!({
            "metric": "heapUsedRatio", "below": 0.2, "forMs": 30_000, "clear": 0.3, "cooldownMs": 5,
            "limit": { "count": 2, "perMs": 60_000 }, "do": ["snapshot"]
        }));
        let expected = Rule {
            metric: Metric::HeapUsedRatio,
            direction: Direction::Below,
            threshold: 0.2,
            for_ms: 30_000.0,
            clear: 0.3,
            cooldown_ms: 5.0,
            limit: Some(RateLimit { count: 2, per_ms: 60_000.0 }),
            actions: vec![Action::Snapshot],
            ..expected
        };
        assert_eq!(rule, Ok(expected));
    }

    #[test]
    fn refusals_name_the_rule_the_option_and_what_is_accepted() {
        for (changes, words) in [
            (json!({}), "above and below; given: neither"),
            (json!({ "above": 1, "below": 1 }), "above and below; given: both"),
            (json!({ "above": -1 }), "above: -1 is not accepted; accepted: a number of bytes"),
            (json!({ "above": 1, "clear": 2 }), "clear: 2 is not accepted; accepted: at most"),
            (json!({ "below": 2, "clear": 1 }), "clear: 1 is not accepted; accepted: at least"),
            (
                json!({ "above": 80, "metric": "heapUsedRatio" }),
                "above: 80 is not accepted; accepted: a ratio",
            ),
            (json!({ "above": 101, "metric": "pressure" }), "from 0 to 100"),
            (json!({ "above": 1, "forMs": -1 }), "forMs: -1"),
            (json!({ "above": 1, "cooldownMs": -0.5 }), "cooldownMs: -0.5"),
            (json!({ "above": 1, "limit": { "count": 0, "perMs": 1 } }), "limit.count: 0"),
            (json!({ "above": 1, "limit": { "count": 10_001, "perMs": 1 } }), "1 to 10000"),
            (json!({ "above": 1, "limit": { "count": 1, "perMs": 0 } }), "limit.perMs: 0"),
            (json!({ "above": 1, "do": ["snapshot", "snapshot"] }), "do: the same action twice"),
        ] {
            let message = parse(changes).unwrap_err();
            assert!(message.contains("rule \"r\"") && message.contains(words), "{message}");
        }
        for (changes, words) in [
            (json!({ "above": 1, "name": " " }), "name: 1 characters"),
            (json!({ "above": 1, "name": "a\u{1b}[2J" }), "printable"),
            (json!({ "above": 1, "name": "a".repeat(101) }), "name: 101 characters"),
            (json!({ "above": 1, "metric": "memory" }), "\"memory\" is not a metric"),
            (json!({ "above": 1, "colldown": 1 }), "colldown"),
            (json!({ "above": 1, "limit": { "count": -1, "perMs": 1 } }), "-1"),
            (json!({ "above": 1, "limit": { "count": 1, "perMs": 1, "per": 1 } }), "per"),
            (json!({ "above": "1GB" }), "1GB"),
            (json!({ "above": 1, "do": ["restart"] }), "restart"),
            (json!({ "above": 1, "do": ["snapshot", "profile"] }), "unknown variant `profile`"),
        ] {
            let message = parse(changes).unwrap_err();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn numbers_json_cannot_carry_are_refused_too() {
        let rule = parse(json!({ "above": 1 })).unwrap();
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for bad in [
                Rule { threshold: odd, ..rule.clone() },
                Rule { clear: odd, ..rule.clone() },
                Rule { for_ms: odd, ..rule.clone() },
                Rule { cooldown_ms: odd, ..rule.clone() },
                Rule { limit: Some(RateLimit { count: 1, per_ms: odd }), ..rule.clone() },
                Rule { metric: Metric::LiveHeapGrowth, threshold: odd, ..rule.clone() },
            ] {
                assert_eq!(bad.validate().unwrap_err().code(), "HEAPWARDEN_INVALID_OPTION", "{bad:?}");
            }
        }
        let shrinking = parse(json!({ "metric": "liveHeapGrowth", "below": -1e6, "clear": 0 }));
        assert!(shrinking.is_ok(), "a growth may be negative");
    }
}
