//! Callbacks that were added and never taken away.
//!
//! An EventEmitter keeps them in `_events[name]`, an EventTarget in a Map behind `kEvents`. Many of one function are a
//! subscription that is made again and again; many different ones are a pile.

use super::finding::{Finding, MOSTLY};
use crate::heap::graph::NodeKind;
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

pub(super) fn find(case: &Case) -> Option<Finding> {
    let steps: Vec<(String, u32)> = case.back().take(8).collect();
    let is_function = |node: u32| case.graph().kind(node) == NodeKind::CLOSURE;
    let emitter = steps.iter().position(|(name, _)| name == "_events").filter(|at| *at <= 1);
    let target = steps.iter().position(|(name, _)| name == "<symbol kEvents>").filter(|at| *at <= 4);
    let (event, at) = match (emitter, target) {
        (Some(at), _) if case.share(is_function) >= MOSTLY => {
            // `_events` itself, if there are very many events; else the event's name stands behind it.
            (at.checked_sub(1).and_then(|at| steps.get(at)).map(|(name, _)| name.clone()), at)
        }
        (_, Some(at)) => (event_of_target(case, &steps), at),
        _ => return None,
    };
    // The object that has `_events`: its name ends there.
    let names: Vec<&String> = case.anchor.names.iter().collect();
    let end = names.iter().position(|name| *name == "_events" || *name == "<symbol kEvents>");
    let mut anchor = case.anchor.clone();
    anchor.names.truncate(end.unwrap_or(anchor.names.len()));
    let emitter_node = steps.get(at + 1).map(|(_, node)| *node);
    let class = emitter_node.map(|node| case.name(node)).unwrap_or_default();
    let text = anchor.text(case.graph());
    let owner = if text.is_empty() { class.clone() } else { text };
    let quoted = event.as_ref().map(|event| format!("'{event}'"));
    let callback = case.most_frequent(|entry| {
        if is_function(entry) {
            Some(case.unbound(entry))
        } else {
            case.property(entry, "callback")
                .or_else(|| case.property(entry, "listener"))
                .map(|node| case.unbound(node))
        }
    });
    let (function, at) = callback.map(|node| case.function(node)).unwrap_or_default();
    let same = case.share(|entry| {
        let node = if is_function(entry) { Some(entry) } else { case.property(entry, "callback") };
        let place = |node: u32| case.graph().location(node).map(|at| (at.script, at.line, at.column));
        node.map(|node| place(case.unbound(node))) == callback.map(place)
    });
    let function =
        if function.is_empty() { "an anonymous function".to_owned() } else { format!("`{function}`") };
    let place = at.as_ref().and_then(|at| at.text()).map_or_else(String::new, |place| format!(" ({place})"));
    let of_event = quoted.as_ref().map_or_else(String::new, |event| format!(" of {event}"));
    let signs = if same >= MOSTLY {
        format!(
            "Nearly all of the listeners{of_event} are one and the same function, {function}{place}: it is added again and \
             again, and never taken away. Each keeps its scope."
        )
    } else {
        format!("Most frequent among the listeners{of_event} is {function}{place}. Each keeps its scope.")
    };
    let name = quoted
        .as_ref()
        .map_or_else(|| format!("{owner} listeners"), |event| format!("{owner} {event} listeners"));
    Some(Finding {
        kind: Kind::Listeners,
        name,
        at: at.filter(|at| !at.is_builtin()),
        what: format!(
            "{} listeners{of_event} on `{owner}`{}",
            number(case.count),
            if class.is_empty() { String::new() } else { format!(" ({class})") }
        ),
        signs,
        cure: "Add the listener once, outside of what happens again and again; or take it away when its work is done: \
               `off`, `once`, or `{ signal }` with an AbortController of the request.",
        sure: 0.95,
    })
}

/// The key of the Map that leads to the first of the linked listeners.
fn event_of_target(case: &Case, steps: &[(String, u32)]) -> Option<String> {
    let (slot, _) =
        steps.iter().find(|(name, _)| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (_, table) = steps.iter().find(|(name, _)| name == "table")?;
    let key = slot.parse::<u64>().ok()?.checked_sub(1)?.to_string();
    let (_, text) = case.parts(*table).find(|(name, _)| *name == key)?;
    (case.graph().kind(text) == NodeKind::STRING)
        .then(|| case.graph().strings().show_start(case.graph().name(text), 60))
}
