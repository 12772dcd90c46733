//! Promises that do not settle, and what waits for them.

use super::{Finding, MOSTLY, named, number};
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;

pub(super) fn find(case: &Case) -> Option<Finding> {
    let is_reaction = |entry: u32| case.name(entry).contains("PromiseReaction");
    let is_promise = |entry: u32| case.is_one_of(entry, &["Promise"]);
    let (reactions, promises) = (case.share(is_reaction), case.share(is_promise));
    // An entry that is nothing but its promise: `{promise, resolve, reject}`.
    let deferred = |entry: u32| {
        case.is_one_of(entry, &["Object"]) && {
            let names: Vec<(String, u32)> =
                case.parts(entry).filter(|(name, _)| name != "__proto__" && name != "map").collect();
            names.iter().any(|(_, part)| is_promise(*part))
                || names.iter().filter(|(name, _)| name == "resolve" || name == "reject").count() == 2
        }
    };
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
