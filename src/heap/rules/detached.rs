//! Which embedder nodes are detached from their document. Node has such nodes too, in some versions.

use crate::heap::graph::{EdgeKind, Graph, NodeKind};

const ATTACHED: u8 = 1;
const DETACHED: u8 = 2;

/// Hands the states V8 knows on to the native nodes below, attached before detached, and puts `Detached ` before
/// the names of the detached ones.
pub(in crate::heap) fn propagate(graph: &mut Graph) {
    // Nearly every snapshot of Node ends here.
    let Some(states) = graph.detachedness.take().filter(|states| states.iter().any(|state| *state != 0))
    else {
        return;
    };
    let mut walk =
        Walk { visited: vec![false; states.len()], states, attached: Vec::new(), detached: Vec::new() };
    for node in graph.nodes() {
        let state = walk.states[node as usize];
        if state != 0 {
            walk.reach(graph, node, state);
        }
    }
    while let Some(node) = walk.attached.pop() {
        walk.children(graph, node, ATTACHED);
    }
    let mut all = Vec::new();
    while let Some(node) = walk.detached.pop() {
        all.push(node);
        walk.children(graph, node, DETACHED);
    }
    rename(graph, &all);
}

struct Walk {
    states: Vec<u8>,
    visited: Vec<bool>,
    attached: Vec<u32>,
    detached: Vec<u32>,
}

impl Walk {
    fn children(&mut self, graph: &Graph, node: u32, state: u8) {
        for edge in graph.edges(node) {
            if !matches!(graph.edge_kind(edge), EdgeKind::HIDDEN | EdgeKind::INVISIBLE | EdgeKind::WEAK) {
                self.reach(graph, graph.target(edge), state);
            }
        }
    }

    /// JavaScript objects hand nothing on: every way into embedder code is a node that knows its own state.
    fn reach(&mut self, graph: &Graph, node: u32, state: u8) {
        let index = node as usize;
        if std::mem::replace(&mut self.visited[index], true) || graph.kind(node) != NodeKind::NATIVE {
            return;
        }
        self.states[index] = state;
        match state {
            ATTACHED => self.attached.push(node),
            DETACHED => self.detached.push(node),
            _ => {}
        }
    }
}

fn rename(graph: &mut Graph, detached: &[u32]) {
    let mut renamed = std::collections::HashMap::new();
    for node in detached {
        let name = graph.name(*node);
        let new = *renamed.entry(name).or_insert_with(|| {
            let raw = graph.strings.raw(name).to_vec();
            graph.strings.add_raw(&[b"Detached ", &raw])
        });
        graph.names[*node as usize] = new;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::graph::build::Builder;

    #[test]
    fn attached_wins_and_javascript_stops_it() {
        let mut b = Builder::new();
        let native = ["<a>", "<b>", "<c>", "<d>", "<e>"].map(|name| b.node(NodeKind::NATIVE, name, 8));
        let object = b.node(NodeKind::OBJECT, "Object", 8);
        let [attached, detached, shared, below, behind] = native;
        b.detachedness(attached, 1).detachedness(detached, 2).detachedness(object, 2);
        b.edge(attached, EdgeKind::ELEMENT, 1, shared).edge(detached, EdgeKind::ELEMENT, 1, shared);
        b.edge(detached, EdgeKind::INTERNAL, "x", below).edge(detached, EdgeKind::PROPERTY, "y", object);
        b.edge(object, EdgeKind::PROPERTY, "z", behind).edge(below, EdgeKind::WEAK, "w", behind);
        b.edge(below, EdgeKind::ELEMENT, 2, detached);
        let mut graph = b.graph();
        propagate(&mut graph);
        let names = native.map(|node| graph.strings().show(graph.name(node)).into_owned());
        assert_eq!(names, ["<a>", "Detached <b>", "<c>", "Detached <d>", "<e>"]);
        assert_eq!(graph.strings().show(graph.name(object)), "Object");
    }
}
