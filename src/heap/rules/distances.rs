//! How far a node is from the roots, as DevTools counts.

use super::ephemerons::Ephemerons;
use super::page::is_user_root;
use crate::heap::graph::bits::Bits;
use crate::heap::graph::{EdgeKind, Graph, NodeKind};

/// Not reached.
pub const NONE: i32 = -5;
/// The root's own distance when there are user roots: what only the system holds is farther than this.
pub const SYSTEM: i32 = 100_000_000;

/// Distances of all nodes: user roots have 1; what cannot be reached from them counts from the root's
/// [`SYSTEM`]; [`NONE`] is reached by neither.
pub(in crate::heap) fn measure(graph: &Graph, ephemerons: &Ephemerons) -> Vec<i32> {
    let mut search = Search {
        graph,
        ephemerons,
        distances: vec![NONE; graph.node_count() as usize],
        pending: Bits::new(ephemerons.entries()),
        native_context: graph.strings().find(b"system / NativeContext"),
        sloppy_map: graph.strings().find(b"sloppy_function_map"),
        descriptors: graph.strings().find(b"(map descriptors)"),
    };
    let root = graph.root();
    let roots: Vec<u32> =
        graph.edges(root).map(|edge| graph.target(edge)).filter(|node| is_user_root(graph, *node)).collect();
    for node in &roots {
        search.distances[*node as usize] = 1;
    }
    let from_root = if roots.is_empty() { 0 } else { SYSTEM };
    search.breadth_first(roots);
    search.distances[root as usize] = from_root;
    search.breadth_first(vec![root]);
    search.distances
}

struct Search<'a> {
    graph: &'a Graph,
    ephemerons: &'a Ephemerons,
    distances: Vec<i32>,
    pending: Bits,
    native_context: Vec<u32>,
    sloppy_map: Vec<u32>,
    descriptors: Vec<u32>,
}

impl Search<'_> {
    fn breadth_first(&mut self, mut front: Vec<u32>) {
        let graph = self.graph;
        let mut next = Vec::new();
        while !front.is_empty() {
            for node in front.drain(..) {
                let distance = self.distances[node as usize].saturating_add(1);
                for edge in graph.edges(node) {
                    let target = graph.target(edge);
                    let is_new = self.distances[target as usize] == NONE;
                    if is_new && graph.edge_kind(edge) != EdgeKind::WEAK && self.follows(node, edge) {
                        self.distances[target as usize] = distance;
                        next.push(target);
                    }
                }
            }
            std::mem::swap(&mut front, &mut next);
        }
    }

    fn follows(&mut self, node: u32, edge: u32) -> bool {
        let graph = self.graph;
        let kind = graph.kind(node);
        if kind == NodeKind::HIDDEN
            && self.native_context.contains(&graph.name(node))
            && graph.edge_name(edge).is_some_and(|name| self.sloppy_map.contains(&name))
        {
            return false;
        }
        // Maps share these arrays, and not every descriptor in one is valid for every map.
        if kind == NodeKind::ARRAY && self.descriptors.contains(&graph.name(node)) {
            return number(graph, edge).is_none_or(|index| index < 2 || index % 3 != 1);
        }
        // A value of a WeakMap is as far as the farther of its key and its table: the first edge met is skipped.
        if let Some(pair) = self.ephemerons.pair(graph, edge) {
            let entry = pair.entry as usize;
            if self.pending.insert(entry) {
                return false;
            }
            self.pending.clear(entry);
        }
        true
    }
}

/// `parseInt` of the edge's name.
fn number(graph: &Graph, edge: u32) -> Option<i64> {
    let Some(name) = graph.edge_name(edge) else { return i64::try_from(graph.edge_label(edge)).ok() };
    // More of it makes no difference, and takes time.
    let text = graph.strings().show_start(name, 64);
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|char: char| !char.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse::<i64>().ok().map(|value| sign * value)
}
