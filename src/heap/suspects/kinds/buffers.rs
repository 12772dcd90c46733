//! Buffers: their bytes are outside V8's heap. A small slice keeps the whole it was cut from.

use super::finding::{Finding, MOSTLY, named};
use crate::heap::graph::{EdgeKind, NodeKind};
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::{number, size};

const CLASSES: [&str; 18] = [
    "Buffer",
    "FastBuffer",
    "Uint8Array",
    "ArrayBuffer",
    "SharedArrayBuffer",
    "DataView",
    "Int8Array",
    "Uint8ClampedArray",
    "Int16Array",
    "Uint16Array",
    "Int32Array",
    "Uint32Array",
    "Float32Array",
    "Float64Array",
    "BigInt64Array",
    "BigUint64Array",
    "Float16Array",
    "Blob",
];

pub(super) fn find(case: &Case) -> Option<Finding> {
    let is = |entry: u32| {
        case.is_one_of(entry, &CLASSES)
            || case.graph().kind(entry) == NodeKind::NATIVE && case.name(entry).contains("ArrayBufferData")
    };
    let by_size = case.is_size && (is(case.holder) || is(case.owner));
    if !by_size && case.share(is) < MOSTLY {
        return None;
    }
    let store = |entry: u32| {
        let whole = case
            .property(entry, "buffer")
            .or_else(|| case.inside(entry, EdgeKind::INTERNAL, "buffer"))
            .unwrap_or(entry);
        case.inside(whole, EdgeKind::INTERNAL, "backing_store").map(|data| case.graph().self_size(data))
    };
    let sizes: Vec<u64> = case.sample().filter_map(store).collect();
    let average = sizes.iter().sum::<u64>().checked_div(sizes.len() as u64).unwrap_or(0);
    let name = named(case, "Buffer");
    let what = if by_size {
        format!("the growing Buffer `{name}`")
    } else {
        format!("{} Buffers held by `{name}`", number(case.count))
    };
    let each = if average > 0 { format!(", {} on average", size(average)) } else { String::new() };
    Some(Finding {
        kind: Kind::Buffers,
        what,
        name,
        at: None,
        signs: format!(
            "The bytes of a Buffer are outside V8's heap: they count in `arrayBuffers` and `rss`, not in `heapUsed`. Each keeps the \
             whole memory it was cut from{each}, however small the slice."
        ),
        cure: "Let go of them when they are written; of a large Buffer copy the part that is kept (`Buffer.from(slice)`).",
        sure: 0.9,
    })
}
