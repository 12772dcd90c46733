//! Errors that are kept: each has its stack, and the stack's text.

use std::collections::HashMap;

use super::finding::{Finding, MOSTLY, named};
use crate::heap::graph::EdgeKind;
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

pub(super) fn find(case: &Case) -> Option<Finding> {
    let is = |entry: u32| {
        let name = case.name(entry);
        (name.ends_with("Error") || name.ends_with("Exception"))
            && (case.property(entry, "stack").is_some()
                || case.inside(entry, EdgeKind::PROPERTY, "message").is_some()
                || name == "Error")
    };
    if case.share(is) < MOSTLY {
        return None;
    }
    let mut classes: HashMap<String, u32> = HashMap::new();
    for entry in case.sample() {
        *classes.entry(case.name(entry)).or_default() += 1;
    }
    let class = classes
        .iter()
        .max_by_key(|(name, count)| (**count, std::cmp::Reverse((*name).clone())))
        .map(|(name, _)| name.clone());
    let class = class.unwrap_or_else(|| "Error".to_owned());
    let message = case.sample().find_map(|entry| case.property(entry, "message"));
    let message = message
        .map(|node| case.graph().strings().show_start(case.graph().name(node), 60))
        .filter(|text| !text.is_empty());
    let such_as = message.map_or_else(String::new, |message| format!(", such as “{message}”"));
    let name = named(case, "errors");
    Some(Finding {
        kind: Kind::Errors,
        what: format!("{} errors ({class}) kept in `{name}`", number(case.count)),
        name,
        at: None,
        signs: format!("Each keeps its stack, and whatever its properties lead to{such_as}."),
        cure: "Keep a bounded number of them, or their messages only; count the others by class.",
        sure: 0.9,
    })
}
