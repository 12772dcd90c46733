//! What a node is shown as.
//!
//! Mostly that is its name in the snapshot. A concatenated string is shown as its parts together, a plain object as
//! `{a, b, …, z}`. Both need edges, and are asked for when edges have long been forgotten: what they need is
//! collected beforehand.
//!
//! | file | what it does |
//! |---|---|
//! | `objects` | plain objects: their first property names and the last ones |
//! | `roots` | what holds things without being an object, in plain words |
//! | `ropes` | concatenated strings: their parts |
//! | `truncated` | strings that V8 says it cut: how long they are, and their hash |

mod objects;
mod roots;
pub(in crate::heap) mod ropes;
#[cfg(test)]
mod tests;
pub(in crate::heap) mod truncated;

use std::borrow::Cow;

use self::objects::Objects;
pub(in crate::heap) use self::roots::root;
use self::ropes::Ropes;
use self::truncated::Truncated;
use super::classes::{Classes, Partition};
use crate::heap::graph::{Graph, NodeKind};
use crate::json::text::show;

/// Texts for human eyes are cut here, bytes. V8 cuts its own at 1,024 UTF-16 units, so this cuts none of them; but a
/// file may have one long text and use it for everything.
const LONGEST: usize = 8 << 10;

/// What the names of concatenated strings and plain objects are made of.
#[derive(Debug, Default)]
pub struct Names {
    pub(in crate::heap) ropes: Ropes,
    pub(in crate::heap) truncated: Vec<Truncated>,
    objects: Objects,
}

impl Names {
    /// Collects it, while the graph has its edges. Twelve bytes for each concatenated string, some dozens for each
    /// list of names that plain objects have.
    pub fn of(graph: &Graph, partition: &Partition) -> Self {
        Self {
            ropes: Ropes::of(graph),
            truncated: truncated::find(graph),
            objects: Objects::of(graph, partition),
        }
    }

    /// The node's name as DevTools shows it, WTF-8. The graph needs no edges.
    pub fn text<'a>(&self, graph: &'a Graph, classes: &Classes, node: u32) -> Cow<'a, [u8]> {
        match classes.shape(node).and_then(|shape| self.objects.text(graph, shape)) {
            Some(text) => Cow::Owned(text),
            None => self.string(graph, node),
        }
    }

    /// The text of a string, or the beginning of it; the name of a node that is none.
    pub(in crate::heap) fn string<'a>(&self, graph: &'a Graph, node: u32) -> Cow<'a, [u8]> {
        match graph.kind(node) {
            NodeKind::CONS_STRING => Cow::Owned(self.ropes.text(graph, node)),
            _ => graph.strings().text(graph.name(node)),
        }
    }

    /// The node's name for human eyes, at most some 8 KiB of it.
    pub fn show(&self, graph: &Graph, classes: &Classes, node: u32) -> String {
        shorten(&self.text(graph, classes, node))
    }
}

/// A text for human eyes, not too long.
pub(in crate::heap) fn shorten(text: &[u8]) -> String {
    if text.len() <= LONGEST { show(text) } else { show(&text[..LONGEST]) + "…" }
}

/// Whether V8 calls it so: newer ones, as Chrome's, say more after it, of each scope another number (`system / Context / scope @5`).
pub(in crate::heap) fn is_called(name: &[u8], what: &[u8]) -> bool {
    name.strip_prefix(what).is_some_and(|rest| rest.is_empty() || rest.starts_with(b" / "))
}

/// Whether it is what V8 calls the variables that functions capture.
pub(in crate::heap) fn is_scope(name: &[u8]) -> bool {
    is_called(name, b"system / Context")
}
