//! Hidden parts of an object (its elements, its properties' table) count as the object's own size.

use super::page::is_user_root;
use crate::heap::graph::{EdgeKind, Graph, NodeKind};

const NOBODY: u32 = u32::MAX;
const SEVERAL: u32 = u32::MAX - 1;
const EXTERNAL_DATA: &[u8] = b"system / ExternalStringData";

/// A node whose size counts for another: (node, owner).
pub(in crate::heap) type Move = (u32, u32);

/// Which sizes count for which other node. With internals exposed (no user roots) none do: sizes stay as V8
/// measured them.
pub(in crate::heap) fn moves(graph: &Graph) -> Vec<Move> {
    let root = graph.root();
    if !graph.edges(root).any(|edge| is_user_root(graph, graph.target(edge))) {
        return Vec::new();
    }
    let owners = owners(graph);
    let is_move = |(node, owner): &Move| {
        let is_owned = owner != node && *owner < SEVERAL && *owner != root;
        is_owned && graph.kind(*owner) != NodeKind::SYNTHETIC && graph.self_size(*node) > 0
    };
    graph.nodes().zip(owners).filter(is_move).collect()
}

/// Carries them out.
pub(in crate::heap) fn apply(graph: &mut Graph, moves: &[Move]) {
    for (node, owner) in moves {
        let sum = graph.self_size(*owner).saturating_add(graph.self_size(*node));
        graph.self_sizes.set(*node as usize, 0);
        graph.self_sizes.set(*owner as usize, sum);
    }
}

/// The node that owns each node: itself, another, [`NOBODY`] or [`SEVERAL`].
fn owners(graph: &Graph) -> Vec<u32> {
    let mut owners: Vec<u32> =
        graph.nodes().map(|node| if can_be_owned(graph, node) { NOBODY } else { node }).collect();
    // Each owner in turn; what it owns is followed at once, so the list stays short. A node is queued at most twice:
    // when it gets an owner, and when it loses it to a second one.
    let mut work = Vec::new();
    for first in graph.nodes() {
        if owners[first as usize] != first {
            continue;
        }
        work.push(first);
        while let Some(node) = work.pop() {
            let owner = owners[node as usize];
            for edge in graph.edges(node) {
                let target = graph.target(edge);
                let of_target = owners[target as usize];
                if of_target == target || of_target == owner || of_target == SEVERAL {
                    continue;
                }
                if graph.edge_kind(edge) == EdgeKind::WEAK {
                    continue;
                }
                owners[target as usize] = if of_target == NOBODY { owner } else { SEVERAL };
                work.push(target);
            }
        }
    }
    owners
}

fn can_be_owned(graph: &Graph, node: u32) -> bool {
    match graph.kind(node) {
        NodeKind::HIDDEN | NodeKind::ARRAY => true,
        NodeKind::NATIVE => graph.strings().raw(graph.name(node)) == EXTERNAL_DATA,
        _ => false,
    }
}
