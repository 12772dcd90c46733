//! Who may capture, and how: a rule, a caller or the heap limit orders, and one at a time is carried out.

#[cfg(target_os = "linux")]
pub mod by_fork;
pub mod client;
mod errand;
pub mod folder_turn;
pub mod heap_limit;
pub mod inline;
#[cfg(target_os = "linux")]
mod job;
mod paused;
pub mod queue;
mod snapshot_file;

pub use client::Client;
