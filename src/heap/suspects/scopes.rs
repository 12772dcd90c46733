//! Which scopes are a program's, and a function that has each.

use std::collections::HashMap;

use crate::heap::graph::{EdgeKind, Graph, NodeKind};
use crate::heap::paths::known;
use crate::heap::rules::scripts::Scripts;

/// Of each scope that is a program's a function that has it, the first in the file.
pub(super) fn of(graph: &Graph, scripts: &Scripts) -> HashMap<u32, u32> {
    let builtin = scripts.builtin(graph);
    let mut scopes: HashMap<u32, u32> = HashMap::new();
    for location in graph.locations.iter().filter(|location| !builtin.contains(&location.script)) {
        if graph.kind(location.node) != NodeKind::CLOSURE {
            continue;
        }
        let mut scope = known::inside(graph, location.node, EdgeKind::INTERNAL, "context");
        // An outer scope is known by its inner functions as well.
        for _ in 0..8 {
            let Some(node) = scope.filter(|node| known::is_context(graph, *node)) else { break };
            let place =
                |node: u32| graph.location(node).map_or((u32::MAX, u32::MAX), |at| (at.line, at.column));
            let best = scopes.entry(node).or_insert(location.node);
            if place(location.node) < place(*best) {
                *best = location.node;
            }
            scope = known::inside(graph, node, EdgeKind::INTERNAL, "previous");
        }
    }
    scopes
}
