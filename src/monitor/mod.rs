//! The sampler thread: probes, asks V8, applies rules, orders captures.
//!
//! ```text
//!  sampler thread                        environment's thread (JavaScript)
//!  ─────────────                        ─────────────────────────────────
//!  due? ── ask ──► doorbell (idle) ───►  turn(): publish V8's figures
//!       └────────► interrupt (busy) ──►          run a capture that was ordered
//!  probe the kernel                      GC epilogue: publish V8's figures
//!  compose Sample, step rules
//!  push events ──► outbox, doorbell ──►  drain(): JSON to JavaScript
//! ```
//!
//! An [`Environment`] is one `require` of the addon in one JavaScript thread; a [`Watcher`] is one
//! `watch()`. One sampler thread a process serves them all and ends with the last of them.

pub mod clock;
pub mod desk;
pub mod environment;
pub mod figures;
#[cfg(target_os = "linux")]
pub mod forked;
pub mod ids;
pub mod isolates;
pub mod limit;
pub mod outbox;
mod paused;
pub mod probes;
pub mod run;
pub mod sampler;
pub mod turns;
pub mod watcher;

pub use environment::{Doorbell, Environment};
pub use outbox::Event;
pub use watcher::{WatchSettings, Watcher};
