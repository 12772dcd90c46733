//! Texts: a slice keeps the whole text it was cut from, and a text that is always added to is never done.

use super::finding::{Finding, MOSTLY, named};
use crate::heap::graph::{EdgeKind, NodeKind};
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::{number, size};

/// A parent so many times larger than a slice's own header is worth a word.
const PINNED: u64 = 256;

pub(super) fn find(case: &Case) -> Option<Finding> {
    let graph = case.graph();
    let is_text = |node: u32| {
        matches!(graph.kind(node), NodeKind::STRING | NodeKind::CONS_STRING | NodeKind::SLICED_STRING)
    };
    let sliced = |entry: u32| {
        let slice = if graph.kind(entry) == NodeKind::SLICED_STRING {
            Some(entry)
        } else {
            case.parts(entry).map(|(_, part)| part).find(|part| graph.kind(*part) == NodeKind::SLICED_STRING)
        };
        slice
            .and_then(|slice| case.inside(slice, EdgeKind::INTERNAL, "parent"))
            .map(|parent| graph.self_size(parent))
    };
    let pins = case.share(|entry| sliced(entry).is_some_and(|size| size >= PINNED));
    let one_text = is_text(case.owner) || (case.is_size && is_text(case.holder));
    if pins < MOSTLY && !one_text {
        return None;
    }
    let name = named(case, "string");
    if one_text && pins < MOSTLY {
        return Some(Finding {
            kind: Kind::Strings,
            what: format!("the growing text `{name}`"),
            name,
            at: None,
            signs: "The text is always added to (`+=`), and V8 keeps all its parts.".to_owned(),
            cure: "Write it out and begin anew, or keep the last part only.",
            sure: 0.85,
        });
    }
    let sizes: Vec<u64> = case.sample().filter_map(sliced).collect();
    let average = sizes.iter().sum::<u64>().checked_div(sizes.len() as u64).unwrap_or(0);
    Some(Finding {
        kind: Kind::Strings,
        what: format!("{} slices of large texts held by `{name}`", number(case.count)),
        name,
        at: None,
        signs: format!(
            "V8 cuts a text without copying it: each slice keeps the whole it was cut from, {} on average.",
            size(average)
        ),
        cure: "Copy the part that is kept: `Buffer.from(part).toString()`, or `structuredClone(part)`.",
        sure: 0.9,
    })
}
