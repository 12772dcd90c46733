//! Timers that are never cleared: Node holds each until it has run, an interval for ever.

use super::finding::{Finding, MOSTLY};
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

pub(super) fn find(case: &Case) -> Option<Finding> {
    if case.share(|entry| case.is_one_of(entry, &["Timeout", "Immediate"])) < MOSTLY {
        return None;
    }
    let callback = case.most_frequent(|entry| {
        case.property(entry, "_onTimeout")
            .or_else(|| case.property(entry, "_onImmediate"))
            .map(|node| case.unbound(node))
    });
    let (function, at) = callback.map(|node| case.function(node)).unwrap_or_default();
    let shown =
        if function.is_empty() { "an anonymous function".to_owned() } else { format!("`{function}`") };
    let place = at.as_ref().and_then(|at| at.text()).map_or_else(String::new, |place| format!(" at {place}"));
    // A small number has no node; `null` or `undefined` has one.
    let repeats =
        case.share(|entry| case.property(entry, "_repeat").is_none_or(|node| case.name(node) == "number"));
    let word = if repeats >= MOSTLY { "intervals" } else { "timers" };
    let held = case.anchor.text(case.graph());
    let own = held.is_empty() || held.contains("timerListMap") || held.starts_with("TimersList");
    let by = if own { String::new() } else { format!(" They are also kept in `{held}`.") };
    let call = match (word, case.share(|entry| case.is_one_of(entry, &["Immediate"])) >= MOSTLY) {
        (_, true) => "setImmediate",
        ("intervals", _) => "setInterval",
        _ => "setTimeout",
    };
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
