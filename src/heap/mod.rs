//! Reads a heap snapshot and computes what Chrome DevTools shows of it, with the same numbers.
//!
//! It sees `json` and `error`. A heap file goes one way through it: bytes → [`read`] → [`graph`] → [`rules`] → sizes and
//! dominators → [`tables`], [`paths`], [`growth`] and [`suspects`]. A wing sees those named before it, and [`host`].
//!
//! **Architecture invariant:** pure over `impl Read`. Files, threads and the clock belong to who calls, and come in through
//! [`Host`]; nothing here opens, starts or asks for one. What came from a heap is hostile input: memory is in proportion
//! to the bytes that were read, whatever they claim; depth is no recursion; damage is an error that names the byte.
//!
//! | wing or file | what it does |
//! |---|---|
//! | [`host`] | what the caller lends: a second thread, ears for progress, the wish to stop |
//! | [`read`] | JSON → [`Graph`] |
//! | [`graph`] | nodes and edges as columns; dominators |
//! | [`rules`] | which edges retain, sizes, distances, classes, names: DevTools' rules, in words |
//! | [`tables`] | classes, kinds of memory, duplicate strings, differences, growth |
//! | [`engine`] | the rules in their order, and the tables that want the edges → [`Analysis`](engine::Analysis) |
//! | [`paths`] | why something is retained, in a developer's words |
//! | [`growth`] | what grows from snapshot to snapshot, without ids |
//! | [`suspects`] | which holder leaks, and what it is called |
//!
//! Where the source says "DevTools", it means `heap_snapshot_worker` in `chrome-devtools-frontend`.
//!
//! What would tell: `__test__/oracle` (every number against DevTools), `tests/bad_snapshots` (damage, depth,
//! memory), `tests/fuzz_corpus.rs` (what always holds), and each wing's tests against naive twins.

pub mod engine;
pub mod graph;
pub mod growth;
pub mod host;
pub mod paths;
pub mod read;
pub mod rules;
pub mod suspects;
pub mod tables;

pub use graph::{EdgeKind, Graph, Location, NodeKind};
pub use host::{Held, Host, Quiet, Stage};
pub use read::parse::{Options, Parsed, parse};
