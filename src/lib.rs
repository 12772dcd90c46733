//! heapwarden: watches a Node.js process's memory from inside.
//!
//! | room | what it does | sees |
//! |---|---|---|
//! | [`error`] | `Error` and its stable codes | nothing |
//! | [`clock`] | milliseconds that never run backwards, and the clock on the wall | nothing |
//! | [`memory`] | the allocator: large blocks go back to the kernel | nothing |
//! | [`stderr`] | lines for the operator, which never wait and never fail | nothing |
//! | [`units`] | bytes, durations, ratios: parse and print | error |
//! | [`watch`] | what a sample is and when it calls for action; pure | error |
//! | [`probe`] | reads the process from the kernel's side | error |
//! | [`v8`] | the only place that knows V8's C++ ABI | error, units |
//! | [`json`] | V8's snapshot format; pure | nothing |
//! | [`redact`] | masks what is secret while it streams by; pure | json, error |
//! | [`mod@file`] | the snapshot file: name, layout, writing, reading, keeping | json, error |
//! | [`image`] | a process's memory as a file: format, freezing, reading | file, error |
//! | [`capture`] | takes a snapshot, or an image | v8, probe, redact, file, image, error, units |
//! | [`thaw`] | goes on with what an image holds, in a process behind a fence | image, file, redact, probe, error |
//! | [`heap`] | reads a snapshot; pure over `impl Read` | json, error |
//! | `signals` | signals of the process that are held back until something is done | nothing |
//! | [`analysis`] | what `heap` may not do: files, threads, the memory that is left | heap, file, json, probe, error, units |
//! | [`thread`] | one JavaScript thread: its figures, its events, a slot for what is carried out on it | v8, watch, file, error, clock |
//! | [`orders`] | who may capture, and how: queue, dispatch, the ladder, inline, at the heap limit | thread, capture, image, file, v8, probe, watch, signals, error, stderr, clock, units |
//! | [`monitor`] | the sampler thread: samples, rules, what they set off | watch, probe, thread, orders, capture, file, error, clock |
//! | `node` | the only importer of Node-API: objects, promises, events | all |
//!
//! Architecture invariants (`tests/walls.rs` checks them): nothing outside `v8` names a V8 symbol;
//! nothing in `watch`, `json`, `redact` or `heap`, or in the queue of `orders`, opens a file, starts a thread or reads a clock;
//! nothing outside `node` names napi; no import runs against the table above. Nothing prints but by `stderr`.

// Tests may print.
#![cfg_attr(not(test), deny(clippy::disallowed_macros))]

pub mod analysis;
pub mod capture;
pub mod clock;
pub mod error;
pub mod file;
pub mod heap;
pub mod image;
pub mod json;
pub mod memory;
pub mod monitor;
#[cfg(feature = "node")]
#[cfg_attr(test, allow(dead_code, reason = "napi-derive registers nothing in test builds"))]
pub mod node;
pub mod orders;
pub mod probe;
pub mod redact;
#[cfg(target_os = "linux")]
pub mod signals;
pub mod stderr;
pub mod thaw;
pub mod thread;
pub mod units;
pub mod v8;
pub mod watch;

#[global_allocator]
static ALLOCATOR: memory::Allocator = memory::Allocator;
