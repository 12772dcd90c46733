use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::heap::graph::build::Builder;
use crate::heap::rules::classes::{Classes, Partition};
use crate::heap::{EdgeKind, Quiet};

fn find(graph: &Graph, most: usize) -> Vec<DuplicateRow> {
    let names = Names::of(graph, &Partition::of(graph));
    // Any numbers that differ will do as retained sizes.
    let retained: Vec<_> = graph.nodes().map(|node| graph.self_size(node) * 1000 + u64::from(node)).collect();
    let duplicates = Duplicates::find(graph, &names, &Spans::of(graph, &names, &Quiet).unwrap(), &Quiet)
        .unwrap()
        .weigh(&retained);
    duplicates.rows(graph, &names, most)
}

fn rope(builder: &mut Builder, first: u32, second: u32, size: u64) -> u32 {
    let rope = builder.node(NodeKind::CONS_STRING, "(concatenated string)", size);
    builder.edge(rope, EdgeKind::INTERNAL, "first", first).edge(rope, EdgeKind::INTERNAL, "second", second);
    rope
}

/// A string that says how long it is.
fn cut(builder: &mut Builder, text: &str, length: &str, hash: &str) -> u32 {
    let string = builder.node(NodeKind::STRING, text, 16);
    for (label, kind, value) in
        [("truncated", "bool", "true"), ("length", "int", length), ("hash", "int", hash)]
    {
        let number = builder.node(NodeKind::NUMBER, kind, 0);
        let text = builder.node(NodeKind::STRING, value, 0);
        builder.edge(number, EdgeKind::INTERNAL, "value", text).edge(
            string,
            EdgeKind::INTERNAL,
            label,
            number,
        );
    }
    string
}

#[test]
fn groups_by_text() {
    let mut builder = Builder::new();
    for (kind, text, size) in [
        (NodeKind::STRING, "a", 16),
        (NodeKind::STRING, "b", 16),
        (NodeKind::STRING, "a", 24),
        (NodeKind::STRING, "b", 0),
        (NodeKind::SLICED_STRING, "b", 16),
        (NodeKind::OBJECT, "a", 16),
    ] {
        builder.node(kind, text, size);
    }
    let mut graph = builder.graph();
    // The same text at another index.
    graph.names[3] = graph.strings.add_raw(&[br"\u0061"]);
    let expected = DuplicateRow {
        text: "a".to_owned(),
        count: 2,
        shallow_size: 40,
        retained_size: 40_000 + 1 + 3,
        truncated: false,
        length: None,
    };
    assert_eq!(find(&graph, 9), [expected]);
}

#[test]
fn ropes_and_strings_of_the_same_text() {
    let mut builder = Builder::new();
    let [a, ab, b, nothing] = ["a", "ab", "b", ""].map(|text| builder.node(NodeKind::STRING, text, 16));
    let first = rope(&mut builder, a, b, 32);
    rope(&mut builder, a, b, 32);
    // V8's own doing: the rope was made flat.
    rope(&mut builder, ab, nothing, 32);
    let flat = rope(&mut builder, first, nothing, 32);
    let [aba, abab] = [a, ab].map(|end| rope(&mut builder, first, end, 32));
    rope(&mut builder, flat, a, 32);
    rope(&mut builder, a, aba, 32);
    rope(&mut builder, abab, a, 32);
    let rows = find(&builder.graph(), 9);
    let rows: Vec<_> = rows.iter().map(|row| (row.text.as_str(), row.count)).collect();
    assert_eq!(rows, [("ab", 3), ("aba", 2)]);
}

#[test]
fn long_texts_and_what_v8_says_of_them() {
    let long = "é".repeat(LONG);
    let mut builder = Builder::new();
    for (text, length, hash) in [
        (&long, "2000", "1"),
        (&long, "2000", "2"),
        (&long, "2000", "1"),
        (&long, "3000", "1"),
        (&long, "2000", "1"),
    ] {
        cut(&mut builder, text, length, hash);
    }
    for _ in 0..2 {
        builder.node(NodeKind::STRING, &long, 8);
        builder.node(NodeKind::STRING, &long[..2 * LONG - 2], 4);
    }
    let rows = find(&builder.graph(), 9);
    let rows: Vec<_> =
        rows.iter().map(|row| (row.text.chars().count(), row.count, row.truncated, row.length)).collect();
    assert_eq!(rows, [(LONG, 3, false, Some(2000)), (LONG, 2, true, None), (LONG - 1, 2, false, None)]);
}

#[test]
fn a_chain_of_ropes_shares_its_beginning() {
    let mut builder = Builder::new();
    let [line, other] = ["a line\n", "another\n"].map(|text| builder.node(NodeKind::STRING, text, 16));
    let mut log = rope(&mut builder, line, other, 32);
    for _ in 0..200_000 {
        log = rope(&mut builder, log, line, 32);
    }
    // From the other end, too.
    let mut stack = rope(&mut builder, other, line, 32);
    for _ in 0..2_000 {
        stack = rope(&mut builder, other, stack, 32);
    }
    let rows = find(&builder.graph(), 9);
    let counts: Vec<_> = rows.iter().map(|row| (row.count, row.truncated)).collect();
    // 15 units, then 7 at a time: 145 are shorter than 1,024. 8 at a time: 127 are.
    assert_eq!(counts, [(200_001 - 145, true), (2_001 - 127, true)]);
}

#[test]
fn ropes_that_hold_themselves() {
    let mut builder = Builder::new();
    let [a, nothing] = ["a", ""].map(|text| builder.node(NodeKind::STRING, text, 16));
    let mut ropes = Vec::new();
    for _ in 0..4 {
        ropes.push(builder.node(NodeKind::CONS_STRING, "", 32));
    }
    for (from, first, second) in
        [(0, ropes[0], ropes[0]), (1, ropes[2], a), (2, a, ropes[1]), (3, nothing, ropes[3])]
    {
        builder.edge(ropes[from], EdgeKind::INTERNAL, "first", first);
        builder.edge(ropes[from], EdgeKind::INTERNAL, "second", second);
    }
    find(&builder.graph(), 9);
}

proptest! {
    /// Circles, parts of any kind, numbers that are none: it ends, and everything has a name.
    #[test]
    fn any_graph(
        nodes in prop::collection::vec(
            (0..12_u8, prop::sample::select(vec!["", "a", "Object", "bool", "int", "true", "7"]), 0..2_u64),
            1..20,
        ),
        edges in prop::collection::vec(
            (
                0..20_usize,
                prop::sample::select(vec!["first", "second", "truncated", "length", "hash", "value", "elements"]),
                prop::bool::weighted(0.8),
                0..20_usize,
            ),
            0..60,
        ),
    ) {
        let mut builder = Builder::new();
        for (kind, name, size) in &nodes {
            builder.node(NodeKind(*kind), name, *size);
        }
        let pick = |index: usize| (index % (nodes.len() + 1)) as u32;
        for (from, label, internal, to) in &edges {
            let kind = if *internal { EdgeKind::INTERNAL } else { EdgeKind::PROPERTY };
            builder.edge(pick(*from), kind, *label, pick(*to));
        }
        let graph = builder.graph();
        let classes = Classes::of(&graph);
        let names = Names::of(&graph, classes.partition());
        for node in graph.nodes() {
            names.show(&graph, &classes, node);
        }
        find(&graph, usize::MAX);
    }

    /// Against names as they are shown, grouped by their text.
    #[test]
    fn as_devtools_does(
        texts in prop::collection::vec((prop::sample::select(vec!["", "a", "b", "ab", "L", "Lb"]), 0..3_u64), 1..12),
        ropes in prop::collection::vec((0..1000_usize, 0..1000_usize, 0..3_u64), 0..24),
    ) {
        let long = "x".repeat(500);
        let mut builder = Builder::new();
        for (text, size) in &texts {
            builder.node(NodeKind::STRING, &text.replace('L', &long), *size);
        }
        let mut made: Vec<u32> = (1..=texts.len() as u32).collect();
        for (first, second, size) in &ropes {
            let [first, second] = [first, second].map(|part| made[part % made.len()]);
            made.push(rope(&mut builder, first, second, *size));
        }
        let graph = builder.graph();
        let names = Names::of(&graph, &Partition::of(&graph));
        let mut groups: HashMap<String, (u64, u64)> = HashMap::new();
        for node in made.into_iter().filter(|node| graph.self_size(*node) > 0) {
            let text = |node| String::from_utf8(names.string(&graph, node).into_owned()).unwrap();
            let flat = graph.kind(node) == NodeKind::CONS_STRING
                && graph.edges(node).any(|edge| text(graph.target(edge)).is_empty());
            if !flat {
                let group = groups.entry(text(node)).or_default();
                *group = (group.0 + 1, group.1 + graph.self_size(node));
            }
        }
        groups.retain(|_, (count, _)| *count > 1);
        let found = find(&graph, usize::MAX);
        prop_assert!(found.is_sorted_by_key(|row| std::cmp::Reverse(row.retained_size)));
        for row in &found {
            prop_assert_eq!(row.truncated, row.text.len() >= LONG);
        }
        let found: HashMap<_, _> = found.into_iter().map(|row| (row.text, (row.count, row.shallow_size))).collect();
        prop_assert_eq!(found, groups);
    }
}
