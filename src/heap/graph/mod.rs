//! A snapshot in memory: nodes and edges as columns, and what is asked of them whatever the rules are.
//!
//! | file | what it is |
//! |---|---|
//! | `columns` | the [`Graph`] |
//! | [`strings`] | its strings, as they stood in the JSON |
//! | [`bits`], [`wide`] | columns of one bit, and of numbers that nearly all fit in 32 |
//! | `words` | questions about strings that are asked for millions of nodes |
//! | `texts` | texts of our own making, each once |
//! | [`dominators`] | who dominates whom, and what each node retains |

pub mod bits;
#[cfg(test)]
pub(super) mod build;
mod columns;
pub mod dominators;
pub mod strings;
pub(super) mod texts;
pub mod wide;
pub(super) mod words;

pub use columns::{Graph, Location};

pub use crate::json::kinds::{EdgeKind, NodeKind};
