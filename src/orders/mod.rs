//! Who may capture, and how: a rule, a caller or the heap limit orders, and one at a time is carried out.

pub mod actions;
mod board;
#[cfg(target_os = "linux")]
mod by_fork;
pub mod client;
mod container;
pub mod dispatch;
mod errand;
mod folder_turn;
pub mod heap_limit;
mod inline;
#[cfg(target_os = "linux")]
mod job;
pub mod order;
mod paused;
pub mod portable;
pub mod queue;
pub mod ramp;
mod snapshot_file;
mod standstill;
pub mod synchronous;

pub use client::Client;
pub use order::Origin;
