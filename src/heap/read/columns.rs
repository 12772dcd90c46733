//! The columns that halves go into.

use super::parallel::{Columns, Section};
use crate::heap::graph::{Graph, NodeKind};
use crate::heap::read::meta::{EdgeLayout, FIELDS, NodeLayout};
use crate::heap::read::parse::{Ordinal, Widest};

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
    widest: Widest,
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
        self.widest.see(u64::from(name), at as u64);
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
        self.widest = Widest::default();
    }
}

impl Section for Nodes {
    fn fields(of: &NodeLayout) -> usize {
        of.fields
    }

    fn edges(&self) -> u64 {
        self.edges
    }

    fn widest(&self) -> &Widest {
        &self.widest
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
    widest: Widest,
}

impl Columns for Edges {
    type Layout = (EdgeLayout, Ordinal);

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
            self.widest.see(name, at as u64);
        }
        self.labels.push(label);
        self.targets.push(target);
        true
    }

    fn clear(&mut self) {
        self.targets.clear();
        self.labels.clear();
        self.widest = Widest::default();
    }
}

impl Section for Edges {
    fn fields((of, _): &Self::Layout) -> usize {
        of.fields
    }

    fn edges(&self) -> u64 {
        self.targets.len() as u64
    }

    fn widest(&self) -> &Widest {
        &self.widest
    }

    fn append(&self, graph: &mut Graph, _: u64) {
        graph.targets.extend_from_slice(&self.targets);
        graph.labels.extend_from_slice(&self.labels);
    }
}
