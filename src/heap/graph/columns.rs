//! Nodes and edges as columns. A node is named by its ordinal, an edge by its ordinal; both are below 2³² − 1.

use std::ops::Range;

use super::packed::PackedU64;
use super::strings::Strings;
use crate::heap::host::Held;
use crate::json::kinds::{EdgeKind, NodeKind};

/// Where an object's constructor or a closure's function stands in its source. Lines and columns count from 0.
/// A number beyond 32 bits, which V8 has not, counts as the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The node.
    pub node: u32,
    /// V8's number of the script.
    pub script: u32,
    /// Line, from 0.
    pub line: u32,
    /// Column, from 0.
    pub column: u32,
}

/// Bits of an edge's label that hold the name or index; the type is in the others.
const LABEL_BITS: u32 = 28;
/// This name stands in `Graph::long_labels`.
const LONG: u32 = (1 << LABEL_BITS) - 1;

/// A snapshot in memory.
#[derive(Debug, Default)]
pub struct Graph {
    pub(in crate::heap) kinds: Vec<NodeKind>,
    pub(in crate::heap) names: Vec<u32>,
    pub(in crate::heap) ids: PackedU64,
    pub(in crate::heap) self_sizes: PackedU64,
    /// One more than there are nodes.
    pub(in crate::heap) first_edges: Vec<u32>,
    /// `None`: this snapshot has no such field.
    pub(in crate::heap) detachedness: Option<Vec<u8>>,
    pub(in crate::heap) targets: Vec<u32>,
    pub(in crate::heap) labels: Vec<u32>,
    /// By edge, ascending.
    pub(in crate::heap) long_labels: Vec<(u32, u64)>,
    pub(in crate::heap) strings: Strings,
    /// By node, ascending, one each.
    pub(in crate::heap) locations: Vec<Location>,
    pub(in crate::heap) kind_names: Vec<String>,
    pub(in crate::heap) edge_kind_names: Vec<String>,
    pub(in crate::heap) root: u32,
    pub(in crate::heap) extra_native_bytes: u64,
}

impl Graph {
    /// Number of nodes.
    pub fn node_count(&self) -> u32 {
        self.kinds.len() as u32
    }

    /// Number of edges.
    pub fn edge_count(&self) -> u32 {
        self.targets.len() as u32
    }

    /// What it holds by now.
    pub fn held(&self) -> Held {
        let large_numbers = self.ids.kept_apart() + self.self_sizes.kept_apart() + self.long_labels.len();
        Held {
            nodes: self.kinds.len() as u64,
            edges: self.targets.len() as u64,
            strings: self.strings.len() as u64,
            text: self.strings.bytes() as u64,
            locations: self.locations.len() as u64,
            large_numbers: large_numbers as u64,
        }
    }

    /// All nodes.
    pub fn nodes(&self) -> Range<u32> {
        0..self.node_count()
    }

    /// The node everything hangs from.
    pub fn root(&self) -> u32 {
        self.root
    }

    /// Bytes V8 knows of outside its heap that no node stands for.
    pub fn extra_native_bytes(&self) -> u64 {
        self.extra_native_bytes
    }

    /// The node's type.
    #[inline]
    pub fn kind(&self, node: u32) -> NodeKind {
        self.kinds[node as usize]
    }

    /// The type's name in the snapshot; DevTools' word for one that has none.
    pub fn kind_name(&self, kind: NodeKind) -> &str {
        self.kind_names.get(usize::from(kind.0)).map_or("undefined", String::as_str)
    }

    /// The node's name, an index into [`Self::strings`].
    #[inline]
    pub fn name(&self, node: u32) -> u32 {
        self.names[node as usize]
    }

    /// The node's id.
    #[inline]
    pub fn id(&self, node: u32) -> u64 {
        self.ids.get(node as usize)
    }

    /// Shallow size in bytes: as V8 wrote it, and after `shallow::reassign` as DevTools shows it.
    #[inline]
    pub fn self_size(&self, node: u32) -> u64 {
        self.self_sizes.get(node as usize)
    }

    /// The node's own edges.
    #[inline]
    pub fn edges(&self, node: u32) -> Range<u32> {
        match self.first_edges.get(node as usize..node as usize + 2) {
            Some([first, end]) => *first..*end,
            _ => 0..0,
        }
    }

    /// The node an edge points to.
    #[inline]
    pub fn target(&self, edge: u32) -> u32 {
        self.targets[edge as usize]
    }

    /// The node an edge belongs to.
    pub fn source(&self, edge: u32) -> u32 {
        (self.first_edges.partition_point(|first| *first <= edge) as u32).saturating_sub(1)
    }

    /// The way to a node, where `via` tells the last edge of each: where it begins, and its edges from there.
    pub fn way(&self, to: u32, via: impl Fn(u32) -> Option<u32>) -> (u32, Vec<u32>) {
        let mut edges = Vec::new();
        let mut node = to;
        while let Some(edge) = via(node) {
            edges.push(edge);
            node = self.source(edge);
        }
        edges.reverse();
        (node, edges)
    }

    /// The edge's type.
    #[inline]
    pub fn edge_kind(&self, edge: u32) -> EdgeKind {
        EdgeKind((self.labels[edge as usize] >> LABEL_BITS) as u8)
    }

    /// The type's name in the snapshot.
    pub fn edge_kind_name(&self, kind: EdgeKind) -> &str {
        self.edge_kind_names.get(usize::from(kind.0)).map_or("undefined", String::as_str)
    }

    /// What is written as the edge's `name_or_index`.
    #[inline]
    pub fn edge_label(&self, edge: u32) -> u64 {
        match self.labels[edge as usize] & LONG {
            LONG => match self.long_labels.binary_search_by_key(&edge, |(edge, _)| *edge) {
                Ok(found) => self.long_labels[found].1,
                Err(_) => u64::from(LONG),
            },
            label => u64::from(label),
        }
    }

    /// The edge's name as an index into [`Self::strings`]; `None` for the types that have a number instead
    /// (`element`, `hidden`).
    #[inline]
    pub fn edge_name(&self, edge: u32) -> Option<u32> {
        if self.edge_kind(edge).is_numbered() { None } else { u32::try_from(self.edge_label(edge)).ok() }
    }

    /// All strings.
    pub fn strings(&self) -> &Strings {
        &self.strings
    }

    /// Where the node's function or constructor stands.
    pub fn location(&self, node: u32) -> Option<&Location> {
        let found = self.locations.binary_search_by_key(&node, |location| location.node).ok()?;
        Some(&self.locations[found])
    }

    /// The node with this id.
    pub fn node_of_id(&self, id: u64) -> Option<u32> {
        self.nodes().find(|node| self.id(*node) == id)
    }

    /// An edge's type and label in one, if the label is short enough.
    #[inline]
    pub(in crate::heap) fn short_label(kind: EdgeKind, label: u64) -> Option<u32> {
        (label < u64::from(LONG)).then_some(u32::from(kind.0) << LABEL_BITS | label as u32)
    }

    pub(in crate::heap) fn push_edge(&mut self, kind: EdgeKind, label: u64, target: u32) {
        let short = match u32::try_from(label) {
            Ok(short) if short < LONG => short,
            _ => {
                self.long_labels.push((self.targets.len() as u32, label));
                LONG
            }
        };
        self.labels.push(u32::from(kind.0) << LABEL_BITS | short);
        self.targets.push(target);
    }

    /// Gives an edge another label of at most 28 bits' worth.
    pub(in crate::heap) fn relabel(&mut self, edge: u32, kind: EdgeKind, label: u64) {
        self.labels[edge as usize] = u32::from(kind.0) << LABEL_BITS | (label as u32).min(LONG);
        if label >= u64::from(LONG)
            && let Ok(found) = self.long_labels.binary_search_by_key(&edge, |(edge, _)| *edge)
        {
            self.long_labels[found].1 = label;
        }
    }

    pub(in crate::heap) fn reserve_edges(&mut self, count: usize) {
        self.targets.reserve_exact(count);
        self.labels.reserve_exact(count);
    }

    /// Gives the memory of all edges back. After this no node has any.
    pub(in crate::heap) fn forget_edges(&mut self) {
        self.labels = Vec::new();
        self.long_labels = Vec::new();
        self.targets = Vec::new();
        self.first_edges = Vec::new();
    }

    /// Whether edges still have their types and names.
    pub fn has_labels(&self) -> bool {
        self.labels.len() == self.targets.len()
    }
}
