//! What is said of a suspect: its name, the published leak, its class.

use super::sketch::{SERVER, TIMERS};
use super::{Kind, Sketch, assert_leak, judged, only};
use crate::heap::graph::{EdgeKind, NodeKind};

/// Twelve jobs of 60 kB each, in a list of the program's and in one that holds them in a wrapper each, which is so small
/// that it is no suspect.
fn jobs(sketch: &mut Sketch, count: u32) {
    let jobs = sketch.repeat(count, |sketch, _| {
        let (job, text) = (sketch.plain("Job"), sketch.text(60_000));
        sketch.property(job, "text", text);
        job
    });
    let wrappers = sketch.repeat(count, |sketch, at| {
        let wrapper = sketch.plain("Wrapper");
        sketch.property(wrapper, "job", jobs[at as usize]);
        wrapper
    });
    let (list, other) = (sketch.array(&jobs), sketch.array(&wrappers));
    sketch.variable("running", list);
    sketch.variable("watched", other);
}

#[test]
fn few_and_large_ones_in_a_list_of_node_s_as_well() {
    let found = judged(&[2, 12], jobs);
    let first = found.first().expect("they are named");
    assert_eq!((first.kind, first.count), (Kind::Collection, 12), "{}", first.title);
    assert!(first.title.contains("running"), "{}", first.title);
    assert!(first.retained_size > 700_000, "{}", first.retained_size);
    // Held as well by what does not grow they are not this list's.
    let held = judged(&[2, 12], |sketch, count| {
        jobs(sketch, 12);
        let some = sketch.repeat(count, |sketch, _| sketch.plain("Job"));
        let list = sketch.array(&some);
        sketch.variable("few", list);
    });
    assert_eq!(held, []);
}

#[test]
fn workers_that_only_node_s_streams_lead_to() {
    let make = |class: &'static str| {
        move |sketch: &mut Sketch, count: u32| {
            let callbacks = sketch.repeat(count, |sketch, _| {
                let (scope, stream, text) =
                    (sketch.scope_of(sketch.timers), sketch.plain(class), sketch.text(60_000));
                sketch.builder.edge(scope, EdgeKind::CONTEXT, "src", stream);
                sketch.property(stream, "text", text);
                sketch.function("onerror", TIMERS, 1034, scope)
            });
            let (list, events, out) =
                (sketch.array(&callbacks), sketch.plain("Object"), sketch.plain("WriteStream"));
            sketch.property(events, "error", list);
            sketch.property(out, "_events", events);
            sketch.builder.edge(sketch.timers, EdgeKind::CONTEXT, "stdout", out);
        }
    };
    let found = judged(&[2, 12], make("ReadableWorkerStdio"));
    assert_eq!(
        (found[0].kind, found[0].holder.name.as_str()),
        (Kind::Worker, "Worker"),
        "{}",
        found[0].title
    );
    assert_eq!(found[0].class_name, "Worker");
    let other = judged(&[2, 12], make("ReadStream"));
    assert_eq!(other[0].kind, Kind::Listeners, "{}", other[0].title);
}

#[test]
fn a_variable_in_a_function_is_told_with_what_the_program_calls_the_function() {
    let one = only(|sketch, count| {
        let entries = sketch.repeat(count, |sketch, _| sketch.object("Report"));
        let list = sketch.array(&entries);
        let scope = sketch.scope_of(sketch.scope);
        sketch.builder.edge(scope, EdgeKind::CONTEXT, "entries", list);
        let function = sketch.function("", SERVER, 20, scope);
        sketch.variable("reports", function);
    });
    assert_leak(&one, Kind::Collection, "entries");
    assert!(one.title.contains(" in the closure of `reports` in server.js:21 "), "{}", one.title);
    assert!(
        one.path_text
            .contains("variable reports → anonymous function at server.js:21:3 → closure variable entries"),
        "{}",
        one.path_text
    );
    // One of the program's own needs no more words.
    let own = only(|sketch, count| {
        let entries = sketch.repeat(count, |sketch, _| sketch.object("Report"));
        let list = sketch.array(&entries);
        sketch.variable("entries", list);
    });
    assert!(!own.title.contains("closure"), "{}", own.title);
}

#[test]
fn listeners_of_the_process_are_known_and_not_those_of_what_hangs_from_it() {
    let with = |own: bool| {
        only(move |sketch, count| {
            let process = sketch.plain("process");
            let emitter = if own {
                process
            } else {
                let emitter = sketch.plain("EventEmitter");
                sketch.property(process, "connection", emitter);
                emitter
            };
            let list = sketch.repeat(count, |sketch, _| sketch.callback("save", 40));
            let (list, events) = (sketch.array(&list), sketch.plain("Object"));
            sketch.property(events, "SIGTERM", list);
            sketch.property(emitter, "_events", events);
            sketch.variable("process", process);
        })
    };
    let own = with(true);
    assert_eq!(own.known.map(|known| known.id).as_deref(), Some("node-process-listeners"));
    assert!(
        own.title.starts_with("Known leak (listeners added to `process` again and again): 200 "),
        "{}",
        own.title
    );
    let other = with(false);
    assert_eq!((other.kind, other.known), (Kind::Listeners, None), "{}", other.title);
}

#[test]
fn a_signal_is_one_also_where_node_makes_it_of_an_event_target() {
    let with = |class: &'static str, constructor: &'static str| {
        only(move |sketch, count| {
            let (prototype, function) =
                (sketch.plain("Object"), sketch.builder.node(NodeKind::CLOSURE, constructor, 64));
            sketch.property(prototype, "constructor", function);
            let signals = sketch.repeat(count, |sketch, _| {
                let signal = sketch.object(class);
                sketch.property(signal, "__proto__", prototype);
                signal
            });
            let list = sketch.array(&signals);
            sketch.variable("signals", list);
        })
    };
    let (old, new, other) = (
        with("EventTarget", "AbortSignal"),
        with("AbortSignal", "AbortSignal"),
        with("EventTarget", "EventTarget"),
    );
    assert_eq!(old.class_name, "AbortSignal");
    assert_eq!(old.fingerprint, new.fingerprint);
    assert_ne!(old.fingerprint, other.fingerprint);
}

#[test]
fn masked_keys_are_said_to_be_masked() {
    let one = only(|sketch, count| {
        let map = sketch.plain("Map");
        let table = sketch.builder.node(NodeKind::ARRAY, "", 24 * u64::from(count));
        sketch.inner(map, "table", table);
        for index in 0..count {
            let key =
                sketch.builder.node(NodeKind::STRING, &format!("(redacted #{}, length 9)", index + 70), 24);
            let value = sketch.object("Page");
            sketch.inner(table, &(1000 + 3 * index).to_string(), key);
            // A number that is a text somewhere is masked as one.
            let slot = if index % 3 == 2 {
                format!("(redacted #{index}, length 4)")
            } else {
                (1001 + 3 * index).to_string()
            };
            sketch.inner(table, &slot, value);
        }
        sketch.variable("pages", map);
    });
    assert_leak(&one, Kind::Collection, "pages");
    assert_eq!(one.count, 200);
    let keys = one.keys.expect("there are keys");
    assert_eq!((keys.pattern.as_str(), keys.distinct, keys.examples.len()), ("masked", 200, 0));
    assert!(one.explanation.contains("they were masked"), "{}", one.explanation);
    assert!(!one.explanation.contains("(redacted"), "{}", one.explanation);
}
