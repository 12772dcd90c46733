//! Ways that are walked last: through V8's roots of what is running right now, and through the variables of Node's own
//! modules. What a program holds is found where the program holds it, though a timer or a pending request of
//! Node's may hold it on a shorter way.

use super::functions::Function;
use crate::heap::graph::bits::Bits;
use crate::heap::graph::{Graph, NodeKind};
use crate::heap::paths::known;

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
    pub(super) fn of(graph: &Graph, functions: &[Function]) -> Self {
        let mut late = Bits::new(graph.node_count() as usize);
        for function in functions.iter().filter(|function| function.is_nodes) {
            late.set(function.scope as usize);
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
