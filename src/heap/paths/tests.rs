//! Small graphs in V8's manner, and random ones against a naive twin.

mod merged;
mod random;
mod single;

use std::borrow::Cow;
use std::collections::VecDeque;

use super::{Facts, Paths, RetainingPath};
use crate::heap::graph::build::Builder;
use crate::heap::graph::{EdgeKind, Graph, NodeKind};
use crate::heap::host::Quiet;

/// An analysis made simple: the class is the name, everything retains but weak edges, nothing dominates.
pub(super) struct Simple {
    graph: Graph,
    distances: Vec<i32>,
    dominators: Vec<u32>,
}

impl Simple {
    pub(super) fn new(builder: &Builder) -> Self {
        let graph = builder.graph();
        let retains = |edge: &u32| graph.edge_kind(*edge) != EdgeKind::WEAK;
        let mut distances = vec![-5; graph.node_count() as usize];
        let users = graph.edges(0).filter(retains).map(|edge| graph.target(edge));
        let users: VecDeque<u32> = users.filter(|node| graph.kind(*node) != NodeKind::SYNTHETIC).collect();
        users.iter().for_each(|node| distances[*node as usize] = 1);
        for (mut queue, base) in [(users, None), (VecDeque::from([0]), Some(100_000_000))] {
            if let Some(base) = base {
                distances[0] = base;
            }
            while let Some(node) = queue.pop_front() {
                for edge in graph.edges(node).filter(retains) {
                    let target = graph.target(edge);
                    if distances[target as usize] == -5 && target != 0 {
                        distances[target as usize] = distances[node as usize] + 1;
                        queue.push_back(target);
                    }
                }
            }
        }
        let dominators = vec![0; graph.node_count() as usize];
        Self { graph, distances, dominators }
    }

    /// The members of a class.
    pub(super) fn members(&self, class: &str) -> Vec<u32> {
        self.graph.nodes().filter(|node| self.class_name(*node) == class).collect()
    }
}

impl Facts for Simple {
    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn distance(&self, node: u32) -> i32 {
        self.distances[node as usize]
    }

    fn retains(&self, edge: u32) -> bool {
        self.graph.edge_kind(edge) != EdgeKind::WEAK
    }

    fn dominator(&self, node: u32) -> u32 {
        self.dominators[node as usize]
    }

    fn retained_size(&self, node: u32) -> u64 {
        self.graph.self_size(node)
    }

    fn class(&self, node: u32) -> u32 {
        self.graph.name(node)
    }

    fn class_name(&self, node: u32) -> Cow<'_, str> {
        self.display_name(node)
    }

    fn display_name(&self, node: u32) -> Cow<'_, str> {
        self.graph.strings().show(self.graph.name(node))
    }
}

/// The texts of the paths to one node.
pub(super) fn texts(builder: &Builder, node: u32, limit: usize) -> Vec<String> {
    let facts = Simple::new(builder);
    let paths = Paths::new(&facts, &Quiet).unwrap();
    paths.to_node(node, limit).into_iter().map(|path| path.text).collect()
}

/// The merged paths to a class.
pub(super) fn merged(facts: &Simple, class: &str, limit: usize) -> Vec<RetainingPath> {
    Paths::new(facts, &Quiet).unwrap().to_class(&facts.members(class), limit)
}

/// A builder with `global` below the root; `global`.
pub(super) fn with_global() -> (Builder, u32) {
    let mut builder = Builder::new();
    let global = builder.node(NodeKind::OBJECT, "global", 8);
    builder.edge(0, EdgeKind::SHORTCUT, "1", global);
    (builder, global)
}

/// A function at line 10, column 5 of `/srv/server.js` with its captured variables; both.
pub(super) fn function(builder: &mut Builder, name: &str) -> (u32, u32) {
    let function = builder.node(NodeKind::CLOSURE, name, 8);
    let context = builder.node(NodeKind::OBJECT, "system / Context", 8);
    let shared = builder.node(NodeKind::CODE, name, 8);
    let script = builder.node(NodeKind::CODE, "/srv/server.js", 8);
    builder
        .edge(function, EdgeKind::INTERNAL, "context", context)
        .edge(function, EdgeKind::INTERNAL, "shared", shared)
        .edge(shared, EdgeKind::INTERNAL, "script", script)
        .location(function, 7, 9, 4);
    (function, context)
}
