//! The tree of shortest ways from the root over edges that retain: one edge per node.
//!
//! Ways through a user root (`global`) come first, however long; what is not reached so is reached through the
//! other roots, as with DevTools' distances. Among equally short ways the one that is nicest to read is kept.

use std::ops::Range;

use super::facts::Facts;
use super::readability::NameKinds;
use crate::error::Result;
use crate::heap::graph::Graph;
use crate::heap::graph::bits::Bits;
use crate::heap::host::{self, Host};

/// No edge, no depth.
pub(super) const NONE: u32 = u32::MAX;
/// Nodes between two looks at whether the host wants an end.
const LOOK: usize = 1 << 16;

/// Who is asked for the way to a node.
pub(in crate::heap) trait Parents {
    /// The node before this one, and the edge between them.
    fn parent(&self, graph: &Graph, node: u32) -> Option<(u32, u32)>;
}

impl Parents for Tree {
    fn parent(&self, graph: &Graph, node: u32) -> Option<(u32, u32)> {
        Self::parent(self, graph, node)
    }
}

/// The way to every node that is retained.
#[derive(Debug)]
pub(super) struct Tree {
    /// The last edge of the way; `NONE` for the root and for what is not reached.
    edges: Vec<u32>,
    depths: Vec<u32>,
    system: Bits,
    order: Vec<u32>,
}

impl Tree {
    /// One walk over the graph: 13 bytes per node, of which 2 are given back.
    pub(super) fn new(
        facts: &(impl Facts + ?Sized),
        name_kinds: &NameKinds,
        host: &dyn Host,
    ) -> Result<Self> {
        let graph = facts.graph();
        let count = graph.node_count() as usize;
        let tree = Self {
            edges: vec![NONE; count],
            depths: vec![NONE; count],
            system: Bits::new(count),
            order: Vec::with_capacity(count),
        };
        let mut growth = Growth { facts, graph, name_kinds, tree, costs: vec![0; count] };
        if count > 0 {
            growth.tree.depths[graph.root() as usize] = 0;
            growth.tree.order.push(graph.root());
            growth.grow(false, host)?;
            growth.grow(true, host)?;
        }
        Ok(growth.tree)
    }

    /// Whether the node is retained at all.
    pub(super) fn reached(&self, node: u32) -> bool {
        self.depths[node as usize] != NONE
    }

    /// Whether the way leads through no user root.
    pub(super) fn is_system(&self, node: u32) -> bool {
        self.system.get(node as usize)
    }

    /// Steps from the root.
    pub(super) fn depth(&self, node: u32) -> u32 {
        self.depths[node as usize]
    }

    /// The last edge of the way to the node.
    pub(super) fn edge(&self, node: u32) -> Option<u32> {
        Some(self.edges[node as usize]).filter(|edge| *edge != NONE)
    }

    /// The node before this one, and the edge between them.
    pub(super) fn parent(&self, graph: &Graph, node: u32) -> Option<(u32, u32)> {
        self.edge(node).map(|edge| (source(graph, edge), edge))
    }

    /// All edges from the root to the node.
    pub(super) fn way(&self, graph: &Graph, node: u32) -> Vec<u32> {
        graph.way(node, |node| self.edge(node)).1
    }

    /// Reached nodes, parents before children, shorter ways first; the system's after all others.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// The part of [`Self::order`] that begins at `begin` and is equally deep.
    pub(super) fn level(&self, begin: usize) -> Range<usize> {
        let same = |a: u32, b: u32| self.depth(a) == self.depth(b) && self.is_system(a) == self.is_system(b);
        let first = self.order[begin];
        begin..begin + self.order[begin..].partition_point(|node| same(first, *node))
    }
}

/// The node an edge belongs to.
pub(super) fn source(graph: &Graph, edge: u32) -> u32 {
    graph.source(edge)
}

struct Growth<'a, F: Facts + ?Sized> {
    facts: &'a F,
    graph: &'a Graph,
    name_kinds: &'a NameKinds,
    tree: Tree,
    costs: Vec<u16>,
}

impl<F: Facts + ?Sized> Growth<'_, F> {
    /// From the root, through user roots only or through everything that is left.
    fn grow(&mut self, system: bool, host: &dyn Host) -> Result<()> {
        let root = self.graph.root();
        let mut next = self.tree.order.len();
        for edge in self.graph.edges(root) {
            if system || self.facts.distance(self.graph.target(edge)) == 1 {
                self.reach(edge, 1, 0, system);
            }
        }
        // A level is complete, and its costs are final, before the next one begins.
        while next < self.tree.order.len() {
            if next.is_multiple_of(LOOK) {
                host::check(host)?;
            }
            let node = self.tree.order[next];
            let (depth, cost) = (self.tree.depths[node as usize] + 1, self.costs[node as usize]);
            for edge in self.graph.edges(node) {
                self.reach(edge, depth, cost, system);
            }
            next += 1;
        }
        Ok(())
    }

    fn reach(&mut self, edge: u32, depth: u32, cost: u16, system: bool) {
        let target = self.graph.target(edge);
        let at = target as usize;
        let known = self.tree.depths[at];
        let open = known == NONE || (known == depth && self.tree.system.get(at) == system);
        if !open || !self.facts.retains(edge) || target == self.graph.root() {
            return;
        }
        let cost = cost.saturating_add(self.name_kinds.cost(self.graph, edge));
        if known == NONE {
            self.tree.depths[at] = depth;
            self.tree.order.push(target);
            if system {
                self.tree.system.set(at);
            }
        } else if cost >= self.costs[at] {
            return;
        }
        self.tree.edges[at] = edge;
        self.costs[at] = cost;
    }
}
