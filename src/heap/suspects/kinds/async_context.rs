//! Stores of AsyncLocalStorage, kept by resources that never end.

use super::finding::{Finding, MOSTLY, named};
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

pub(super) fn find(case: &Case) -> Option<Finding> {
    let is_resource = |entry: u32| {
        case.is_one_of(
            entry,
            &["AsyncResource", "AsyncContextFrame", "AsyncHook", "EventEmitterAsyncResource"],
        ) || case.parts(entry).any(|(name, part)| {
            name == "<symbol kResourceStore>"
                || (name != "__proto__" && case.is_one_of(part, &["AsyncContextFrame"]))
        }) && !case.is_one_of(entry, &["Timeout", "Promise"])
            || extends_resource(case, entry)
    };
    if case.share(is_resource) < MOSTLY {
        return None;
    }
    let name = named(case, "AsyncResource");
    Some(Finding {
        kind: Kind::AsyncContext,
        what: format!("{} asynchronous resources held by `{name}`", number(case.count)),
        name,
        at: None,
        signs: "Each keeps the AsyncLocalStorage stores of the moment it was made in: of a request, all that its store holds.".to_owned(),
        cure: "Let go of the resources when their work is done (`emitDestroy`), make long-lived ones outside of `run`, or inside \
               `als.exit(…)`.",
        sure: 0.85,
    })
}

fn extends_resource(case: &Case, entry: u32) -> bool {
    let mut node = entry;
    for _ in 0..4 {
        match case.property(node, "__proto__") {
            Some(prototype) if case.is_one_of(prototype, &["AsyncResource"]) => return true,
            Some(prototype) => node = prototype,
            None => return false,
        }
    }
    false
}
