//! Merged paths.

use super::*;

fn summary(paths: &[RetainingPath]) -> Vec<(u64, u64, &str)> {
    let number = |number: Option<u64>| number.unwrap_or_default();
    paths.iter().map(|path| (number(path.count), number(path.retained_size), path.text.as_str())).collect()
}

#[test]
fn indexes_do_not_tell_ways_apart() {
    let (mut builder, global) = with_global();
    for name in ["small", "big"] {
        let list = builder.node(NodeKind::OBJECT, "Array", 8);
        builder.edge(global, EdgeKind::PROPERTY, name, list);
        for index in 0..10 {
            let size = if name == "big" { 100 } else { 1 };
            let node = builder.node(NodeKind::OBJECT, "Session", size);
            builder.edge(list, EdgeKind::ELEMENT, index, node);
        }
    }
    let one = builder.node(NodeKind::OBJECT, "Session", 500);
    builder.edge(global, EdgeKind::PROPERTY, "last", one);
    let facts = Simple::new(&builder);
    let expected = [
        (10, 1000, "global.big[…] → Session"),
        (1, 500, "global.last → Session"),
        (10, 10, "global.small[…] → Session"),
    ];
    assert_eq!(summary(&merged(&facts, "Session", 5)), expected);
    assert_eq!(summary(&merged(&facts, "Session", 1)), expected[..1]);
    assert!(merged(&facts, "Session", 0).is_empty());
    assert!(merged(&facts, "Nothing", 5).is_empty());
}

#[test]
fn an_object_with_many_names_is_a_table() {
    let (mut builder, global) = with_global();
    let sessions = builder.node(NodeKind::OBJECT, "Object", 8);
    builder.edge(global, EdgeKind::PROPERTY, "sessions", sessions);
    for index in 0..17 {
        let entry = builder.node(NodeKind::OBJECT, "Object", 8);
        let user = builder.node(NodeKind::OBJECT, "User", 2);
        builder.edge(sessions, EdgeKind::PROPERTY, format!("s{index}").as_str(), entry);
        builder.edge(entry, EdgeKind::PROPERTY, "user", user);
    }
    let facts = Simple::new(&builder);
    let paths = merged(&facts, "User", 5);
    assert_eq!(summary(&paths), [(17, 34, "global.sessions[…].user → User")]);
    let edges: Vec<&str> = paths[0].steps.iter().map(|step| step.edge.as_str()).collect();
    assert_eq!(edges, ["1", "sessions", "…", "user"]);
}

#[test]
fn a_list_is_one_way() {
    let (mut builder, global) = with_global();
    let mut last = global;
    for _ in 0..100 {
        let next = builder.node(NodeKind::OBJECT, "Timeout", 1);
        let user = builder.node(NodeKind::OBJECT, "User", 2);
        builder.edge(last, EdgeKind::PROPERTY, "next", next).edge(next, EdgeKind::PROPERTY, "user", user);
        last = next;
    }
    let facts = Simple::new(&builder);
    assert_eq!(summary(&merged(&facts, "User", 5)), [(100, 200, "global.next → Timeout.user → User")]);
    assert_eq!(summary(&merged(&facts, "Timeout", 5)), [(100, 100, "global.next → Timeout")]);
}

#[test]
fn what_another_group_holds_too_is_not_taken_from_a_group() {
    let (mut builder, global) = with_global();
    let list = builder.node(NodeKind::OBJECT, "List", 8);
    builder.edge(global, EdgeKind::PROPERTY, "list", list);
    let links: Vec<u32> = (0..50).map(|_| builder.node(NodeKind::OBJECT, "Link", 10)).collect();
    builder.edge(list, EdgeKind::PROPERTY, "head", links[0]);
    for pair in links.windows(2) {
        builder.edge(pair[0], EdgeKind::PROPERTY, "next", pair[1]);
    }
    let mut facts = Simple::new(&builder);
    facts.dominators[links[0] as usize] = list;
    for pair in links.windows(2) {
        facts.dominators[pair[1] as usize] = pair[0];
    }
    // Here a node retains itself: of the 49 the first retains the others.
    let expected =
        [(49, 10, "global.list → List.head → Link.next → Link"), (1, 10, "global.list → List.head → Link")];
    assert_eq!(summary(&merged(&facts, "Link", 5)), expected);
}

#[test]
fn other_holders_come_behind() {
    let (mut builder, global) = with_global();
    let (list, box_node) =
        (builder.node(NodeKind::OBJECT, "Array", 8), builder.node(NodeKind::OBJECT, "Object", 8));
    let map = builder.node(NodeKind::OBJECT, "Box", 8);
    builder
        .edge(global, EdgeKind::PROPERTY, "list", list)
        .edge(global, EdgeKind::PROPERTY, "more", box_node)
        .edge(box_node, EdgeKind::PROPERTY, "box", map);
    let sessions: Vec<u32> = (0..20).map(|_| builder.node(NodeKind::OBJECT, "Session", 10)).collect();
    for (index, session) in sessions.iter().enumerate() {
        let name = format!("s{index}");
        builder
            .edge(list, EdgeKind::ELEMENT, index as u64, *session)
            // By many names, and twice: it is one more way, and 20 instances.
            .edge(map, EdgeKind::PROPERTY, name.as_str(), *session)
            .edge(map, EdgeKind::PROPERTY, (name + "again").as_str(), *session)
            // What a session itself holds is no holder of sessions.
            .edge(*session, EdgeKind::PROPERTY, "next", sessions[(index + 1) % sessions.len()]);
    }
    let facts = Simple::new(&builder);
    let paths = merged(&facts, "Session", 5);
    let expected = [(20, 200, "global.list[…] → Session"), (20, 200, "global.more.box → Box[…] → Session")];
    assert_eq!(summary(&paths), expected);
    assert_eq!(paths.iter().map(|path| path.also).collect::<Vec<_>>(), [false, true]);
    assert_eq!(summary(&merged(&facts, "Session", 1)), expected[..1]);
}

#[test]
fn functions_are_told_apart_and_roots_too() {
    let mut builder = Builder::new();
    for root in ["(Stack roots)", "(Global handles)"] {
        let root_node = builder.node(NodeKind::SYNTHETIC, root, 0);
        builder.edge(0, EdgeKind::ELEMENT, 1, root_node);
        for name in ["f", "g"] {
            let (function, context) = function(&mut builder, name);
            let held = builder.node(NodeKind::OBJECT, "Held", 1);
            builder.edge(root_node, EdgeKind::ELEMENT, 1, function).edge(
                context,
                EdgeKind::CONTEXT,
                "held",
                held,
            );
        }
    }
    assert_eq!(merged(&Simple::new(&builder), "Held", 9).len(), 4);
}

#[test]
fn what_one_retains_through_another_counts_once() {
    let (mut builder, global) = with_global();
    let nodes: Vec<u32> = (0..4).map(|_| builder.node(NodeKind::OBJECT, "Node", 10)).collect();
    let between = builder.node(NodeKind::OBJECT, "Object", 1);
    builder
        .edge(global, EdgeKind::PROPERTY, "first", nodes[0])
        .edge(nodes[0], EdgeKind::PROPERTY, "object", between)
        .edge(between, EdgeKind::PROPERTY, "node", nodes[1])
        .edge(nodes[1], EdgeKind::PROPERTY, "node", nodes[2])
        .edge(global, EdgeKind::PROPERTY, "other", nodes[3]);
    let mut facts = Simple::new(&builder);
    for (node, dominator) in
        [(nodes[0], global), (between, nodes[0]), (nodes[1], between), (nodes[2], nodes[1])]
    {
        facts.dominators[node as usize] = dominator;
    }
    let total: u64 = merged(&facts, "Node", 9).iter().filter_map(|path| path.retained_size).sum();
    assert_eq!(total, 30, "the first, the other, and the second for both below the first");
    // A ring of dominators is nonsense, and no reason to hang.
    facts.dominators[global as usize] = nodes[2];
    assert_eq!(merged(&facts, "Node", 9).iter().filter_map(|path| path.count).sum::<u64>(), 4);
}
