//! Rule e: hidden parts of an object (its elements, its properties' table) count as the object's own size.

use super::graph::{EdgeKind, Graph, NodeKind};
use super::page::is_user_root;

const NOBODY: u32 = u32::MAX;
const SEVERAL: u32 = u32::MAX - 1;
const EXTERNAL_DATA: &[u8] = b"system / ExternalStringData";

/// Moves the size of every node that belongs to exactly one other to that one.
pub(super) fn reassign(graph: &mut Graph, owners: &[u32]) {
    let root = graph.root();
    for node in 0..owners.len() as u32 {
        let owner = owners[node as usize];
        if owner == node || owner >= SEVERAL || owner == root || graph.kind(owner) == NodeKind::SYNTHETIC {
            continue;
        }
        let size = graph.self_size(node);
        if size > 0 {
            graph.self_sizes.set(node as usize, 0);
            let sum = graph.self_size(owner).saturating_add(size);
            graph.self_sizes.set(owner as usize, sum);
        }
    }
}

/// The node that owns each node: itself, another, [`NOBODY`] or [`SEVERAL`]. With internals exposed (no user roots)
/// nothing is owned, the list is empty: sizes stay as V8 measured them.
pub(super) fn owners(graph: &Graph) -> Vec<u32> {
    if !graph.edges(graph.root()).any(|edge| is_user_root(graph, graph.target(edge))) {
        return Vec::new();
    }
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
