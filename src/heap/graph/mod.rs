//! A snapshot in memory: nodes and edges as columns, and what is asked of them whatever the rules are.
//!
//! It sees `json` (types of nodes and edges, escapes) and `super::host`. Every other wing sees it.
//!
//! **Architecture invariant:** a node and an edge are ordinals, in the order of the file. Nothing here knows a rule: which
//! edges count comes in as [`bits`]. A column has one value for each node or edge and no more; what few of them have is
//! kept apart.
//!
//! | file | what it is |
//! |---|---|
//! | `columns` | the [`Graph`] |
//! | [`strings`] | its strings, as they stood in the JSON |
//! | [`bits`], [`packed`] | columns of one bit, and of numbers that nearly all fit in 32 |
//! | `same_text` | questions about strings that are asked for millions of nodes |
//! | `interner` | texts of our own making, each once |
//! | [`dominators`] | who dominates whom, and what each node retains; `nearest`: its last step |
//! | `build` | small graphs by hand, for tests |
//!
//! What would tell: each file's tests; `dominators`' against a twin that takes each node out and looks what falls.

pub mod bits;
#[cfg(test)]
pub(super) mod build;
mod columns;
pub mod dominators;
pub(super) mod interner;
pub mod packed;
pub(super) mod same_text;
pub mod strings;

pub use columns::{Graph, Location};

pub use crate::json::kinds::{EdgeKind, NodeKind};
