//! Ways that are walked last: through V8's roots of what is running right now, and through the variables of Node's own
//! modules. What a program holds is found where the program holds it, though a timer or a pending request of
//! Node's may hold it on a shorter way.

use crate::heap::graph::bits::Bits;
use crate::heap::graph::{EdgeKind, Graph, NodeKind};
use crate::heap::paths::known;
use crate::heap::rules::scripts::Scripts;

/// Roots of the moment, of compiled code, and of what V8 keeps for itself.
const ROOTS: [&[u8]; 14] = [
    b"(Stack roots)",
    b"(Handle scope)",
    b"(Micro tasks)",
    b"(Compilation cache)",
    b"(Internalized strings)",
    b"(External strings)",
    b"(Weak roots)",
    b"(Weak collections)",
    b"(Debugger)",
    b"(Strong root list)",
    b"(Smi roots)",
    b"(Builtins)",
    b"(Startup object cache)",
    b"(Thread manager)",
];

/// Nodes whose edges are followed last.
#[derive(Debug)]
pub(super) struct Late(Bits);

impl Late {
    pub(super) fn of(graph: &Graph, scripts: &Scripts) -> Self {
        let mut late = Bits::new(graph.node_count() as usize);
        let builtin = scripts.builtin(graph);
        for location in graph.locations.iter().filter(|location| builtin.contains(&location.script)) {
            if graph.kind(location.node) != NodeKind::CLOSURE {
                continue;
            }
            let scope = graph.edges(location.node).find(|edge| {
                graph.edge_kind(*edge) == EdgeKind::INTERNAL
                    && graph.edge_name(*edge).is_some_and(|name| graph.strings().raw(name) == b"context")
            });
            // A function without a scope of its own has V8's, which is the global one.
            if let Some(scope) =
                scope.map(|edge| graph.target(edge)).filter(|node| known::is_context(graph, *node))
            {
                late.set(scope as usize);
            }
        }
        for node in graph.nodes() {
            let is_late = match graph.kind(node) {
                // A realm has its caches.
                NodeKind::HIDDEN | NodeKind::NATIVE => known::is_native_context(graph, node),
                NodeKind::SYNTHETIC => ROOTS.contains(&graph.strings().raw(graph.name(node))),
                _ => false,
            };
            if is_late {
                late.set(node as usize);
            }
        }
        Self(late)
    }

    /// From here on it is a node as others are.
    pub(super) fn forget(&mut self, node: u32) {
        self.0.clear(node as usize);
    }

    /// Whether an edge is followed last. `source`: the node it belongs to.
    #[inline]
    pub(super) fn is(&self, source: u32) -> bool {
        self.0.get(source as usize)
    }
}
