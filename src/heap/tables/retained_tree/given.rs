//! The heap it is of, and how large it may get.

use crate::heap::graph::Graph;
use crate::heap::rules::classes::Classes;
use crate::heap::rules::names::Names;

/// How large it may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Rows at most.
    pub rows: usize,
    /// Levels below the root.
    pub depth: u32,
    /// The smallest part of the heap that has a row: one of so many.
    pub parts: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { rows: 3_000, depth: 60, parts: 1_000 }
    }
}

/// What the rules say of a heap. The graph may have forgotten its edges: then rows do not say how they are held.
#[derive(Clone, Copy, Debug)]
pub struct Heap<'a> {
    /// The snapshot.
    pub graph: &'a Graph,
    /// The class of each node.
    pub classes: &'a Classes,
    /// What each is shown as.
    pub names: &'a Names,
    /// The dominator of each node, a tree with the graph's root as its root.
    pub idom: &'a [u32],
    /// What each retains, bytes.
    pub retained: &'a [u64],
}
