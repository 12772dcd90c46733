//! Collections and what is in them.

use super::{Kind, Verdict, assert_leak, judged, only};
use crate::heap::graph::{EdgeKind, NodeKind};

#[test]
fn a_map_that_grows() {
    let suspect = only(|sketch, count| {
        let entries = sketch.repeat(count, |sketch, _| sketch.object("Page"));
        let map = sketch.map(&entries);
        sketch.variable("pages", map);
    });
    assert_leak(&suspect, Kind::Collection, "pages");
    assert_eq!((suspect.holder.file.as_deref(), suspect.holder.line), (Some("server.js"), Some(12)));
    assert_eq!((suspect.class_name.as_str(), suspect.count), ("Page", 200));
    assert_eq!(suspect.keys.as_ref().map(|keys| keys.pattern.as_str()), Some("urls"));
    assert_eq!(suspect.entry.as_ref().map(|entry| entry.looks_like.as_str()), Some("Page {text}"));
}

#[test]
fn a_map_that_does_not_grow_is_none() {
    let found = judged(&[200, 200], |sketch, count| {
        let entries = sketch.repeat(count, |sketch, _| sketch.object("Page"));
        let map = sketch.map(&entries);
        sketch.variable("pages", map);
    });
    assert_eq!(found, []);
}

#[test]
fn what_has_a_bound_settles() {
    let lru = |bounds: &'static [&'static str], open: bool| {
        judged(&[60, 200, 340], move |sketch, count| {
            let entries = sketch.repeat(count, |sketch, _| sketch.object("Page"));
            let map = sketch.map(&entries);
            let lru = sketch.plain("Lru");
            sketch.property(lru, "map", map);
            sketch.numbers(lru, bounds);
            if open {
                let none = sketch.builder.node(NodeKind::HIDDEN, "undefined", 0);
                sketch.property(lru, "max", none);
            }
            sketch.variable("cache", lru);
        })
        .remove(0)
        .verdict
    };
    assert_eq!(lru(&["max"], false), Verdict::Settling);
    assert_eq!(lru(&["capacity", "cursor"], false), Verdict::Settling);
    // Every emitter has this one; and a bound that is not set is none.
    assert_eq!(lru(&["_maxListeners"], false), Verdict::Leak);
    assert_eq!(lru(&["max"], true), Verdict::Leak);
}

#[test]
fn a_ring_that_fills_up_settles() {
    let found = judged(&[60, 200, 200, 200], |sketch, count| {
        let entries = sketch.repeat(count, |sketch, _| sketch.object("Line"));
        let ring = sketch.array(&entries);
        sketch.variable("log", ring);
    });
    assert!(found.iter().all(|suspect| suspect.verdict == Verdict::Settling));
}

#[test]
fn what_is_given_back_is_a_backlog() {
    let found = judged(&[20, 400, 20], |sketch, count| {
        let entries = sketch.repeat(count, |sketch, _| sketch.object("Job"));
        let queue = sketch.array(&entries);
        sketch.variable("queue", queue);
    });
    assert_eq!(found.iter().map(|suspect| suspect.verdict).collect::<Vec<_>>(), [Verdict::Backlog]);
}

#[test]
fn it_is_the_owners_that_multiply() {
    let suspect = only(|sketch, count| {
        let sessions = sketch.repeat(count, |sketch, _| {
            let lines = sketch.repeat(30, |sketch, _| sketch.object("Line"));
            let list = sketch.array(&lines);
            let session = sketch.plain("Session");
            sketch.property(session, "history", list);
            session
        });
        let map = sketch.map(&sessions);
        sketch.variable("sessions", map);
    });
    assert_leak(&suspect, Kind::Collection, "sessions");
    assert_eq!(suspect.class_name, "Session");
}

#[test]
fn two_holders_of_the_same_objects() {
    let found = judged(&[60, 200], |sketch, count| {
        let users = sketch.repeat(count, |sketch, _| sketch.object("User"));
        let (by_id, by_name) = (sketch.map(&users), sketch.map(&users));
        sketch.variable("byId", by_id);
        sketch.variable("byName", by_name);
    });
    let first = &found[0];
    assert_leak(first, Kind::Collection, "byId");
    assert!(first.holder_texts.iter().any(|text| text.contains("byName")), "{:?}", first.holder_texts);
    assert!(first.exclusive_size < first.retained_size / 2, "{first:?}");
}

#[test]
fn a_linked_list_and_a_chain_of_scopes() {
    let list = only(|sketch, count| {
        let nodes = sketch.repeat(count + 1, |sketch, _| sketch.object("Node"));
        nodes.windows(2).for_each(|pair| sketch.property(pair[0], "next", pair[1]));
        sketch.variable("head", nodes[0]);
    });
    assert_leak(&list, Kind::Object, "head");
    let chain = only(|sketch, count| {
        let mut thing = sketch.object("Thing");
        for _ in 0..count {
            let method = sketch.callback("method", 20);
            let scope = method - 2;
            sketch.builder.edge(scope, EdgeKind::CONTEXT, "previous", thing);
            thing = sketch.plain("Thing");
            sketch.property(thing, "method", method);
        }
        sketch.variable("thing", thing);
    });
    assert_eq!((chain.kind, chain.verdict), (Kind::Closure, Verdict::Leak), "{}", chain.title);
    assert!(chain.holder.name.contains("thing"), "{}", chain.holder.name);
}

#[test]
fn functions_errors_buffers_and_slices() {
    let closures = only(|sketch, count| {
        let hooks = sketch.repeat(count, |sketch, _| sketch.callback("clean", 30));
        let array = sketch.array(&hooks);
        sketch.variable("hooks", array);
    });
    assert_leak(&closures, Kind::Closure, "hooks");
    assert!(closures.explanation.contains("`data`"), "{}", closures.explanation);

    let errors = |stack: &'static str| {
        only(move |sketch, count| {
            let list = sketch.repeat(count, |sketch, _| {
                let error = sketch.object("TypeError");
                let text = sketch.text(90);
                sketch.property(error, stack, text);
                error
            });
            let array = sketch.array(&list);
            sketch.variable("failed", array);
        })
    };
    assert_leak(&errors("stack"), Kind::Errors, "failed");
    // Called so, and no error.
    assert_leak(&errors("reason"), Kind::Collection, "failed");

    let slices = |parent: u64| {
        only(move |sketch, count| {
            let list = sketch.repeat(count, |sketch, _| {
                let whole = sketch.text(parent);
                let slice = sketch.builder.node(NodeKind::SLICED_STRING, "part", 32);
                sketch.inner(slice, "parent", whole);
                slice
            });
            let array = sketch.array(&list);
            sketch.variable("tokens", array);
        })
    };
    assert_leak(&slices(9000), Kind::Strings, "tokens");
    assert_leak(&slices(100), Kind::Collection, "tokens");

    let buffers = only(|sketch, count| {
        let list = sketch.repeat(count, |sketch, _| {
            let (buffer, whole) = (sketch.plain("Buffer"), sketch.plain("ArrayBuffer"));
            let data = sketch.builder.node(NodeKind::NATIVE, "system / JSArrayBufferData", 5000);
            sketch.inner(buffer, "buffer", whole);
            sketch.inner(whole, "backing_store", data);
            buffer
        });
        let array = sketch.array(&list);
        sketch.variable("chunks", array);
    });
    assert_leak(&buffers, Kind::Buffers, "chunks");
    assert!(buffers.explanation.contains("5.0 kB on average"), "{}", buffers.explanation);
}
