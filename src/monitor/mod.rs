//! The sampler thread: reads the kernel's figures, joins V8's, judges rules, orders captures.
//!
//! ```text
//!  due? ── asks each environment for V8's figures (its loop at first, then an interrupt)
//!  probes: the kernel's figures
//!  composes a Sample, steps rules ──► events to the environment's outbox
//!                                └──► orders::actions: what a rule sets off
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | [`sampler`] | the one thread of the process, which samples for all its environments |
//! | [`probes`] | the kernel's side of a sample, each figure as often as it may cost |
//! | [`settings`] | what a `watch()` was told |
//! | [`watcher`] | one `watch()`: its settings, rules, trend and samples |
//!
//! A [`Watcher`] watches the heap of one [`Client`](crate::orders::Client). The thread comes with the first one and ends with
//! the last.
//!
//! It sees `watch`, `probe`, `thread`, `orders`, and of `capture` and `file` what the settings say of snapshots.
//!
//! Architecture invariants: it never calls V8 itself, and never waits longer than a share of the interval for who does. It takes no
//! snapshot, it orders one. What cannot be read is unknown, and is asked for again: nothing is given up for good.
//! The tests in `__test__/monitor` tell.

pub mod probes;
pub mod sampler;
pub mod settings;
pub mod watcher;

pub use settings::WatchSettings;
pub use watcher::Watcher;
