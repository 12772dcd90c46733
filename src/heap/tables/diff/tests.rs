use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::heap::graph::Graph;
use crate::heap::graph::build::Builder;
use crate::heap::rules::classes::Partition;
use crate::heap::{EdgeKind, NodeKind};

fn compare(base: &Graph, now: &Graph, same: Same, namesakes: Namesakes) -> Vec<DiffRow> {
    let [before, after] = [base, now].map(|graph| Census::of(graph, &Partition::of(graph)));
    let interfaces = Definitions::infer(now, &Partition::of(now));
    diff(&before, &after, &interfaces, same, namesakes)
}

/// (class, id, size, properties)
type Node<'a> = (&'a str, u64, u64, Vec<&'a str>);

fn graph(nodes: &[Node<'_>], first_string: &str) -> Graph {
    let mut builder = Builder::new();
    builder.node(NodeKind::STRING, first_string, 0);
    for (class, id, size, properties) in nodes {
        let kind = if *class == "Function" { NodeKind::CLOSURE } else { NodeKind::OBJECT };
        let node = builder.node(kind, if *class == "F" { "Function" } else { class }, *size);
        builder.id(node, *id);
        for property in properties {
            builder.edge(node, EdgeKind::PROPERTY, *property, 0);
        }
    }
    builder.graph()
}

fn short(rows: &[DiffRow]) -> Vec<(&str, u64, u64, i64)> {
    rows.iter().map(|row| (row.name.as_str(), row.added, row.removed, row.size_delta)).collect()
}

#[test]
fn by_ids_with_the_newer_interfaces() {
    let base =
        [("A", 1, 10, vec![]), ("A", 3, 10, vec![]), ("Object", 5, 8, vec!["x", "y"]), ("B", 7, 4, vec![])];
    let now = [
        ("A", 3, 12, vec![]),
        ("Object", 5, 8, vec!["y", "x"]),
        ("Object", 9, 8, vec!["y", "x"]),
        ("A", 1 << 40, 10, vec![]),
        ("C", 13, 0, vec![]),
    ];
    let rows = compare(&graph(&base, "one"), &graph(&now, "another"), Same::Ids, Namesakes::Keep);
    assert_eq!(short(&rows), [("{y, x}", 1, 0, 8), ("A", 1, 1, 0), ("B", 0, 1, -4)]);
    assert_eq!((rows[1].added_size, rows[1].removed_size, rows[1].count_delta), (10, 10, 0));
    let rows = compare(&graph(&base, "one"), &graph(&now, "another"), Same::Totals, Namesakes::Keep);
    assert_eq!(short(&rows), [("{y, x}", 1, 0, 8), ("A", 0, 0, 2), ("B", 0, 1, -4)]);
}

#[test]
fn twins_are_one_row_or_the_last_of_them() {
    let base = [("Function", 1, 10, vec![]), ("F", 3, 20, vec![]), ("Function", 5, 40, vec![])];
    let now = [("F", 3, 20, vec![]), ("Function", 7, 80, vec![])];
    let [base, now] = [graph(&base, "one"), graph(&now, "another")];
    let all = compare(&base, &now, Same::Ids, Namesakes::Keep);
    assert_eq!(short(&all), [("Function", 1, 2, 30)]);
    let last = compare(&base, &now, Same::Ids, Namesakes::Last);
    assert_eq!(short(&last), [("Function", 1, 1, 60)]);
}

#[test]
fn places() {
    let build = |script: u32, line: u32, id: u64| {
        let mut builder = Builder::new();
        let node = builder.node(NodeKind::OBJECT, "A", 8);
        builder.id(node, id).location(node, script, line, 1);
        builder.graph()
    };
    let [base, moved] = [build(1, 1, 1), build(2, 1, 3)];
    assert_eq!(short(&compare(&base, &moved, Same::Ids, Namesakes::Keep)), [("A", 1, 0, 8), ("A", 0, 1, -8)]);
    assert_eq!(compare(&base, &moved, Same::Totals, Namesakes::Keep), []);
    let rows = compare(&base, &build(2, 2, 3), Same::Totals, Namesakes::Keep);
    assert_eq!(rows[0].location, Some(Place { script_id: 2, line: 2, column: 1 }));
}

fn nodes() -> impl Strategy<Value = Vec<Node<'static>>> {
    let class = prop::sample::select(vec!["A", "B", "Object", "Object", "Function", "F"]);
    let properties = prop::collection::vec(prop::sample::select(vec!["x", "y", "z"]), 0..3);
    let node = (class, 0..60_u64, 0..3_u64, properties);
    prop::collection::vec(node, 0..30).prop_map(|mut nodes| {
        let mut seen = BTreeSet::new();
        nodes.retain(|(_, id, ..)| seen.insert(*id));
        nodes
    })
}

proptest! {
    /// Against sets of ids, by what the nodes are called.
    #[test]
    fn as_sets(base in nodes(), now in nodes()) {
        let [base, now] = [graph(&base, "one"), graph(&now, "another")];
        let interfaces = Definitions::infer(&now, &Partition::of(&now));
        let [before, after] = [&base, &now].map(|graph| {
            let classes = Partition::of(graph).classes(graph, &interfaces);
            let mut sets: BTreeMap<String, BTreeMap<u64, u64>> = BTreeMap::new();
            for node in graph.nodes().filter(|node| graph.self_size(*node) > 0) {
                let class = classes.show(graph, classes.of_node(node));
                sets.entry(class).or_default().insert(graph.id(node), graph.self_size(node));
            }
            sets
        });
        let mut expected = BTreeMap::new();
        for class in before.keys().chain(after.keys()) {
            let none = BTreeMap::new();
            let [old, new] = [&before, &after].map(|sets| sets.get(class).unwrap_or(&none));
            let only = |a: &BTreeMap<u64, u64>, b: &BTreeMap<u64, u64>| {
                let only = a.iter().filter(|(id, _)| !b.contains_key(id)).map(|(_, size)| *size);
                (only.clone().count() as u64, only.sum::<u64>())
            };
            let (added, removed) = (only(new, old), only(old, new));
            if added.0 + removed.0 > 0 {
                expected.insert(class.clone(), (added, removed));
            }
        }
        let rows = compare(&base, &now, Same::Ids, Namesakes::Keep);
        prop_assert!(rows.is_sorted_by_key(|row| Reverse(row.size_delta)));
        for row in &rows {
            prop_assert_eq!(row.count_delta, row.added as i64 - row.removed as i64);
            prop_assert_eq!(row.size_delta, row.added_size as i64 - row.removed_size as i64);
        }
        let found: BTreeMap<_, _> = rows
            .into_iter()
            .map(|row| (row.name, ((row.added, row.added_size), (row.removed, row.removed_size))))
            .collect();
        prop_assert_eq!(found, expected);
    }
}
