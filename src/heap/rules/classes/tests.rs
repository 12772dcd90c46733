use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::heap::graph::build::Builder;
use crate::heap::{EdgeKind, NodeKind};

fn names(graph: &Graph) -> Vec<String> {
    let classes = Classes::of(graph);
    graph.nodes().map(|node| classes.show(graph, classes.of_node(node))).collect()
}

#[test]
fn each_type_has_its_classes() {
    let mut builder = Builder::new();
    for (kind, name) in [
        (NodeKind::HIDDEN, "x"),
        (NodeKind::CODE, "x"),
        (NodeKind::CLOSURE, "f"),
        (NodeKind::REGEXP, "/x/"),
        (NodeKind::STRING, "text"),
        (NodeKind::CONS_STRING, ""),
        (NodeKind::OBJECT, "Map"),
        (NodeKind::NATIVE, "Detached <a href>"),
        (NodeKind::NATIVE, "<p class=\"x\">"),
        (NodeKind(77), "x"),
    ] {
        builder.node(kind, name, 8);
    }
    let expected = [
        "(synthetic)",
        "(system)",
        "(compiled code)",
        "Function",
        "RegExp",
        "(string)",
        "(concatenated string)",
        "Map",
        "Detached <a>",
        "<p>",
        "(undefined)",
    ];
    assert_eq!(names(&builder.graph()), expected);
}

#[test]
fn a_class_name_is_an_index_but_elements_and_places_are_texts() {
    let mut builder = Builder::new();
    let closure = builder.node(NodeKind::CLOSURE, "f", 8);
    let object = builder.node(NodeKind::OBJECT, "Function", 8);
    let short = builder.node(NodeKind::NATIVE, "<p>", 8);
    let long = builder.node(NodeKind::NATIVE, "<p id>", 8);
    let here = builder.node(NodeKind::OBJECT, "A", 8);
    let there = builder.node(NodeKind::OBJECT, "A", 8);
    let same = builder.node(NodeKind::OBJECT, "A", 8);
    let nowhere = builder.node(NodeKind::OBJECT, "A", 8);
    let native = builder.node(NodeKind::NATIVE, "A", 8);
    builder
        .location(here, 1, 2, 3)
        .location(same, 1, 2, 3)
        .location(there, 1, 2, 4)
        .location(native, 1, 2, 3);
    let mut graph = builder.graph();
    // The same text at another index.
    graph.names[same as usize] = graph.strings.add_raw(&[br"\u0041"]);
    let classes = Classes::of(&graph);
    let [closure, object, short, long, here, there, same, nowhere, native] =
        [closure, object, short, long, here, there, same, nowhere, native].map(|node| classes.of_node(node));
    assert_ne!(closure, object);
    assert_eq!(short, long);
    assert_eq!(here, same);
    assert_ne!(here, there);
    assert_eq!(nowhere, native);
    assert_eq!(classes.place(here), Some(Place { script_id: 1, line: 2, column: 3 }));
    assert_eq!(classes.place(native), None);
    assert_eq!(classes.named(&graph, "Function"), [closure, object]);
    let used = classes
        .named(&graph, "A")
        .into_iter()
        .filter(|class| graph.nodes().any(|node| classes.of_node(node) == *class));
    assert_eq!(used.collect::<Vec<_>>(), [nowhere, here, there]);
}

fn plain(builder: &mut Builder, properties: &[&str]) -> u32 {
    let object = builder.node(NodeKind::OBJECT, "Object", 8);
    for property in properties {
        builder.edge(object, EdgeKind::PROPERTY, *property, 0);
    }
    object
}

#[test]
fn plain_objects_by_interface() {
    let mut builder = Builder::new();
    for _ in 0..3 {
        plain(&mut builder, &["id", "name", "__proto__"]);
    }
    for _ in 0..2 {
        plain(&mut builder, &["__proto__", "a,b"]);
    }
    let more = plain(&mut builder, &["x", "name", "id", "a,b"]);
    let other = plain(&mut builder, &["x"]);
    let empty = plain(&mut builder, &[]);
    let native = builder.node(NodeKind::NATIVE, "Object", 8);
    let placed = plain(&mut builder, &["id", "name"]);
    builder.location(placed, 1, 1, 1).edge(other, EdgeKind::INTERNAL, "id", 0).edge(
        other,
        EdgeKind::INTERNAL,
        "name",
        0,
    );
    let graph = builder.graph();
    let shown = names(&graph);
    assert_eq!(shown[1], "{id, name}");
    assert_eq!(shown[4], "{\"a,b\"}");
    assert_eq!(shown[more as usize], "{id, name}");
    assert_eq!([other, empty, native].map(|node| shown[node as usize].as_str()), ["Object"; 3]);
    let classes = Classes::of(&graph);
    assert_eq!(classes.of_node(other), classes.of_node(native));
    assert_eq!(shown[placed as usize], "{id, name}");
    assert_ne!(classes.of_node(placed), classes.of_node(more));
}

#[test]
fn another_graphs_interfaces() {
    let mut builder = Builder::new();
    plain(&mut builder, &["b", "a"]);
    plain(&mut builder, &["b", "a"]);
    let newer = builder.graph();
    let definitions = Definitions::infer(&newer, &Partition::of(&newer));
    let mut builder = Builder::new();
    builder.node(NodeKind::STRING, "so that indexes differ", 8);
    plain(&mut builder, &["a", "b"]);
    let older = builder.graph();
    let classes = Partition::of(&older).classes(&older, &definitions);
    assert_eq!(classes.show(&older, classes.of_node(2)), "{b, a}");
    assert_eq!(names(&older)[2], "Object");
}

#[test]
fn names_end_before_120_units() {
    let long = "x".repeat(300);
    let half = "é".repeat(58);
    let mut builder = Builder::new();
    for _ in 0..2 {
        plain(&mut builder, &[&long, "b"]);
        // 1 + 58 units, then 2 for the comma, which count only for the next name.
        plain(&mut builder, &[&half, &"y".repeat(61), "z"]);
        plain(&mut builder, &[&half, &"z".repeat(62)]);
    }
    let shown = names(&builder.graph());
    assert_eq!(shown[1], format!("{{{long}}}"));
    assert_eq!(shown[2], format!("{{{half}, {}}}", "y".repeat(61)));
    assert_eq!(shown[3], format!("{{{half}}}"));
}

/// Few names, so that objects share many; some of them are awkward.
fn property() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "b",
        "c",
        "d",
        "",
        "__proto__",
        "a,b",
        "it's",
        "\u{e000}",
        "😀",
        "é",
        "a name of forty units, more or less, here",
        "another name of forty-one units, or so it be",
    ])
}

proptest! {
    #[test]
    fn as_devtools_does(
        objects in prop::collection::vec(prop::collection::vec(property(), 0..7), 0..40),
        others in prop::collection::vec(prop::collection::vec(property(), 0..9), 0..10),
    ) {
        let mut builder = Builder::new();
        objects.iter().for_each(|object| { plain(&mut builder, object); });
        let graph = builder.graph();
        let partition = Partition::of(&graph);
        let definitions = Definitions::infer(&graph, &partition);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let inferred: Vec<_> = definitions.list.iter().map(|definition| {
            let properties = definition.properties.iter().map(|number| text(definitions.texts.get(*number)));
            (text(&definition.name), properties.collect::<Vec<_>>())
        }).collect();
        let twins = devtools::infer(&objects);
        prop_assert_eq!(&inferred, &twins);

        let in_js: Vec<Vec<_>> =
            twins.iter().map(|(_, list)| list.iter().map(|name| devtools::js(name)).collect()).collect();
        let mut builder = Builder::new();
        others.iter().for_each(|object| { plain(&mut builder, object); });
        let graph = builder.graph();
        let classes = Partition::of(&graph).classes(&graph, &definitions);
        for (node, object) in (1..).zip(&others) {
            let object: Vec<_> = object.iter().map(|name| devtools::js(name)).collect();
            let expected = devtools::best(&in_js, &object).map_or("Object", |index| &twins[index].0);
            prop_assert_eq!(classes.show(&graph, classes.of_node(node)), expected);
        }
    }

    #[test]
    fn any_definitions_match_as_in_devtools(
        list in prop::collection::vec(prop::collection::vec(property(), 1..6), 0..12),
        object in prop::collection::vec(property(), 0..10),
    ) {
        let bytes: Vec<Vec<&[u8]>> =
            list.iter().map(|names| names.iter().map(|name| name.as_bytes()).collect()).collect();
        let by_hand: Vec<_> = bytes.iter().map(|names| ("", names.as_slice())).collect();
        let definitions = Definitions::by_hand(&by_hand);
        let mut matcher = Matcher::new(&definitions, object.len());
        let text = |name: u32| Cow::Borrowed(object[name as usize].as_bytes());
        let found = matcher.best(0..object.len() as u32, text).map(|index| index as usize);
        let in_js = |names: &[&str]| names.iter().map(|name| devtools::js(name)).collect::<Vec<_>>();
        let list: Vec<_> = list.iter().map(|names| in_js(names)).collect();
        prop_assert_eq!(found, devtools::best(&list, &in_js(&object)));
    }
}
