//! What Node and V8 hold for a program.

use super::{Kind, Sketch, Verdict, assert_leak, judged, only};
use crate::heap::graph::{EdgeKind, NodeKind};

fn emitter(sketch: &mut Sketch, callbacks: &[u32]) {
    let list = sketch.array(callbacks);
    let (bus, events) = (sketch.plain("EventEmitter"), sketch.plain("Object"));
    sketch.property(events, "update", list);
    sketch.property(bus, "_events", events);
    sketch.variable("bus", bus);
}

#[test]
fn listeners() {
    let one = only(|sketch, count| {
        let list = sketch.repeat(count, |sketch, _| sketch.callback("onUpdate", 40));
        emitter(sketch, &list);
    });
    assert_leak(&one, Kind::Listeners, "bus 'update'");
    assert!(
        one.explanation.contains("one and the same function, `onUpdate` (server.js:41)"),
        "{}",
        one.explanation
    );
    // All there from the start.
    let wanted = judged(&[200, 200, 200], |sketch, count| {
        let list = sketch.repeat(count, |sketch, _| sketch.callback("onUpdate", 40));
        emitter(sketch, &list);
    });
    assert_eq!(wanted, []);
}

#[test]
fn listeners_of_a_signal() {
    let suspect = only(|sketch, count| {
        let list = sketch.repeat(count, |sketch, _| {
            let (listener, callback) = (sketch.plain("Listener"), sketch.callback("stop", 50));
            sketch.property(listener, "callback", callback);
            listener
        });
        list.windows(2).for_each(|pair| sketch.property(pair[0], "next", pair[1]));
        let first = sketch.plain("Object");
        sketch.property(first, "next", list[0]);
        let events = sketch.plain("Map");
        let table = sketch.builder.node(NodeKind::ARRAY, "", 100);
        let key = sketch.builder.node(NodeKind::STRING, "abort", 24);
        sketch.inner(events, "table", table);
        sketch.inner(table, "5", key);
        sketch.inner(table, "6", first);
        let signal = sketch.plain("AbortSignal");
        sketch.property(signal, "<symbol kEvents>", events);
        sketch.variable("signal", signal);
    });
    assert_leak(&suspect, Kind::Listeners, "signal 'abort'");
}

#[test]
fn timers() {
    let ring = |count: u32, sketch: &mut Sketch| {
        let list = sketch.plain("TimersList");
        let timers = sketch.repeat(count, |sketch, _| {
            let (timer, callback) = (sketch.plain("Timeout"), sketch.callback("poll", 60));
            sketch.property(timer, "_onTimeout", callback);
            timer
        });
        sketch.property(list, "_idleNext", timers[0]);
        timers.windows(2).for_each(|pair| sketch.property(pair[0], "_idleNext", pair[1]));
        let lists = sketch.plain("Object");
        sketch.builder.edge(lists, EdgeKind::ELEMENT, 60_000, list);
        let timers = sketch.timers;
        sketch.builder.edge(timers, EdgeKind::CONTEXT, "timerListMap", lists);
    };
    let suspect = only(|sketch, count| ring(count, sketch));
    assert_leak(&suspect, Kind::Timers, "setInterval(poll)");
    assert_eq!((suspect.holder.file.as_deref(), suspect.holder.line), (Some("server.js"), Some(61)));
    assert_eq!(judged(&[80, 80, 80], |sketch, count| ring(count, sketch)), []);
}

#[test]
fn timers_that_have_run_are_kept_by_whoever_keeps_them() {
    let suspect = only(|sketch, count| {
        let nothing = sketch.builder.node(NodeKind::HIDDEN, "undefined", 0);
        let entries = sketch.repeat(count, |sketch, _| {
            let (timer, text) = (sketch.plain("Timeout"), sketch.text(300));
            sketch.property(timer, "_onTimeout", nothing);
            sketch.property(timer, "note", text);
            timer
        });
        let list = sketch.array(&entries);
        sketch.variable("started", list);
    });
    assert_leak(&suspect, Kind::Collection, "started");
}

#[test]
fn modules() {
    let parent = |same: bool| {
        judged(&[60, 200], move |sketch, count| {
            let children = sketch.repeat(count, |sketch, index| {
                let module = sketch.object("Module");
                let path =
                    if same { "/srv/app/settings.js".to_owned() } else { format!("/srv/app/{index}.js") };
                let name = sketch.builder.node(NodeKind::STRING, &path, 40);
                sketch.property(module, "filename", name);
                module
            });
            let list = sketch.array(&children);
            let parent = sketch.plain("Module");
            let name = sketch.builder.node(NodeKind::STRING, "/srv/app/server.js", 40);
            sketch.property(parent, "filename", name);
            sketch.property(parent, "children", list);
            sketch.variable("main", parent);
        })
    };
    let found = parent(true);
    assert_leak(&found[0], Kind::Modules, "settings.js");
    // Each file once is a large program.
    assert_eq!(parent(false), []);
}

#[test]
fn promises() {
    let map = |result: Option<&'static str>| {
        only(move |sketch, count| {
            let list = sketch.repeat(count, |sketch, _| {
                let (promise, text) = (sketch.plain("Promise"), sketch.text(200));
                sketch.property(promise, "owner", text);
                if let Some(class) = result {
                    let result = sketch.object(class);
                    sketch.inner(promise, "reactions_or_result", result);
                }
                promise
            });
            let map = sketch.map(&list);
            sketch.variable("inflight", map);
        })
    };
    assert_leak(&map(None), Kind::Promises, "inflight");
    // They have come to something: a cache.
    assert_leak(&map(Some("Answer")), Kind::Collection, "inflight");

    let waits = only(|sketch, count| {
        let reactions = sketch.repeat(count + 1, |sketch, _| {
            let reaction = sketch.builder.node(NodeKind::HIDDEN, "system / PromiseReaction", 48);
            let then = sketch.callback("then", 70);
            sketch.builder.edge(reaction, EdgeKind::HIDDEN, 2, then);
            reaction
        });
        for pair in reactions.windows(2) {
            sketch.builder.edge(pair[0], EdgeKind::HIDDEN, 0, pair[1]);
        }
        let promise = sketch.plain("Promise");
        sketch.inner(promise, "reactions_or_result", reactions[0]);
        sketch.variable("stopped", promise);
    });
    assert_leak(&waits, Kind::Promises, "stopped");
}

#[test]
fn requests_workers_contexts_and_resources() {
    let set = |class: &'static str| {
        only(move |sketch, count| {
            let list = sketch.repeat(count, |sketch, _| sketch.object(class));
            let array = sketch.array(&list);
            sketch.variable("kept", array);
        })
    };
    assert_leak(&set("ServerResponse"), Kind::Requests, "kept");
    assert_leak(&set("MessagePort"), Kind::Worker, "kept");
    assert_leak(&set("AsyncResource"), Kind::AsyncContext, "kept");
    assert_leak(&set("Requested"), Kind::Collection, "kept");
    let contexts = only(|sketch, count| {
        let list = sketch.repeat(count, |sketch, _| {
            let (sandbox, context) = (sketch.object("Object"), sketch.plain("Object"));
            sketch.property(sandbox, "<symbol node:contextify:context>", context);
            sandbox
        });
        let array = sketch.array(&list);
        sketch.variable("sandboxes", array);
    });
    assert_leak(&contexts, Kind::Context, "sandboxes");
}

#[test]
fn a_registry_that_holds_its_targets() {
    let found = judged(&[60, 200], |sketch, count| {
        let cells = sketch.repeat(count + 1, |sketch, _| {
            let (cell, held) =
                (sketch.builder.node(NodeKind::HIDDEN, "system / WeakCell", 72), sketch.object("Lease"));
            sketch.builder.edge(cell, EdgeKind::HIDDEN, 2, held);
            cell
        });
        for pair in cells.windows(2) {
            sketch.builder.edge(pair[0], EdgeKind::HIDDEN, 3, pair[1]);
        }
        let registry = sketch.plain("FinalizationRegistry");
        sketch.builder.edge(registry, EdgeKind::HIDDEN, 1, cells[0]);
        sketch.variable("leases", registry);
    });
    assert_eq!((found[0].kind, found[0].verdict), (Kind::Weak, Verdict::Leak), "{}", found[0].title);
    assert!(found[0].holder.name.contains("leases"), "{}", found[0].holder.name);
}

#[test]
fn code_that_comes_and_goes_is_none() {
    let found = judged(&[60, 2000], |sketch, count| {
        let list = sketch.repeat(count, |sketch, _| sketch.builder.node(NodeKind::CODE, "(bytecode)", 500));
        let realm = sketch.realm();
        for (index, code) in (0_u64..).zip(list) {
            sketch.builder.edge(realm, EdgeKind::HIDDEN, index, code);
        }
    });
    assert_eq!(found, []);
}
