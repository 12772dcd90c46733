//! Which edges retain.

use super::ephemerons::Ephemerons;
use crate::heap::graph::bits::Bits;
use crate::heap::graph::{EdgeKind, Graph};

/// The edges that count when dominators are computed: not weak, not to oneself, not the table's edge of a WeakMap
/// entry (the key's stays), and none from outside the page into it.
pub(in crate::heap) fn edges(graph: &Graph, page: &Bits, ephemerons: &Ephemerons) -> Bits {
    let mut essential = Bits::new(graph.edge_count() as usize);
    for node in graph.nodes() {
        let is_root = node == graph.root();
        let in_page = is_root || page.get(node as usize);
        for edge in graph.edges(node) {
            let kind = graph.edge_kind(edge);
            let target = graph.target(edge);
            if kind == EdgeKind::WEAK || target == node || (kind == EdgeKind::SHORTCUT && !is_root) {
                continue;
            }
            if !in_page && page.get(target as usize) {
                continue;
            }
            if ephemerons.pair(graph, edge).is_some_and(|pair| pair.table == graph.id(node)) {
                continue;
            }
            essential.set(edge as usize);
        }
    }
    essential
}
