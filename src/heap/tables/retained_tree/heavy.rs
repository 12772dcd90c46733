//! The nodes that are large enough to be seen, by their dominators.

use std::cmp::Reverse;

use super::given::Heap;

pub(super) struct Heavy {
    /// By dominator, and those of one by falling size. Without the root.
    nodes: Vec<u32>,
    /// Bytes that the smallest of them retains, or more.
    pub(super) least: u64,
}

impl Heavy {
    pub(super) fn of(heap: &Heap, parts: u64) -> Self {
        let Heap { graph, idom, retained, .. } = heap;
        let root = graph.root();
        let total = retained.get(root as usize).copied().unwrap_or(0);
        let least = (total / parts.max(1)).max(1);
        let is_heavy = |node: &u32| *node != root && retained[*node as usize] >= least;
        let mut nodes: Vec<u32> = graph.nodes().filter(is_heavy).collect();
        nodes.sort_unstable_by_key(|node| (idom[*node as usize], Reverse(retained[*node as usize]), *node));
        Self { nodes, least }
    }

    /// Those that `node` dominates, the largest first.
    pub(super) fn below(&self, heap: &Heap, node: u32) -> &[u32] {
        let begin = self.nodes.partition_point(|heavy| heap.idom[*heavy as usize] < node);
        let end = self.nodes.partition_point(|heavy| heap.idom[*heavy as usize] <= node);
        self.nodes.get(begin..end).unwrap_or_default()
    }
}
