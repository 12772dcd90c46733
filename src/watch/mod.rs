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
//! Architecture invariants: nothing here opens a file, starts a thread, takes a lock or reads a clock (`tests/walls.rs` sees
//! it). A metric is declared once, in `metric`: its name, what its number means, how it is read from a sample. What a rule
//! does is compared with a naive machine that keeps all that ever happened (`naive`), and with the one in `lib/`.
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
