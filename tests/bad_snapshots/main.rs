//! Snapshots that are none: an error that says where, in bounded time and memory, and never a panic.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod damage;
mod deep;
mod make;
mod memory;
