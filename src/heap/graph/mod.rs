//! A snapshot in memory: nodes and edges as columns, and what is asked of them whatever the rules are.
//!
//! | file | what it is |
//! |---|---|
//! | `columns` | the [`Graph`] |
//! | [`strings`] | its strings, as they stood in the JSON |
//! | [`bits`], [`packed`] | columns of one bit, and of numbers that nearly all fit in 32 |
//! | `same_text` | questions about strings that are asked for millions of nodes |
//! | `interner` | texts of our own making, each once |
//! | [`dominators`] | who dominates whom, and what each node retains |

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
