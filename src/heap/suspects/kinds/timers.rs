//! Timers that are never cleared: Node holds each until it has run, an interval for ever.

use super::finding::{Finding, MOSTLY};
use crate::heap::graph::NodeKind;
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

pub(super) fn find(case: &Case) -> Option<Finding> {
    if case.share(|entry| case.is_one_of(entry, &["Timeout", "Immediate"])) < MOSTLY {
        return None;
    }
    let function = |entry| {
        case.property(entry, "_onTimeout")
            .or_else(|| case.property(entry, "_onImmediate"))
            .filter(|node| case.graph().kind(*node) == NodeKind::CLOSURE)
    };
    // Of one that has run, or was cleared, Node forgets the function: whoever keeps it now, it is not Node.
    if case.share(|entry| function(entry).is_some()) < MOSTLY {
        return None;
    }
    let callback = case.most_frequent(|entry| function(entry).map(|node| case.unbound(node)));
    let (function, at) = callback.map(|node| case.function(node)).unwrap_or_default();
    let shown =
        if function.is_empty() { "an anonymous function".to_owned() } else { format!("`{function}`") };
    let place = at.as_ref().and_then(|at| at.text()).map_or_else(String::new, |place| format!(" at {place}"));
    // A small number has no node; `null` or `undefined` has one.
    let repeats =
        case.share(|entry| case.property(entry, "_repeat").is_none_or(|node| case.name(node) == "number"));
    let immediate = case.share(|entry| case.is_one_of(entry, &["Immediate"])) >= MOSTLY;
    let (word, call) = match (immediate, repeats >= MOSTLY) {
        (true, _) => ("immediates", "setImmediate"),
        (_, true) => ("intervals", "setInterval"),
        _ => ("timers", "setTimeout"),
    };
    let held = case.anchor.text(case.graph());
    let own = held.is_empty() || held.contains("timerListMap") || held.starts_with("TimersList");
    let by = if own { String::new() } else { format!(" They are also kept in `{held}`.") };
    let name = format!("{call}({})", if function.is_empty() { "() => …" } else { &function });
    Some(Finding {
        kind: Kind::Timers,
        name: name.clone(),
        at: at.clone().filter(|at| !at.is_builtin()),
        what: format!("{} {word} that call {shown}{place}, `{name}`,", number(case.count)),
        signs: format!(
            "Node keeps each of these {word} until it is cleared or has run, and with it the scope of its callback.{by}"
        ),
        cure: "Keep what `setInterval` or `setTimeout` returns, and clear it when its work is done (`unref` frees nothing); \
               one timer for all is better than one for each.",
        sure: 0.95,
    })
}
