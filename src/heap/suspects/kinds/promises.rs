//! Promises that do not settle, and what waits for them.

use super::finding::{Finding, MOSTLY, named};
use crate::heap::graph::{EdgeKind, NodeKind};
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

pub(super) fn find(case: &Case) -> Option<Finding> {
    let is_reaction = |entry: u32| case.name(entry).contains("PromiseReaction");
    let is_promise = |entry: u32| case.is_one_of(entry, &["Promise"]);
    let (reactions, promises) = (case.share(is_reaction), case.share(is_promise));
    // An entry that is nothing but its promise: `{promise, resolve, reject}`; or the function that would settle it.
    let deferred = |entry: u32| {
        let has = |name: &str| case.property(entry, name).is_some();
        (case.is_one_of(entry, &["Object"]) && has("resolve") && (has("reject") || has("promise")))
            || settles(case, entry)
    };
    // What a settled promise has come to is kept as a value is.
    let settled = |entry: u32| {
        case.inside(entry, EdgeKind::INTERNAL, "reactions_or_result")
            .is_some_and(|result| !is_reaction(result))
    };
    if promises >= MOSTLY && case.share(settled) >= MOSTLY {
        return None;
    }
    let on_way: Vec<(String, u32)> = case.back().take(3).collect();
    let behind = on_way.iter().any(|(_, node)| is_promise(*node) || is_reaction(*node));
    if reactions + promises < MOSTLY && case.share(deferred) < MOSTLY && !behind {
        return None;
    }
    let name = named(case, "Promise");
    let waits = reactions >= MOSTLY || (behind && promises < MOSTLY) || is_reaction(case.owner);
    let (what, signs) = if waits {
        (
            format!("{} reactions wait for the promise `{name}`", number(case.count)),
            "The promise does not settle, so all that waits for it (`then`, `await`, `Promise.race` against it) stays, with \
             the scopes of the callbacks.",
        )
    } else if behind {
        (
            format!("a chain of {} promises at `{name}`", number(case.count)),
            "Each promise waits for the one before it, and the first does not settle: the chain gets longer and is never \
             worked off.",
        )
    } else {
        (
            format!("{} promises kept in `{name}`", number(case.count)),
            "They are pending, or kept though they have settled; each keeps its value or what waits for it.",
        )
    };
    Some(Finding {
        kind: Kind::Promises,
        what,
        name,
        at: None,
        signs: signs.to_owned(),
        cure: "Settle them or let them time out, delete them in `finally`; do not race again and again against one promise that \
               lives as long as the process.",
        sure: 0.9,
    })
}

/// Whether it is one of the two functions that a promise is settled by.
fn settles(case: &Case, entry: u32) -> bool {
    let graph = case.graph();
    if graph.kind(entry) != NodeKind::CLOSURE || graph.location(entry).is_some() {
        return false;
    }
    let scope = case.inside(entry, EdgeKind::INTERNAL, "context");
    scope.is_some_and(|scope| {
        graph.edges(scope).take(8).any(|edge| case.is_one_of(graph.target(edge), &["Promise"]))
    })
}
