//! Paths to one node, as they read.

use super::*;

#[test]
fn properties_and_elements() {
    let (mut builder, global) = with_global();
    let cache = builder.node(NodeKind::OBJECT, "Object", 8);
    let list = builder.node(NodeKind::OBJECT, "Array", 8);
    let bus = builder.node(NodeKind::OBJECT, "EventEmitter", 8);
    let session = builder.node(NodeKind::OBJECT, "Session", 8);
    builder
        .edge(global, EdgeKind::PROPERTY, "cache", cache)
        .edge(cache, EdgeKind::PROPERTY, "my list", list)
        .edge(list, EdgeKind::ELEMENT, 3, bus)
        .edge(bus, EdgeKind::PROPERTY, "<symbol kOwner>", session);
    assert_eq!(
        texts(&builder, session, 5),
        [r#"global.cache["my list"][3] → EventEmitter[kOwner] → Session"#]
    );
    assert_eq!(texts(&builder, list, 5), [r#"global.cache["my list"] → Array"#]);
    assert_eq!(texts(&builder, global, 5), ["global"]);
    assert_eq!(texts(&builder, 0, 5), ["(root)"]);
    assert!(texts(&builder, 99, 5).is_empty());
}

#[test]
fn functions_and_what_they_capture() {
    let (mut builder, global) = with_global();
    let (keep, module) = function(&mut builder, "keep");
    let native = builder.node(NodeKind::HIDDEN, "system / NativeContext", 8);
    let (handler, inner) = function(&mut builder, "");
    let list = builder.node(NodeKind::OBJECT, "Array", 8);
    let request = builder.node(NodeKind::OBJECT, "Request", 8);
    let outer = builder.node(NodeKind::OBJECT, "Outer", 8);
    builder
        .edge(global, EdgeKind::PROPERTY, "keep", keep)
        .edge(module, EdgeKind::INTERNAL, "previous", native)
        .edge(module, EdgeKind::CONTEXT, "list", list)
        .edge(list, EdgeKind::ELEMENT, 0, handler)
        .edge(inner, EdgeKind::CONTEXT, "request", request)
        .edge(inner, EdgeKind::INTERNAL, "previous", module)
        .edge(module, EdgeKind::CONTEXT, "outer", outer);
    let to_list = "global.keep() at server.js:10:5 → module variable list";
    let anonymous = "anonymous function at server.js:10:5 → closure variable request → Request";
    assert_eq!(texts(&builder, request, 1), [format!("{to_list}[0] → {anonymous}")]);
    builder.edge(global, EdgeKind::PROPERTY, "on", handler);
    let own = "global.on() at server.js:10:5 → closure variable request → Request";
    assert_eq!(texts(&builder, request, 5), [own.to_owned(), format!("{to_list}[0] → {anonymous}")]);
    // From an inner scope to an outer one is no step for the reader.
    let through = "global.on() at server.js:10:5 → module variable outer → Outer";
    let straight = "global.keep() at server.js:10:5 → module variable outer → Outer";
    assert_eq!(texts(&builder, outer, 5), [straight, through]);
}

#[test]
fn variables_of_a_block_get_their_names() {
    let (mut builder, global) = with_global();
    let (function, block) = function(&mut builder, "tick");
    let scope = builder.node(NodeKind::CODE, "system / ScopeInfo", 8);
    let (a, b) = (builder.node(NodeKind::STRING, "timer", 8), builder.node(NodeKind::STRING, "left", 8));
    let (one, two) = (builder.node(NodeKind::OBJECT, "One", 8), builder.node(NodeKind::OBJECT, "Two", 8));
    builder
        .edge(global, EdgeKind::PROPERTY, "tick", function)
        .edge(block, EdgeKind::INTERNAL, "scope_info", scope)
        .edge(scope, EdgeKind::HIDDEN, 0, a)
        .edge(scope, EdgeKind::HIDDEN, 1, b)
        .edge(block, EdgeKind::HIDDEN, 0, one);
    let text = "global.tick() at server.js:10:5 → a closure variable → One";
    assert_eq!(texts(&builder, one, 1), [text], "which of the two it is cannot be known");
    builder.edge(block, EdgeKind::HIDDEN, 1, two);
    assert_eq!(texts(&builder, two, 1), ["global.tick() at server.js:10:5 → closure variable left → Two"]);
}

#[test]
fn maps_sets_and_weak_maps() {
    let (mut builder, global) = with_global();
    let map = builder.node(NodeKind::OBJECT, "Map", 8);
    let table = builder.node(NodeKind::ARRAY, "", 8);
    let text = builder.node(NodeKind::STRING, "user \"1\"", 8);
    let (key, value) = (builder.node(NodeKind::OBJECT, "Key", 8), builder.node(NodeKind::OBJECT, "Value", 8));
    let (plain, weak) =
        (builder.node(NodeKind::OBJECT, "Plain", 8), builder.node(NodeKind::OBJECT, "Weak", 8));
    let prototype = builder.node(NodeKind::OBJECT, "Set", 8);
    let set = builder.node(NodeKind::OBJECT, "Seen", 8);
    let elements = builder.node(NodeKind::ARRAY, "", 8);
    let element = builder.node(NodeKind::OBJECT, "Element", 8);
    let weak_map = builder.node(NodeKind::OBJECT, "WeakMap", 8);
    let weak_table = builder.node(NodeKind::ARRAY, "", 8);
    let id = |node: u32| node * 2 + 1;
    let pair = format!(
        "7 / part of key (Key @{}) -> value (Weak @{}) pair in WeakMap (table @{})",
        id(key),
        id(weak),
        id(weak_table)
    );
    builder
        .edge(global, EdgeKind::PROPERTY, "users", map)
        .edge(map, EdgeKind::INTERNAL, "table", table)
        // Two buckets: entries at 5, 8, 11, 14.
        .edge(table, EdgeKind::INTERNAL, "5", text)
        .edge(table, EdgeKind::INTERNAL, "6", value)
        .edge(table, EdgeKind::INTERNAL, "9", plain)
        .edge(table, EdgeKind::INTERNAL, "14", key)
        .edge(global, EdgeKind::PROPERTY, "seen", set)
        .edge(set, EdgeKind::INTERNAL, "table", elements)
        .edge(set, EdgeKind::PROPERTY, "__proto__", prototype)
        .edge(elements, EdgeKind::INTERNAL, "5", element)
        .edge(global, EdgeKind::PROPERTY, "data", weak_map)
        .edge(weak_map, EdgeKind::INTERNAL, "table", weak_table)
        .edge(key, EdgeKind::INTERNAL, pair.as_str(), weak);
    for (node, text) in [
        (value, r#"global.users → Map.get("user \"1\"") → Value"#),
        (plain, "global.users → Map.get(…) → Plain"),
        (key, "global.users → Map.keys() → Key"),
        (element, "global.seen → Seen[…] → Element"),
        (weak, "global.users → Map.keys() → Key → value of this key in WeakMap data → Weak"),
    ] {
        assert_eq!(texts(&builder, node, 1), [text]);
    }
}

#[test]
fn modules_and_the_global_of_node_26() {
    let mut builder = Builder::new();
    let native = builder.node(NodeKind::HIDDEN, "system / NativeContext", 8);
    let global = builder.node(NodeKind::OBJECT, "global (global*)", 8);
    let module = builder.node(NodeKind::OBJECT, "Module", 8);
    let name = builder.node(NodeKind::STRING, "/srv/lib/index.js", 8);
    let exports = builder.node(NodeKind::OBJECT, "Object", 8);
    let thing = builder.node(NodeKind::OBJECT, "Thing", 8);
    builder
        .edge(0, EdgeKind::SHORTCUT, "1", native)
        .edge(native, EdgeKind::INTERNAL, "global_object", global)
        .edge(global, EdgeKind::PROPERTY, "main", module)
        .edge(module, EdgeKind::PROPERTY, "filename", name)
        .edge(module, EdgeKind::PROPERTY, "exports", exports)
        .edge(exports, EdgeKind::PROPERTY, "thing", thing);
    assert_eq!(texts(&builder, thing, 1), ["global.main → Module(lib/index.js).exports.thing → Thing"]);
}

#[test]
fn roots_in_plain_words_and_after_users() {
    let (mut builder, global) = with_global();
    let roots = builder.node(NodeKind::SYNTHETIC, "(GC roots)", 0);
    let handles = builder.node(NodeKind::SYNTHETIC, "(Global handles)", 0);
    let socket = builder.node(NodeKind::OBJECT, "Socket", 8);
    let (a, b) = (builder.node(NodeKind::OBJECT, "A", 8), builder.node(NodeKind::OBJECT, "Object", 8));
    builder.edge(0, EdgeKind::ELEMENT, 1, roots).edge(roots, EdgeKind::ELEMENT, 1, handles).edge(
        handles,
        EdgeKind::ELEMENT,
        4,
        socket,
    );
    assert_eq!(texts(&builder, socket, 5), ["native code (Global handles) → Socket"]);
    assert_eq!(texts(&builder, handles, 5), ["native code (Global handles)"]);
    builder.edge(global, EdgeKind::PROPERTY, "a", a).edge(a, EdgeKind::PROPERTY, "b", b).edge(
        b,
        EdgeKind::PROPERTY,
        "c",
        socket,
    );
    let both = ["global.a → A.b.c → Socket", "native code (Global handles) → Socket"];
    assert_eq!(texts(&builder, socket, 5), both, "the user's come first, however long");
    assert_eq!(texts(&builder, socket, 1), both[..1]);
    assert!(texts(&builder, socket, 0).is_empty());
}

#[test]
fn weak_edges_hold_nothing() {
    let (mut builder, global) = with_global();
    let cell = builder.node(NodeKind::OBJECT, "WeakRef", 8);
    let gone = builder.node(NodeKind::OBJECT, "Gone", 8);
    builder.edge(global, EdgeKind::PROPERTY, "cell", cell).edge(cell, EdgeKind::WEAK, "target", gone);
    assert!(texts(&builder, gone, 5).is_empty());
    assert!(merged(&Simple::new(&builder), "Gone", 5).is_empty());
}

#[test]
fn of_equally_short_ways_the_one_that_reads_well() {
    let (mut builder, global) = with_global();
    let (proto, plain) =
        (builder.node(NodeKind::OBJECT, "Object", 8), builder.node(NodeKind::OBJECT, "Object", 8));
    let hidden = builder.node(NodeKind::HIDDEN, "system / Map", 8);
    let target = builder.node(NodeKind::OBJECT, "Target", 8);
    builder
        .edge(global, EdgeKind::INTERNAL, "map", hidden)
        .edge(hidden, EdgeKind::INTERNAL, "descriptors", target)
        .edge(global, EdgeKind::PROPERTY, "__proto__", proto)
        .edge(proto, EdgeKind::PROPERTY, "target", target)
        .edge(global, EdgeKind::PROPERTY, "plain", plain)
        .edge(plain, EdgeKind::PROPERTY, "target", target);
    let all = texts(&builder, target, 5);
    assert_eq!(all[0], "global.plain.target → Target");
    assert_eq!(all.len(), 3);
}

#[test]
fn long_paths_are_cut() {
    let (mut builder, global) = with_global();
    let mut last = global;
    for _ in 0..1_000 {
        let next = builder.node(NodeKind::OBJECT, "Timeout", 8);
        builder.edge(last, EdgeKind::PROPERTY, "next", next);
        last = next;
    }
    for index in 0..50 {
        let next = builder.node(NodeKind::OBJECT, &format!("Class{index}"), 8);
        builder.edge(last, EdgeKind::PROPERTY, "next", next);
        last = next;
    }
    let facts = Simple::new(&builder);
    let paths = Paths::new(&facts, &Quiet).unwrap().to_node(last, 5);
    assert_eq!((paths[0].steps.len(), paths[0].omitted), (200, 851));
    let text = &paths[0].text;
    let begin =
        "global.next → Timeout.next (×298) → Timeout → … 451 steps … → Timeout.next (×251) → Class0.next";
    assert!(text.starts_with(begin), "{text}");
    assert!(text.contains(" → … 31 more … → ") && text.ends_with("Class49"), "{text}");
}

#[test]
fn json_is_as_promised() {
    let (mut builder, global) = with_global();
    let (function, _) = function(&mut builder, "keep");
    builder.edge(global, EdgeKind::PROPERTY, "keep", function);
    let facts = Simple::new(&builder);
    let paths = Paths::new(&facts, &Quiet).unwrap().to_node(function, 1);
    let target = serde_json::json!({
        "id": 5, "name": "keep", "type": "closure", "className": "keep", "shallowSize": 8, "retainedSize": 8,
        "distance": 2, "location": { "scriptId": 7, "script": "/srv/server.js", "line": 9, "column": 4 },
    });
    let json = serde_json::to_value(&paths[0]).unwrap();
    assert_eq!(json["target"], target);
    assert_eq!(
        json["steps"][1],
        serde_json::json!({ "edge": "keep", "edgeType": "property", "node": target })
    );
    assert_eq!(json["text"], "global.keep() at server.js:10:5");
    assert!(json.get("count").is_none() && json.get("omitted").is_none());
}
