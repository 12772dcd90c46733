//! Reads a heap snapshot and computes what Chrome DevTools shows of it, with the same numbers. Pure over
//! `impl Read`: files, threads and the clock belong to who calls, and come in through [`Host`].
//!
//! | file | what it does |
//! |---|---|
//! | [`host`] | what the caller lends: a second thread, ears for progress, the wish to stop |
//! | [`parse`] | JSON → [`Graph`]: `meta` (layout), `scan` (bytes), `numbers`, `strings` |
//! | [`graph`] | nodes and edges as columns |
//! | [`engine`] | the rules in their order → [`Analysis`] |
//! | `detached`, `page`, `essential` | which nodes are detached, which are the page's, which edges retain |
//! | `shallow`, `dominators`, `distances` | sizes and distances |
//! | [`classes`] | the class of each node; plain objects by interface |
//! | [`names`] | what a node is shown as |
//! | [`aggregates`], [`statistics`] | what each class, and each kind of memory, amounts to |
//! | [`paths`], [`scripts`] | why something is retained, in a developer's words |
//! | [`duplicates`] | strings that are there more than once |
//! | [`diff`], [`trend`] | two snapshots, and more than two |
//!
//! The rules are those of `heap_snapshot_worker` in `chrome-devtools-frontend`; where the source says
//! "DevTools", it means that.

pub mod aggregates;
pub mod bits;
#[cfg(test)]
mod build;
pub mod classes;
mod detached;
pub mod diff;
pub mod distances;
pub mod dominators;
pub mod duplicates;
pub mod engine;
mod ephemerons;
mod essential;
pub mod graph;
mod halves;
pub mod host;
mod meta;
pub mod names;
mod page;
pub mod parse;
pub mod paths;
mod salvage;
mod scan;
pub mod scripts;
mod section;
mod shallow;
pub mod statistics;
pub mod strings;
mod texts;
pub mod trend;
pub mod wide;
mod words;

pub use graph::{EdgeKind, Graph, Location, NodeKind};
pub use host::{Held, Host, Quiet, Stage};
pub use parse::{Options, Parsed, parse};
