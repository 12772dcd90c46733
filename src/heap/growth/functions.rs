//! The functions that have a scope: which are Node's own, and which scope. Asked once for all that want to know.

use crate::heap::graph::{EdgeKind, Graph, NodeKind};
use crate::heap::paths::known;
use crate::heap::rules::scripts::Scripts;

/// A function of a script, and its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) script: u32,
    pub(super) scope: u32,
    /// Whether its script comes with Node, or is heapwarden's own.
    pub(super) is_nodes: bool,
}

/// The functions whose scope is one of their own or of a module's; one without has V8's, which is the global one.
pub(super) fn of(graph: &Graph, scripts: &Scripts) -> Vec<Function> {
    let mut builtin = scripts.builtin(graph);
    builtin.extend(scripts.below(graph, &scripts.watchers(graph)));
    let mut last = (None, false);
    let mut found = Vec::new();
    for location in graph.locations.iter().filter(|location| graph.kind(location.node) == NodeKind::CLOSURE) {
        let script = location.script;
        let Some(scope) = known::inside(graph, location.node, EdgeKind::INTERNAL, "context")
            .filter(|scope| known::is_context(graph, *scope))
        else {
            continue;
        };
        // Those of one script mostly follow each other.
        if last.0 != Some(script) {
            last = (Some(script), builtin.contains(&script));
        }
        found.push(Function { script, scope, is_nodes: last.1 });
    }
    found
}
