//! The tree against a naive twin, and what it says of heaps that look like something.

use proptest::prelude::*;

use super::*;
use crate::heap::graph::Graph;
use crate::heap::graph::build::Builder;
use crate::heap::rules::classes::Classes;
use crate::heap::rules::names::Names;
use crate::heap::{EdgeKind as E, NodeKind as N};

/// A tree as Builder has it: each node is dominated by the one that holds it.
fn analysed(builder: &Builder, idom: &[u32]) -> (Graph, Vec<u64>) {
    let graph = builder.graph();
    let mut retained: Vec<_> = graph.nodes().map(|node| graph.self_size(node)).collect();
    for node in (1..retained.len()).rev() {
        let holder = idom[node] as usize;
        retained[holder] = retained[holder].saturating_add(retained[node]);
    }
    (graph, retained)
}

fn rows_of(graph: &Graph, idom: &[u32], retained: &[u64], bounds: Bounds) -> Vec<TreeRow> {
    let classes = Classes::of(graph);
    let names = Names::of(graph, classes.partition());
    tree(&Heap { graph, classes: &classes, names: &names, idom, retained }, bounds)
}

/// Parent, name, retained size, turns, how many smaller.
type Short<'a> = (Option<u32>, &'a str, u64, Option<u64>, Option<u64>);

fn short(rows: &[TreeRow]) -> Vec<Short<'_>> {
    rows.iter()
        .map(|row| (row.parent, row.name.as_str(), row.retained_size, row.times, row.smaller))
        .collect()
}

/// A tree by the parent of each node after the root, with sizes and class names.
fn grown(nodes: &[(usize, u64, &str)]) -> (Graph, Vec<u32>, Vec<u64>) {
    let mut builder = Builder::new();
    let mut idom = vec![0];
    for (node, (parent, size, name)) in (1..).zip(nodes) {
        builder.node(N::OBJECT, name, *size);
        let parent = (parent % node) as u32;
        builder.edge(parent, E::PROPERTY, "held", node as u32);
        idom.push(parent);
    }
    let (graph, retained) = analysed(&builder, &idom);
    (graph, idom, retained)
}

/// A row's parent, its nodes, and those below it that are smaller than what is shown.
type Naive = (Option<usize>, Vec<u32>, Vec<u32>);

/// The same as it is defined: every list anew at every step.
fn naive(graph: &Graph, idom: &[u32], retained: &[u64], bounds: Bounds) -> Vec<Naive> {
    let classes = Classes::of(graph);
    let least = (retained[0] / bounds.parts).max(1);
    let below = |node: u32| {
        let mut list: Vec<u32> =
            graph.nodes().filter(|child| *child != 0 && idom[*child as usize] == node).collect();
        list.retain(|child| retained[*child as usize] >= least);
        list.sort_by_key(|child| (u64::MAX - retained[*child as usize], *child));
        list
    };
    let chain = |head: u32| {
        let mut way = vec![head];
        while let Some(child) = below(way[way.len() - 1]).first().copied() {
            if retained[child as usize] <= retained[way[way.len() - 1] as usize] / 2 {
                break;
            }
            way.push(child);
        }
        for turn in 1..=4 {
            let same = |at: &usize| classes.of_node(way[*at]) == classes.of_node(way[*at - turn]);
            let end = (turn..way.len()).find(|at| !same(at)).unwrap_or(way.len());
            if end / turn >= 8 {
                return way[..end / turn * turn].to_vec();
            }
        }
        vec![head]
    };
    // Parent, nodes, depth, whether it was opened or cannot be.
    let mut rows: Vec<(Option<usize>, Vec<u32>, u32, bool)> = vec![(None, vec![0], 0, false)];
    let mut opened = Vec::new();
    while bounds.rows > rows.len() + opened.len() + 1 {
        let mut closed: Vec<usize> = (0..rows.len()).filter(|row| !rows[*row].3).collect();
        closed.sort_by_key(|row| (u64::MAX - retained[rows[*row].1[0] as usize], *row));
        let Some(row) = closed.first().copied() else { break };
        rows[row].3 = true;
        if rows[row].2 >= bounds.depth {
            continue;
        }
        opened.push(row);
        let (_, nodes, depth, _) = rows[row].clone();
        let mut children: Vec<u32> = nodes.iter().flat_map(|node| below(*node)).collect();
        children.retain(|child| !nodes.contains(child));
        children.sort_by_key(|child| (u64::MAX - retained[*child as usize], *child));
        children.truncate(bounds.rows - rows.len() - opened.len());
        rows.extend(children.into_iter().map(|child| (Some(row), chain(child), depth + 1, false)));
    }
    let shown: Vec<u32> = rows.iter().flat_map(|row| row.1.clone()).collect();
    let mut all = Vec::new();
    for (number, (parent, nodes, ..)) in rows.iter().enumerate() {
        let hidden: Vec<u32> = graph
            .nodes()
            .filter(|node| {
                opened.contains(&number)
                    && *node != 0
                    && nodes.contains(&idom[*node as usize])
                    && !shown.contains(node)
            })
            .collect();
        let size = hidden.iter().map(|node| retained[*node as usize]).sum::<u64>();
        all.push((*parent, nodes.clone(), if size >= least { hidden } else { Vec::new() }));
    }
    all
}

proptest! {
    #[test]
    fn as_the_naive_one(
        nodes in prop::collection::vec((0..1000_usize, 0..50_u64, prop::sample::select(vec!["A", "B", "C"])), 0..60),
        (list, end) in (0..40_usize, 0..30_u64), rows in 2..60_usize, depth in 1..12_u32, parts in 1..200_u64
    ) {
        // A list, whose links retain one another, below whatever came before.
        let mut nodes = nodes;
        for link in 0..list {
            nodes.push((nodes.len(), end, if link % 2 == 0 { "A" } else { "B" }));
        }
        let (graph, idom, retained) = grown(&nodes);
        let bounds = Bounds { rows, depth, parts };
        let found = rows_of(&graph, &idom, &retained, bounds);
        let expected = naive(&graph, &idom, &retained, bounds);
        prop_assert!(found.len() <= rows);
        let (entries, rest): (Vec<_>, Vec<_>) = found.iter().partition(|row| row.smaller.is_none());
        prop_assert_eq!(entries.len(), expected.len());
        for (row, (parent, nodes, ..)) in entries.iter().zip(&expected) {
            prop_assert_eq!(row.parent.map(|parent| parent as usize), *parent);
            prop_assert_eq!(row.id, Some(graph.id(nodes[0])));
            prop_assert_eq!(row.retained_size, retained[nodes[0] as usize]);
            prop_assert_eq!(row.shallow_size, nodes.iter().map(|node| graph.self_size(*node)).sum::<u64>());
        }
        let with_rest = expected.iter().enumerate().filter(|(_, (.., hidden))| !hidden.is_empty());
        let classes = Classes::of(&graph);
        prop_assert_eq!(rest.len(), with_rest.clone().count());
        for (row, (number, (.., hidden))) in rest.iter().zip(with_rest) {
            let bytes = |nodes: &[u32]| nodes.iter().map(|node| retained[*node as usize]).sum::<u64>();
            prop_assert_eq!(row.parent, Some(number as u32));
            prop_assert_eq!((row.smaller, row.retained_size), (Some(hidden.len() as u64), bytes(hidden)));
            let of = |class: u32| hidden.iter().copied().filter(|node| classes.of_node(*node) == class).collect::<Vec<_>>();
            let most = (0..classes.len() as u32).find(|class| bytes(&of(*class)) > bytes(hidden) / 2);
            let name = most.map(|class| classes.show(&graph, class)).unwrap_or_default();
            prop_assert_eq!((&row.name, row.of_that_class), (&name, most.map(|class| of(class).len() as u64)));
        }
        // Nothing is counted twice.
        for (number, row) in found.iter().enumerate() {
            let below: u64 = found.iter().filter(|child| child.parent == Some(number as u32)).map(|child| child.retained_size).sum();
            prop_assert!(row.shallow_size + below <= row.retained_size || row.smaller.is_some());
        }
    }
}

#[test]
fn a_cache_and_its_entries() {
    let mut b = Builder::new();
    let global = b.node(N::OBJECT, "global", 100);
    let cache = b.node(N::OBJECT, "Map", 32);
    let table = b.node(N::ARRAY, "", 2_000);
    b.edge(0, E::ELEMENT, 1, global).edge(global, E::INTERNAL, "map", cache);
    b.edge(global, E::CONTEXT, "cache", cache).edge(cache, E::INTERNAL, "table", table);
    let mut idom = vec![0, 0, global, cache];
    for number in 0..5_000 {
        let (class, size) = if number % 5 == 0 { ("Other", 8) } else { ("Session", 80) };
        let entry = b.node(N::OBJECT, class, size);
        b.edge(table, E::INTERNAL, number.to_string().as_str(), entry);
        idom.push(table);
    }
    let (graph, retained) = analysed(&b, &idom);
    let rows = rows_of(&graph, &idom, &retained, Bounds::default());
    assert_eq!(
        short(&rows),
        [
            (None, "the whole heap", 330_132, None, None),
            (Some(0), "global", 330_132, None, None),
            (Some(1), "Map", 330_032, None, None),
            (Some(2), "", 330_000, None, None),
            (Some(3), "Session", 328_000, None, Some(5_000)),
        ]
    );
    assert_eq!(rows[4].of_that_class, Some(4_000));
    let edges: Vec<_> = rows.iter().map(|row| (row.edge.as_deref(), row.edge_type.as_deref())).collect();
    let expected =
        [None, Some(("1", "element")), Some(("cache", "context")), Some(("table", "internal")), None];
    assert_eq!(edges, expected.map(Option::unzip));
}

#[test]
fn without_edges_it_is_the_same_tree() {
    let (mut graph, idom, retained) = grown(&[(0, 50, "A"), (0, 60, "B"), (1, 70, "C")]);
    let with = rows_of(&graph, &idom, &retained, Bounds::default());
    let classes = Classes::of(&graph);
    let names = Names::of(&graph, classes.partition());
    graph.forget_edges();
    let heap = Heap { graph: &graph, classes: &classes, names: &names, idom: &idom, retained: &retained };
    let without = tree(&heap, Bounds::default());
    assert_eq!(short(&with), short(&without));
    assert!(with[1].edge.is_some() && without[1].edge.is_none());
}

#[test]
fn a_list_of_a_million_is_a_row() {
    let nodes: Vec<_> =
        (0..1_000_000).map(|node| (node, 8, if node % 2 == 0 { "Promise" } else { "Reaction" })).collect();
    let (graph, idom, retained) = grown(&nodes);
    let rows = rows_of(&graph, &idom, &retained, Bounds::default());
    // The last thousandth of it is smaller than what is shown; of one chain that is nobody's majority.
    let expected = [
        (None, "the whole heap", 8_000_000, None, None),
        (Some(0), "Promise", 8_000_000, Some(499_500), None),
    ];
    assert_eq!(short(&rows)[..2], expected);
    assert_eq!(rows[1].shallow_size, 499_500 * 16);
    assert!(rows.len() <= 3, "{}", rows.len());
}

#[test]
fn what_differs_downwards_is_as_deep_as_it_may_be() {
    // Nothing repeats itself within eight turns of four.
    let names: Vec<String> = (0..500).map(|node| format!("Class{node}")).collect();
    let nodes: Vec<_> = names.iter().enumerate().map(|(node, name)| (node, 8, name.as_str())).collect();
    let (graph, idom, retained) = grown(&nodes);
    let rows = rows_of(&graph, &idom, &retained, Bounds::default());
    assert_eq!(rows.len(), 61);
    let wide: Vec<_> = (0..900).map(|_| (0, 8, "A")).collect();
    let (graph, idom, retained) = grown(&wide);
    let rows = rows_of(&graph, &idom, &retained, Bounds { rows: 100, ..Bounds::default() });
    assert_eq!(rows.len(), 100);
    assert_eq!(
        (rows[99].smaller, rows[99].of_that_class, rows[99].retained_size),
        (Some(802), Some(802), 802 * 8)
    );
}

#[test]
fn names_are_cut_and_those_of_roots_are_plain() {
    let mut b = Builder::new();
    let long = "\u{202e}<script>".repeat(1_000);
    let roots = b.node(N::SYNTHETIC, "(Global handles)", 10);
    let object = b.node(N::OBJECT, &long, 10);
    let scope = b.node(N::OBJECT, "system / Context", 10);
    let native = b.node(N::HIDDEN, "system / NativeContext", 10);
    for (node, label) in [(roots, 1), (object, 2), (scope, 3), (native, 4)] {
        b.edge(0, E::ELEMENT, label, node);
    }
    let (graph, retained) = analysed(&b, &[0; 5]);
    let rows = rows_of(&graph, &[0; 5], &retained, Bounds::default());
    let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names[1], "native code (Global handles)");
    assert_eq!((names[2].chars().count(), rows[2].class_name.chars().count()), (121, 121));
    assert_eq!(names[3..], ["captured variables", "global, and what V8 has built in"]);
}

#[test]
fn sizes_that_cannot_be_do_no_harm() {
    let (graph, idom, _) = grown(&[(0, u64::MAX, "A"), (0, u64::MAX, "B"), (1, u64::MAX, "C")]);
    let rows = rows_of(&graph, &idom, &[u64::MAX; 4], Bounds::default());
    assert_eq!(rows.len(), 4);
    assert_eq!(rows_of(&Builder::new().graph(), &[0], &[0], Bounds::default()).len(), 1);
}
