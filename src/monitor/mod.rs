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
//! An [`Environment`](crate::thread::Environment) is one `require` of the addon in one JavaScript thread; a [`Watcher`] is one
//! `watch()`. One sampler thread a process serves them all and ends with the last of them.

pub mod probes;
pub mod sampler;
pub mod watcher;

pub use watcher::{WatchSettings, Watcher};
