use proptest::prelude::*;

use super::*;
use crate::heap::EdgeKind;
use crate::heap::graph::build::Builder;

fn shown(builder: &Builder, node: u32) -> String {
    let graph = builder.graph();
    let partition = Partition::of(&graph);
    let names = Names::of(&graph, &partition);
    names.show(&graph, &partition.classes(&graph, &Default::default()), node)
}

fn rope(builder: &mut Builder, first: Option<u32>, second: Option<u32>) -> u32 {
    let rope = builder.node(NodeKind::CONS_STRING, "(concatenated string)", 32);
    for (label, part) in [("second", second), ("first", first)] {
        if let Some(part) = part {
            builder.edge(rope, EdgeKind::INTERNAL, label, part);
        }
    }
    rope
}

#[test]
fn ropes() {
    let mut builder = Builder::new();
    let [a, b] = ["ab", "cd"].map(|text| builder.node(NodeKind::STRING, text, 16));
    let whole = rope(&mut builder, Some(a), Some(b));
    let both = rope(&mut builder, Some(whole), Some(whole));
    builder.edge(both, EdgeKind::HIDDEN, 1, a).edge(both, EdgeKind::PROPERTY, "first", a);
    assert_eq!(shown(&builder, both), "abcdabcd");
    let half = rope(&mut builder, None, Some(b));
    assert_eq!(shown(&builder, half), "cd");
    // "first" twice before "second": the later one counts.
    let twice = builder.node(NodeKind::CONS_STRING, "", 32);
    for (label, part) in [("first", a), ("first", b), ("second", b), ("second", a)] {
        builder.edge(twice, EdgeKind::INTERNAL, label, part);
    }
    assert_eq!(shown(&builder, twice), "cdcd");
}

#[test]
fn long_deep_and_endless_ropes() {
    let mut builder = Builder::new();
    let part = builder.node(NodeKind::STRING, &"x".repeat(1_000), 16);
    let mut top = part;
    for _ in 0..100_000 {
        top = rope(&mut builder, Some(top), Some(part));
    }
    assert_eq!(shown(&builder, top), "x".repeat(2_000));
    let nothing = builder.node(NodeKind::STRING, "", 0);
    let rope = rope(&mut builder, Some(nothing), None);
    builder.edge(rope, EdgeKind::INTERNAL, "second", rope);
    assert_eq!(shown(&builder, rope), "");
}

#[test]
fn halves_of_a_pair_become_one_character() {
    let mut builder = Builder::new();
    let [high, low] = ["high", "low"].map(|text| builder.node(NodeKind::STRING, text, 16));
    let whole = rope(&mut builder, Some(high), Some(low));
    let mut graph = builder.graph();
    graph.names[high as usize] = graph.strings.add_raw(&[br"\ud83d"]);
    graph.names[low as usize] = graph.strings.add_raw(&[br"\ude00"]);
    assert_eq!(Ropes::of(&graph).text(&graph, whole), "😀".as_bytes());
}

#[test]
fn flat_ropes() {
    let mut builder = Builder::new();
    let [text, nothing] = ["ab", ""].map(|text| builder.node(NodeKind::STRING, text, 16));
    rope(&mut builder, Some(text), Some(text));
    rope(&mut builder, Some(text), Some(nothing));
    rope(&mut builder, Some(nothing), None);
    let ropes = Ropes::of(&builder.graph());
    assert_eq!([0, 1, 2].map(|number| ropes.flat.get(number)), [false, true, true]);
}

/// DevTools' way, name by name on two strings.
fn naive(properties: &[(bool, &str)]) -> String {
    let units = |text: &str| text.encode_utf16().count();
    let (mut start, mut end) = ("{".to_owned(), "}".to_owned());
    let mut left = properties;
    let mut from_end = false;
    while let Some((is_property, name)) = if from_end { left.last() } else { left.first() } {
        let rest = if from_end { &left[..left.len() - 1] } else { &left[1..] };
        if !is_property || *name == "__proto__" {
            left = rest;
            continue;
        }
        let shown =
            String::from_utf8(crate::heap::rules::classes::format::property(name.as_bytes()).into_owned())
                .unwrap();
        if units(&start) > 1 && units(&start) + units(&end) + units(&shown) > 100 {
            break;
        }
        left = rest;
        if from_end {
            if units(&end) > 1 {
                end.insert_str(0, ", ");
            }
            end.insert_str(0, &shown);
        } else {
            if units(&start) > 1 {
                start += ", ";
            }
            start += &shown;
        }
        from_end = !from_end;
    }
    if !left.is_empty() {
        start += ", …";
    }
    if units(&end) > 1 {
        start += ", ";
    }
    start + &end
}

proptest! {
    #[test]
    fn plain_objects(
        properties in prop::collection::vec(
            (
                prop::bool::weighted(0.8),
                prop::sample::select(vec![
                    "a", "", "__proto__", "x,y", "😀😀", "seventeen letters", "a name of forty units, more or less, here",
                ]),
            ),
            0..20,
        ),
        long in prop::option::of(Just("x".repeat(700))),
    ) {
        let mut properties = properties;
        if let Some(long) = &long {
            properties.insert(properties.len() / 2, (true, long));
        }
        let mut builder = Builder::new();
        let object = builder.node(NodeKind::OBJECT, "Object", 8);
        for (is_property, name) in &properties {
            let kind = if *is_property { EdgeKind::PROPERTY } else { EdgeKind::INTERNAL };
            builder.edge(object, kind, *name, 0);
        }
        prop_assert_eq!(shown(&builder, object), naive(&properties));
    }
}

#[test]
fn other_nodes_and_long_names() {
    let mut builder = Builder::new();
    let map = builder.node(NodeKind::OBJECT, "Map", 8);
    let fits = builder.node(NodeKind::OBJECT, &"é".repeat(LONGEST / 2), 8);
    let long = builder.node(NodeKind::OBJECT, &"x".repeat(LONGEST + 1), 8);
    assert_eq!(shown(&builder, map), "Map");
    assert_eq!(shown(&builder, fits).len(), LONGEST);
    assert_eq!(shown(&builder, long).len(), LONGEST + 3);
}
