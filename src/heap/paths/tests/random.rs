//! Random graphs: every path is one, nothing shorter is, and nobody is forgotten.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

const KINDS: [NodeKind; 5] =
    [NodeKind::OBJECT, NodeKind::ARRAY, NodeKind::CLOSURE, NodeKind::HIDDEN, NodeKind::SYNTHETIC];
const NAMES: [&str; 7] = ["Map", "Object", "A", "", "system / Context", "Set", "global"];
const LABELS: [&str; 8] = ["table", "context", "__proto__", "next", "3", "5", "6", "elements"];

fn builders() -> impl Strategy<Value = Builder> {
    let nodes = prop::collection::vec((0..KINDS.len(), 0..NAMES.len()), 1..25);
    let edges = prop::collection::vec((any::<u16>(), 0_u8..8, 0..LABELS.len(), any::<u16>()), 0..80);
    (nodes, edges).prop_map(|(nodes, edges)| {
        let mut builder = Builder::new();
        for (kind, name) in &nodes {
            builder.node(KINDS[*kind], NAMES[*name], 1);
        }
        let count = nodes.len() as u32 + 1;
        for (from, kind, label, to) in edges {
            let (from, to) = (u32::from(from) % count, u32::from(to) % count);
            match EdgeKind(kind) {
                kind @ (EdgeKind::ELEMENT | EdgeKind::HIDDEN) => builder.edge(from, kind, label as u64, to),
                kind => builder.edge(from, kind, LABELS[label], to),
            };
        }
        builder
    })
}

/// Steps from the root to each node: through user roots, and through any child of the root.
fn naive(facts: &Simple) -> (HashMap<u32, usize>, HashMap<u32, usize>) {
    let graph = facts.graph();
    let search = |users_only: bool| {
        let mut depths = HashMap::from([(0, 0)]);
        let mut queue = VecDeque::from([0]);
        while let Some(node) = queue.pop_front() {
            for edge in graph.edges(node).filter(|edge| facts.retains(*edge)) {
                let target = graph.target(edge);
                let is_way_in = node != 0 || !users_only || facts.distance(target) == 1;
                if is_way_in && !depths.contains_key(&target) {
                    depths.insert(target, depths[&node] + 1);
                    queue.push_back(target);
                }
            }
        }
        depths
    };
    (search(true), search(false))
}

/// Whether the steps of a path are edges that retain, one after the other, and no node comes twice.
fn is_path(facts: &Simple, path: &RetainingPath, target: u32) -> bool {
    let graph = facts.graph();
    let mut at = 0;
    let mut seen = HashSet::from([0]);
    for step in &path.steps {
        let Some(node) = graph.node_of_id(step.node.id) else { return false };
        let is_edge = graph.edges(at).any(|edge| {
            let named = super::super::step::label(graph, edge) == step.edge;
            named && graph.target(edge) == node && facts.retains(edge)
        });
        if !is_edge || !seen.insert(node) {
            return false;
        }
        at = node;
    }
    at == target && graph.id(target) == path.target.id
}

proptest! {
    #[test]
    fn paths_to_a_node(builder in builders()) {
        let facts = Simple::new(&builder);
        let (users, any) = naive(&facts);
        let paths = Paths::new(&facts, &Quiet).unwrap();
        for node in facts.graph().nodes() {
            let found = paths.to_node(node, 4);
            let shortest = users.get(&node).or(any.get(&node));
            prop_assert_eq!(found.first().map(|path| path.steps.len()), shortest.copied());
            prop_assert!(found.len() <= 4);
            for path in &found {
                prop_assert!(is_path(&facts, path, node), "{:?}", path.text);
            }
            let texts: HashSet<&String> = found.iter().map(|path| &path.text).collect();
            prop_assert_eq!(texts.len(), found.len());
        }
    }

    #[test]
    fn paths_to_a_class(builder in builders()) {
        let facts = Simple::new(&builder);
        let (users, any) = naive(&facts);
        let paths = Paths::new(&facts, &Quiet).unwrap();
        for class in NAMES {
            let members = facts.members(class);
            let found = paths.to_class(&members, usize::MAX);
            let reached = members.iter().filter(|node| any.contains_key(node)).count() as u64;
            let own = found.iter().filter(|path| !path.also);
            prop_assert_eq!(own.filter_map(|path| path.count).sum::<u64>(), reached);
            for path in &found {
                let node = facts.graph().node_of_id(path.target.id).unwrap();
                prop_assert!(members.contains(&node));
                prop_assert!(is_path(&facts, path, node), "{:?}", path.text);
                let shortest = users.get(&node).or(any.get(&node));
                prop_assert!(path.also || shortest == Some(&path.steps.len()));
            }
        }
    }
}
