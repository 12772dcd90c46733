//! What retaining paths need to know of an analysed snapshot.

use std::borrow::Cow;

use crate::heap::graph::Graph;

/// The columns that the rules have computed. Nodes and edges are ordinals of [`Self::graph`], whose edges must
/// still have their labels.
pub trait Facts {
    /// The snapshot.
    fn graph(&self) -> &Graph;

    /// Steps from a user root (1); 100,000,000 and more below the other roots; −5 for none.
    fn distance(&self, node: u32) -> i32;

    /// Whether this edge keeps its target alive.
    fn retains(&self, edge: u32) -> bool;

    /// The immediate dominator; the root is its own.
    fn dominator(&self, node: u32) -> u32;

    /// Bytes that go when this node goes.
    fn retained_size(&self, node: u32) -> u64;

    /// A number that is equal for nodes of one class.
    fn class(&self, node: u32) -> u32;

    /// The name of that class.
    fn class_name(&self, node: u32) -> Cow<'_, str>;

    /// The node's name as DevTools shows it.
    fn display_name(&self, node: u32) -> Cow<'_, str>;
}
