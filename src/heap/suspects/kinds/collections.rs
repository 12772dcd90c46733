//! A Map, a Set, an array, an object as a table; or, where it is none of these, a structure of objects.

use super::finding::{Finding, named};
use crate::heap::graph::{EdgeKind, NodeKind};
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

/// Words in names and classes that say what it is for.
const CACHES: [&str; 9] = ["cache", "memo", "store", "registry", "pool", "index", "byid", "lookup", "seen"];

pub(super) fn find(case: &Case) -> Finding {
    let graph = case.graph();
    let class = case.name(case.owner);
    let by_index = |entry: u32| {
        case.walk.via(entry).is_none_or(|edge| match graph.edge_kind(edge) {
            EdgeKind::ELEMENT => true,
            EdgeKind::PROPERTY => true,
            _ => graph
                .edge_name(edge)
                .is_some_and(|name| graph.strings().raw(name).iter().all(u8::is_ascii_digit)),
        })
    };
    let is_table =
        matches!(graph.kind(case.holder), NodeKind::ARRAY) || case.is_one_of(case.holder, &["Array"]);
    let is_linked = !case.is_size && is_linked(case);
    if is_linked || !(is_table || case.is_size || case.share(by_index) > 0.5) {
        let name = named(case, &class);
        return Finding {
            kind: Kind::Object,
            what: format!("{} objects that hang from `{name}`, each from the one before it", number(case.count)),
            name,
            at: None,
            signs: "They form a list, or another structure in which one leads to the next: who holds the first holds all.".to_owned(),
            cure: "Cut the list where its entries are done; bound its length.",
            sure: 0.7,
        };
    }
    let name = named(case, &class);
    let lower = format!("{name} {class}").to_lowercase();
    let cache = CACHES.iter().any(|word| lower.contains(word));
    let signs = if cache {
        "By its name it is a cache or an index: entries are added, and none is taken away."
    } else {
        "Entries are added, and none is taken away."
    };
    let unit = match class.as_str() {
        "Array" | "Set" => "elements",
        _ => "entries",
    };
    let what = if case.is_size {
        format!("`{name}` ({class}), which gets larger")
    } else {
        format!("`{name}` ({class}, {} {unit})", number(case.count))
    };
    Finding {
        kind: Kind::Collection,
        what,
        name,
        at: None,
        signs: signs.to_owned(),
        cure: "A bound (an LRU with `max`, a time to live), keys with fewer different values, or a WeakMap where the key is an \
               object that dies; delete entries when their work is done.",
        sure: if cache { 0.9 } else { 0.8 },
    }
}

/// Whether entries lead to each other: the step to most of them begins at another one.
fn is_linked(case: &Case) -> bool {
    case.share(|entry| {
        let parent = case.walk.via(entry).map(|edge| case.graph().source(edge));
        parent.is_some_and(|parent| case.walk.place(parent) == case.walk.place(entry))
    }) > 0.5
}
