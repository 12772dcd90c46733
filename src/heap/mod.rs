//! Reads a heap snapshot and computes what Chrome DevTools shows of it, with the same numbers. Pure over
//! `impl Read`: files, threads and the clock belong to who calls, and come in through [`Host`].
//!
//! | file | what it does |
//! |---|---|
//! | [`host`] | what the caller lends: a second thread, ears for progress, the wish to stop |
//! | [`read`] | JSON → [`Graph`] |
//! | [`graph`] | nodes and edges as columns; dominators |
//! | [`rules`] | which edges retain, sizes, distances, classes, names |
//! | [`engine`] | the rules in their order → [`Analysis`](engine::Analysis) |
//! | [`tables`] | classes, statistics, duplicate strings, differences |
//! | [`paths`] | why something is retained, in a developer's words |
//!
//! The rules are those of `heap_snapshot_worker` in `chrome-devtools-frontend`; where the source says
//! "DevTools", it means that.

pub mod engine;
pub mod graph;
pub mod host;
pub mod paths;
pub mod read;
pub mod rules;
pub mod tables;

pub use graph::{EdgeKind, Graph, Location, NodeKind};
pub use host::{Held, Host, Quiet, Stage};
pub use read::parse::{Options, Parsed, parse};
