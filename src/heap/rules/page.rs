//! The nodes of the page, as against those of the tools that look at it. In Node: what can be reached
//! from the global object.

use crate::heap::graph::bits::Bits;
use crate::heap::graph::{EdgeKind, Graph, NodeKind};

/// A synthetic node of this name is a user root as well.
const DOCUMENT_TREES: &str = "(Document DOM trees)";

/// Whether a node is the root of all documents.
pub(in crate::heap) fn is_document_trees(graph: &Graph, node: u32) -> bool {
    graph.kind(node) == NodeKind::SYNTHETIC
        && graph.strings().raw(graph.name(node)) == DOCUMENT_TREES.as_bytes()
}

/// Whether a child of the root is where user code begins.
pub(in crate::heap) fn is_user_root(graph: &Graph, node: u32) -> bool {
    graph.kind(node) != NodeKind::SYNTHETIC || is_document_trees(graph, node)
}

/// The set of page nodes.
pub(in crate::heap) fn flood(graph: &Graph) -> Bits {
    let mut page = Bits::new(graph.node_count() as usize);
    let mut work = Vec::new();
    for edge in graph.edges(graph.root()) {
        let node = graph.target(edge);
        let is_seed = match graph.edge_kind(edge) {
            EdgeKind::SHORTCUT => true,
            EdgeKind::ELEMENT => is_document_trees(graph, node),
            _ => false,
        };
        if is_seed && page.insert(node as usize) {
            work.push(node);
        }
    }
    while let Some(node) = work.pop() {
        for edge in graph.edges(node) {
            if graph.edge_kind(edge) != EdgeKind::WEAK && page.insert(graph.target(edge) as usize) {
                work.push(graph.target(edge));
            }
        }
    }
    page
}
