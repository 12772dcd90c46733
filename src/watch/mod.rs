//! What a sample is and when it calls for action. Pure: no file, thread or clock.
//!
//! | file | concern |
//! |---|---|
//! | `sample` | [`Sample`]: what is known about the process at one moment |
//! | `metric` | [`Metric`]: the figures of a sample that a rule can watch |
//! | `rule` | [`Rule`]: what a user asked for, validated |
//! | `machine` | [`step`]: rule × state × sample → event |
//! | `awake` | [`Awake`]: the time in which somebody looked |
//! | `trend` | [`Trend`]: how fast the live heap grows |
//! | `history` | [`History`]: the last samples |
//!
//! Time comes in as a number, so that a test can be any clock and a clock can misbehave in a test.

mod awake;
mod history;
mod machine;
mod metric;
#[cfg(test)]
mod naive;
mod rule;
mod sample;
mod trend;

pub use awake::Awake;
pub use history::History;
pub use machine::{Outcome, Phase, RuleState, step};
pub use metric::{Metric, MetricKind};
pub use rule::{Action, Direction, RateLimit, Rule};
pub use sample::{Allocator, Cgroup, Pressure, Sample};
pub use trend::Trend;
