//! The columns that the two halves of a block go into, and from there into the graph.

use super::layout::{EdgeLayout, NodeLayout};
use super::parallel::Columns;
use super::references::{LargestName, NodeIndex};
use crate::heap::graph::{Graph, NodeKind};
use crate::json::meta::FIELDS;

/// Columns of a section of the graph.
pub(super) trait Section: Columns {
    /// Fields of a row.
    fn fields(of: &Self::Layout) -> usize;

    /// Edges the rows are, or have.
    fn edges(&self) -> u64;

    /// The largest name, and where in the window.
    fn largest_name(&self) -> &LargestName;

    /// Appends them to those of the graph, which are, or have, `edges` edges.
    fn append(&self, graph: &mut Graph, edges: u64);
}

/// Nodes, as [`Graph`] has them. The two halves are apart, or their threads would wait for one cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Nodes {
    kinds: Vec<NodeKind>,
    names: Vec<u32>,
    ids: Vec<u32>,
    self_sizes: Vec<u32>,
    /// Edges of the rows before.
    first_edges: Vec<u32>,
    states: Vec<u8>,
    /// Edges of all rows.
    edges: u64,
    /// The largest name, and where.
    largest_name: LargestName,
}

impl Columns for Nodes {
    type Layout = NodeLayout;

    #[inline]
    fn push(&mut self, row: &[u64; FIELDS], at: usize, of: &NodeLayout) -> bool {
        let (Some(kind), Ok(name), Ok(id), Ok(size)) = (
            of.kinds.get(row[of.kind % FIELDS] as usize),
            u32::try_from(row[of.name % FIELDS]),
            u32::try_from(row[of.id % FIELDS]),
            u32::try_from(row[of.self_size % FIELDS]),
        ) else {
            return false;
        };
        self.kinds.push(*kind);
        self.names.push(name);
        self.largest_name.see(u64::from(name), at as u64);
        self.ids.push(id);
        self.self_sizes.push(size);
        self.first_edges.push(self.edges as u32);
        if let Some(field) = of.detachedness {
            self.states.push((row[field % FIELDS] & 3) as u8);
        }
        self.edges += row[of.edge_count % FIELDS];
        self.edges < u64::from(u32::MAX)
    }

    fn clear(&mut self) {
        self.kinds.clear();
        self.names.clear();
        self.ids.clear();
        self.self_sizes.clear();
        self.first_edges.clear();
        self.states.clear();
        self.edges = 0;
        self.largest_name = LargestName::default();
    }
}

impl Section for Nodes {
    fn fields(of: &NodeLayout) -> usize {
        of.fields
    }

    fn edges(&self) -> u64 {
        self.edges
    }

    fn largest_name(&self) -> &LargestName {
        &self.largest_name
    }

    fn append(&self, graph: &mut Graph, edges: u64) {
        graph.kinds.extend_from_slice(&self.kinds);
        graph.names.extend_from_slice(&self.names);
        graph.ids.extend(&self.ids);
        graph.self_sizes.extend(&self.self_sizes);
        graph.first_edges.extend(self.first_edges.iter().map(|first| first + edges as u32));
        if let Some(states) = &mut graph.detachedness {
            states.extend_from_slice(&self.states);
        }
    }
}

/// Edges, as [`Graph`] has them. Apart as nodes are.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Edges {
    targets: Vec<u32>,
    labels: Vec<u32>,
    /// The largest name, and where.
    largest_name: LargestName,
}

impl Columns for Edges {
    type Layout = (EdgeLayout, NodeIndex);

    #[inline]
    fn push(&mut self, row: &[u64; FIELDS], at: usize, (of, node): &Self::Layout) -> bool {
        let (Some(kind), Some(target)) =
            (of.kinds.get(row[of.kind % FIELDS] as usize), node.of(row[of.target % FIELDS]))
        else {
            return false;
        };
        let name = row[of.label % FIELDS];
        let Some(label) = Graph::short_label(*kind, name) else { return false };
        if !kind.is_numbered() {
            self.largest_name.see(name, at as u64);
        }
        self.labels.push(label);
        self.targets.push(target);
        true
    }

    fn clear(&mut self) {
        self.targets.clear();
        self.labels.clear();
        self.largest_name = LargestName::default();
    }
}

impl Section for Edges {
    fn fields((of, _): &Self::Layout) -> usize {
        of.fields
    }

    fn edges(&self) -> u64 {
        self.targets.len() as u64
    }

    fn largest_name(&self) -> &LargestName {
        &self.largest_name
    }

    fn append(&self, graph: &mut Graph, _: u64) {
        graph.targets.extend_from_slice(&self.targets);
        graph.labels.extend_from_slice(&self.labels);
    }
}
