//! Signs that a collection has a bound: it may be full, or fill up, and is no leak.
//!
//! A snapshot has no small integers, so the bound itself is not seen; but the names of an object's properties are, also of
//! those that hold numbers: its hidden class lists them.

use super::case::Case;
use crate::heap::graph::{EdgeKind, NodeKind};

/// Names of a bound. Anchored: `_maxListeners` is none.
const BOUNDS: [&str; 18] = [
    "max",
    "maxSize",
    "maxEntries",
    "maxItems",
    "maxKeys",
    "maxLength",
    "maxCount",
    "maxAge",
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

/// A bound, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) name: String,
    /// The class of the object that has it.
    pub(super) class: String,
}

/// What bounds the entries, if something does.
pub(super) fn of(case: &Case) -> Option<Bound> {
    let mut at = Some(case.owner);
    for _ in 0..UP {
        let Some(node) = at else { break };
        if let Some(name) =
            names(case, node).into_iter().find(|name| BOUNDS.contains(&name.trim_start_matches(['#', '_'])))
        {
            return Some(Bound { name, class: case.name(node) });
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
    let mut names: Vec<String> = graph
        .edges(node)
        .take(LOOK)
        .filter(|edge| graph.edge_kind(*edge) == EdgeKind::PROPERTY)
        .filter_map(|edge| graph.edge_name(edge))
        .map(text)
        .collect();
    let map = case.inside(node, EdgeKind::INTERNAL, "map");
    let list = map.and_then(|map| case.inside(map, EdgeKind::INTERNAL, "descriptors"));
    if let Some(list) = list {
        names.extend(
            graph
                .edges(list)
                .take(LOOK)
                .map(|edge| graph.target(edge))
                .filter(|name| known_text(case, *name))
                .map(|name| text(graph.name(name))),
        );
    }
    names
}

fn known_text(case: &Case, node: u32) -> bool {
    case.graph().kind(node) == NodeKind::STRING
}
