use proptest::prelude::*;

use super::*;
use crate::heap::graph::build::Builder;
use crate::heap::{EdgeKind, NodeKind};

/// A tree, given by the parent of each node after the root, with sizes and class names.
fn tree(nodes: &[(usize, u64, &str)]) -> (Graph, Vec<u32>, Vec<u64>) {
    let mut builder = Builder::new();
    let mut dominators = vec![0];
    for (node, (parent, size, name)) in (1..).zip(nodes) {
        builder.node(NodeKind::OBJECT, name, *size);
        let parent = (parent % node) as u32;
        builder.edge(parent, EdgeKind::PROPERTY, "x", node as u32);
        dominators.push(parent);
    }
    let graph = builder.graph();
    let mut retained: Vec<_> = graph.nodes().map(|node| graph.self_size(node)).collect();
    for node in (1..retained.len()).rev() {
        retained[dominators[node] as usize] += retained[node];
    }
    (graph, dominators, retained)
}

/// The rule as DevTools has it: each node's way up to the root.
fn naive(graph: &Graph, classes: &Classes, dominators: &[u32], retained: &[u64]) -> Vec<u64> {
    let mut sums = vec![0; classes.len()];
    for node in graph.nodes().filter(|node| graph.self_size(*node) > 0) {
        let mut above = node;
        let mut covered = false;
        while above != graph.root() {
            above = dominators[above as usize];
            covered |= graph.self_size(above) > 0 && classes.of_node(above) == classes.of_node(node);
        }
        if !covered {
            sums[classes.of_node(node) as usize] += retained[node as usize];
        }
    }
    sums
}

proptest! {
    #[test]
    fn retained_by_class(
        nodes in prop::collection::vec((0..1000_usize, 0..3_u64, prop::sample::select(vec!["A", "B", "C"])), 0..60)
    ) {
        let (graph, dominators, retained) = tree(&nodes);
        let classes = Classes::of(&graph);
        let distances: Vec<_> = graph.nodes().map(|node| (node as i32 * 7) % 11 - 5).collect();
        let aggregates = Aggregates::of(&graph, &classes, &dominators, &retained, &distances);
        let expected = naive(&graph, &classes, &dominators, &retained);
        prop_assert_eq!(aggregates.list().iter().map(|sum| sum.retained).collect::<Vec<_>>(), expected);
        for class in 0..classes.len() as u32 {
            let members = || graph.nodes().filter(|node| classes.of_node(*node) == class && graph.self_size(*node) > 0);
            let sum = aggregates.get(class);
            prop_assert_eq!(sum.count, members().count() as u64);
            prop_assert_eq!(sum.shallow, members().map(|node| graph.self_size(node)).sum::<u64>());
            prop_assert_eq!(sum.first, members().next().unwrap_or(NONE));
            let least = members().map(|node| distances[node as usize]).min();
            prop_assert_eq!(sum.distance, least.unwrap_or(i32::MAX));
        }
        let table = aggregates.table(&graph, &classes, Namesakes::Keep);
        prop_assert!(table.is_sorted_by_key(|row| std::cmp::Reverse(row.retained_size)));
        prop_assert_eq!(table.iter().map(|row| row.shallow_size).sum::<u64>(), retained[0]);
    }
}

#[test]
fn a_list_of_a_million() {
    let nodes: Vec<_> = (0..1_000_000).map(|node| (node, 1, if node % 2 == 0 { "A" } else { "B" })).collect();
    let (graph, dominators, retained) = tree(&nodes);
    let classes = Classes::of(&graph);
    let aggregates =
        Aggregates::of(&graph, &classes, &dominators, &retained, &vec![-5; graph.node_count() as usize]);
    let table = aggregates.table(&graph, &classes, Namesakes::Keep);
    let rows: Vec<_> = table.iter().map(|row| (row.name.as_str(), row.count, row.retained_size)).collect();
    assert_eq!(rows, [("A", 500_000, 1_000_000), ("B", 500_000, 999_999)]);
    assert_eq!(table[0].distance, -5);
}

#[test]
fn namesakes() {
    let mut builder = Builder::new();
    builder.node(NodeKind::OBJECT, "Function", 0);
    builder.node(NodeKind::CLOSURE, "f", 10);
    builder.node(NodeKind::OBJECT, "Function", 20);
    builder.node(NodeKind::CLOSURE, "g", 40);
    let graph = builder.graph();
    let classes = Classes::of(&graph);
    let retained: Vec<_> = graph.nodes().map(|node| graph.self_size(node)).collect();
    let aggregates = Aggregates::of(&graph, &classes, &[0; 5], &retained, &[1; 5]);
    let rows = |namesakes| {
        let table = aggregates.table(&graph, &classes, namesakes);
        table.iter().map(|row| (row.count, row.shallow_size, row.retained_size)).collect::<Vec<_>>()
    };
    assert_eq!(rows(Namesakes::Keep), [(2, 50, 50), (1, 20, 20)]);
    assert_eq!(rows(Namesakes::Last), [(1, 20, 20)]);
}
