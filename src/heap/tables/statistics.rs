//! What kind of memory it is.

use serde::Serialize;

use crate::heap::graph::bits::Bits;
use crate::heap::graph::same_text::TextIs;
use crate::heap::graph::{EdgeKind, Graph, NodeKind};

/// Bytes by kind, as in the circle of DevTools' "Statistics".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    /// All there is.
    pub total: u64,
    /// What is not native.
    pub v8heap: u64,
    /// Memory outside V8's heap, with what no node stands for.
    pub native: u64,
    /// Compiled code.
    pub code: u64,
    /// Strings of all kinds.
    pub strings: u64,
    /// Arrays with their elements.
    pub js_arrays: u64,
    /// Contents of array buffers; part of `native`.
    pub typed_arrays: u64,
    /// V8's own objects.
    pub system: u64,
}

impl Statistics {
    /// Adds up, before the edges are forgotten. The root retains all nodes, so their sum is the total.
    pub fn of(graph: &Graph) -> Self {
        let mut array = TextIs::new(graph.strings(), "Array");
        let mut elements_word = TextIs::new(graph.strings(), "elements");
        let mut buffer = TextIs::new(graph.strings(), "system / JSArrayBufferData");
        let extra = graph.extra_native_bytes();
        let mut sums = Self { total: extra, native: extra, ..Self::default() };
        let mut elements = Vec::new();
        for node in graph.nodes() {
            let size = graph.self_size(node);
            add(&mut sums.total, size);
            let sum = match graph.kind(node) {
                NodeKind::HIDDEN => &mut sums.system,
                NodeKind::NATIVE => {
                    if buffer.is(graph.name(node)) {
                        add(&mut sums.typed_arrays, size);
                    }
                    &mut sums.native
                }
                NodeKind::CODE => &mut sums.code,
                NodeKind::STRING | NodeKind::CONS_STRING | NodeKind::SLICED_STRING => &mut sums.strings,
                _ if array.is(graph.name(node)) => {
                    let found = graph.edges(node).find(|edge| {
                        graph.edge_kind(*edge) == EdgeKind::INTERNAL
                            && graph.edge_name(*edge).is_some_and(|name| elements_word.is(name))
                    });
                    elements.extend(found.map(|edge| graph.target(edge)));
                    &mut sums.js_arrays
                }
                _ => continue,
            };
            add(sum, size);
        }
        for node in retained_once(graph, &elements) {
            add(&mut sums.js_arrays, graph.self_size(node));
        }
        sums.v8heap = sums.total.saturating_sub(sums.native);
        sums
    }
}

fn add(sum: &mut u64, size: u64) {
    *sum = sum.saturating_add(size);
}

/// Those of `nodes` that exactly one edge in the graph points to, be it a weak one.
fn retained_once<'a>(graph: &Graph, nodes: &'a [u32]) -> impl Iterator<Item = u32> + use<'a> {
    let count = graph.node_count() as usize;
    let [mut asked, mut once, mut more] = [(); 3].map(|()| Bits::new(count));
    nodes.iter().for_each(|node| asked.set(*node as usize));
    for target in graph.targets.iter().map(|target| *target as usize) {
        if asked.get(target) && !once.insert(target) {
            more.set(target);
        }
    }
    nodes.iter().copied().filter(move |node| !more.get(*node as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::graph::build::Builder;

    #[test]
    fn by_kind() {
        let mut builder = Builder::new();
        let mut size = 1;
        let mut node = |kind, name: &str| {
            size *= 2;
            builder.node(kind, name, size)
        };
        node(NodeKind::HIDDEN, "Array");
        node(NodeKind::NATIVE, "system / JSArrayBufferData");
        node(NodeKind::NATIVE, "Array");
        node(NodeKind::CODE, "Array");
        node(NodeKind::STRING, "Array");
        node(NodeKind::CONS_STRING, "");
        node(NodeKind::SLICED_STRING, "");
        let array = node(NodeKind::OBJECT, "Array");
        let other = node(NodeKind::OBJECT, "Array");
        let own = node(NodeKind::ARRAY, "(object elements)");
        let shared = node(NodeKind::ARRAY, "(object elements)");
        node(NodeKind::OBJECT, "Arrays");
        for (from, to) in [(array, own), (array, shared), (other, shared)] {
            builder.edge(from, EdgeKind::PROPERTY, "elements", 0);
            builder.edge(from, EdgeKind::INTERNAL, "elements", to);
        }
        builder.edge(own, EdgeKind::WEAK, "elements", shared);
        let mut graph = builder.graph();
        graph.extra_native_bytes = 1 << 20;
        let expected = Statistics {
            total: (1 << 20) + 8190,
            native: (1 << 20) + 4 + 8,
            v8heap: 8190 - 12,
            typed_arrays: 4,
            code: 16,
            strings: 32 + 64 + 128,
            js_arrays: 256 + 512 + 1024,
            system: 2,
        };
        assert_eq!(Statistics::of(&graph), expected);
    }
}
