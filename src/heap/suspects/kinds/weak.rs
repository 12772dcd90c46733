//! What is held against its name: a FinalizationRegistry whose held value holds the target, a WeakMap whose value leads
//! back to its key or whose key lives for ever.

use super::finding::{Finding, MOSTLY, named};
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

pub(super) fn find(case: &Case) -> Option<Finding> {
    let steps: Vec<(String, u32)> = case.back().take(6).collect();
    let is_cell = |entry: u32| case.name(entry).contains("WeakCell");
    let in_registry = case.share(is_cell) >= MOSTLY
        || steps
            .iter()
            .take(3)
            .any(|(_, node)| case.is_one_of(*node, &["FinalizationRegistry"]) || is_cell(*node));
    if in_registry {
        let name = named(case, "FinalizationRegistry");
        return Some(Finding {
            kind: Kind::Weak,
            what: format!("{} objects registered with the FinalizationRegistry `{name}`", number(case.count)),
            name,
            at: None,
            signs: "A FinalizationRegistry holds each held value until its target is collected. These are not collected: \
                    most likely the held value leads to the target, so that the registry itself keeps it."
                .to_owned(),
            cure: "Register with a held value that does not lead to the target (its id, say), and call `unregister` when \
                   it is disposed of.",
            sure: 0.85,
        });
    }
    let is_pair = |name: &str| name.contains(" / part of key ");
    let in_weak_map = steps.iter().take(4).any(|(name, _)| is_pair(name))
        || steps.iter().take(2).any(|(_, node)| case.is_one_of(*node, &["WeakMap", "WeakSet"]));
    if !in_weak_map && !case.is_one_of(case.owner, &["WeakMap", "WeakSet"]) {
        return None;
    }
    let name = named(case, "WeakMap");
    Some(Finding {
        kind: Kind::Weak,
        what: format!("{} entries held through a WeakMap, at `{name}`", number(case.count)),
        name,
        at: None,
        signs: "A WeakMap holds a value as long as its key lives. Here the key lives as long as the process, or the value \
                leads back to it and something else holds the value: the entries stay."
            .to_owned(),
        cure: "Use a key that dies with the work (the request, the connection), or delete the entry; let no value that is \
               held elsewhere lead to its key.",
        sure: 0.8,
    })
}
