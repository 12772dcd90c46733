//! What a sample is and when it calls for action. Pure: no file, thread or clock.
//!
//! | file | concern |
//! |---|---|
//! | `sample` | [`Sample`]: what is known about the process at one moment; [`Metric`]: which of it a rule can watch |
//! | `metric_kind` | [`MetricKind`]: what a metric's number means; how metrics are declared |
//! | `metric` | their names, as users type them |
//! | `rule` | [`Rule`]: what a user asked for, validated |
//! | `machine` | [`step`]: rule × state × sample → event |
//! | `awake` | [`Awake`]: the time in which somebody looked |
//! | `filling` | [`Filling`]: how soon the container is full |
//! | `trend` | [`Trend`]: how fast the live heap grows |
//! | `history` | [`History`]: the last samples |
//!
//! Architecture invariants: nothing here opens a file, starts a thread, takes a lock or reads a clock (`tests/walls.rs` sees
//! it). A metric is declared once, in `sample`: its name, what its number means, how it is read from a sample. What a rule
//! does is compared with a naive machine that keeps all that ever happened (`naive`), and with the one in `lib/`.
//!
//! Time comes in as a number, so that a test can be any clock and a clock can misbehave in a test.

mod awake;
mod filling;
mod history;
mod machine;
mod metric;
mod metric_kind;
#[cfg(test)]
mod naive;
mod rule;
mod sample;
mod trend;

pub use awake::Awake;
pub use filling::Filling;
pub use history::History;
pub use machine::{Outcome, Phase, RuleState, step};
pub use metric_kind::MetricKind;
pub use rule::{Action, Direction, RateLimit, Rule};
pub use sample::{Allocator, Cgroup, Metric, Pressure, Sample};
pub use trend::Trend;
