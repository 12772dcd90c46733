//! Signs that a collection has a bound: it may be full, or fill up, and is no leak.
//!
//! A snapshot has no small integers, so the bound itself is not seen; but the names of an object's properties are, also of
//! those that hold numbers: its hidden class lists them.

use super::case::Case;
use crate::heap::graph::{EdgeKind, NodeKind};

/// Names of a bound. Anchored: `_maxListeners` is none.
const BOUNDS: [&str; 17] = [
    "max",
    "maxSize",
    "maxEntries",
    "maxItems",
    "maxKeys",
    "maxLength",
    "maxCount",
    "capacity",
    "limit",
    "sizeLimit",
    "size_limit",
    "max_size",
    "max_entries",
    "bound",
    "highWaterMark",
    "maxCacheSize",
    "ringSize",
];
/// Steps from the collection up to what may own it: `lru.#map`.
const UP: usize = 3;
/// Edges of a hidden class and of its list that are looked at.
const LOOK: usize = 512;

/// What makes one think so, as the beginning of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) says: String,
}

/// What bounds the entries, if something does.
pub(super) fn of(case: &Case) -> Option<Bound> {
    let mut at = Some(case.owner);
    for _ in 0..UP {
        let Some(node) = at else { break };
        if let Some(name) =
            names(case, node).into_iter().find(|name| BOUNDS.contains(&name.trim_start_matches(['#', '_'])))
        {
            return Some(Bound { says: format!("{} has `{name}`", case.name(node)) });
        }
        // Up by a property only: who holds the object in a list does not bound it.
        at = case
            .walk
            .via(node)
            .filter(|edge| case.graph().edge_kind(*edge) == EdgeKind::PROPERTY)
            .map(|edge| case.graph().source(edge));
    }
    None
}

/// The names of an object's properties: those that lead somewhere, and those of its hidden class.
fn names(case: &Case, node: u32) -> Vec<String> {
    let graph = case.graph();
    if graph.kind(node) != NodeKind::OBJECT {
        return Vec::new();
    }
    let text = |name: u32| graph.strings().show_start(name, 40);
    let (mut names, mut open): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for edge in graph.edges(node).take(LOOK).filter(|edge| graph.edge_kind(*edge) == EdgeKind::PROPERTY) {
        let Some(name) = graph.edge_name(edge).map(text) else { continue };
        // A bound that is not set, or is Infinity, bounds nothing. One that is a small number leads nowhere.
        match graph.kind(graph.target(edge)) {
            NodeKind::HIDDEN | NodeKind::NUMBER => open.push(name),
            _ => names.push(name),
        }
    }
    let map = case.inside(node, EdgeKind::INTERNAL, "map");
    let list = map.and_then(|map| case.inside(map, EdgeKind::INTERNAL, "descriptors"));
    if let Some(list) = list {
        names.extend(
            graph
                .edges(list)
                .take(LOOK)
                .map(|edge| graph.target(edge))
                .filter(|name| known_text(case, *name))
                .map(|name| text(graph.name(name)))
                .filter(|name| !open.contains(name)),
        );
    }
    names
}

/// Whether an array was made as long as it will ever be: its list has kept its size while the entries multiplied.
/// `sizes`: the list's bytes in each snapshot.
pub(super) fn is_preallocated(counts: &[u64], sizes: &[u64]) -> bool {
    let (Some(first), Some(last)) = (counts.first(), counts.last()) else { return false };
    let same = sizes.windows(2).all(|pair| pair[0] == pair[1]);
    // A list that grows does so by half and a little.
    same && *last >= first.saturating_mul(2).saturating_add(32)
        && sizes.last().is_some_and(|size| *size / 8 >= *last)
}

fn known_text(case: &Case, node: u32) -> bool {
    case.graph().kind(node) == NodeKind::STRING
}
