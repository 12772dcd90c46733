//! Which of two equally short ways a developer would rather read.

use crate::heap::graph::{EdgeKind, Graph, NodeKind};
use crate::json::weak_pair::KEY_BEGINS;

/// What an edge's name is, as far as reading goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameKind {
    /// A name that somebody wrote.
    Plain,
    /// A prototype or its way back: every object has them, so they say nothing.
    Prototype,
    /// Digits: a place in a backing store.
    Number,
    /// V8's account of one entry of a WeakMap.
    Pair,
    /// The way from a Map, Set or function to what it holds.
    Inside,
}

/// One [`NameKind`] for each string; looked up once per edge, so they are computed once per string.
#[derive(Debug)]
pub(super) struct NameKinds(Vec<NameKind>);

impl NameKinds {
    /// Looks at every string.
    pub(super) fn new(graph: &Graph) -> Self {
        let strings = graph.strings();
        Self((0..strings.len() as u32).map(|index| kind_of(strings.raw(index))).collect())
    }

    /// What the edge's name is; one without a name is plain.
    pub(super) fn of(&self, graph: &Graph, edge: u32) -> NameKind {
        let name = graph.edge_name(edge).and_then(|name| self.0.get(name as usize));
        name.copied().unwrap_or(NameKind::Plain)
    }

    /// How much an edge costs the reader: 0 is what stands in somebody's code.
    pub(super) fn cost(&self, graph: &Graph, edge: u32) -> u16 {
        let kind = self.of(graph, edge);
        let way = match graph.edge_kind(edge) {
            EdgeKind::PROPERTY | EdgeKind::CONTEXT | EdgeKind::SHORTCUT if kind == NameKind::Prototype => 3,
            EdgeKind::PROPERTY | EdgeKind::CONTEXT | EdgeKind::SHORTCUT | EdgeKind::ELEMENT => 0,
            EdgeKind::INTERNAL => match kind {
                NameKind::Inside => 0,
                NameKind::Number | NameKind::Pair => 1,
                NameKind::Plain | NameKind::Prototype => 3,
            },
            EdgeKind::HIDDEN => 2,
            _ => 4,
        };
        let node = match graph.kind(graph.target(edge)) {
            NodeKind::HIDDEN | NodeKind::CODE | NodeKind::SYNTHETIC => 2,
            _ => 0,
        };
        way + node
    }
}

fn kind_of(raw: &[u8]) -> NameKind {
    match raw {
        b"__proto__" | b"constructor" | b"prototype" => NameKind::Prototype,
        b"table" | b"context" => NameKind::Inside,
        [b'0'..=b'9', ..] if raw.iter().all(u8::is_ascii_digit) => NameKind::Number,
        [b'0'..=b'9', ..] if pair_table(raw).is_some() => NameKind::Pair,
        _ => NameKind::Plain,
    }
}

/// The id of the table, by the last words that look so (see [`weak_pair`](crate::json::weak_pair)): `3 / part of key (A @1) -> value (B @2) pair in WeakMap (table @4)`
pub(super) fn pair_table(name: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(name).ok()?;
    let (number, rest) = text.split_once(KEY_BEGINS)?;
    let (_, table) = rest.rsplit_once(" pair in WeakMap (table @")?;
    let id = table.strip_suffix(')')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(number) && digits(id) { id.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_a_pair() {
        let name = "3 / part of key (Object @71) -> value (A) -> (B @72) pair in WeakMap (table @795)";
        assert_eq!(pair_table(name.as_bytes()), Some(795));
        for name in
            ["3", "part of key (", "x / part of key ( pair in WeakMap (table @1)", "3 / part of key ("]
        {
            assert_eq!(pair_table(name.as_bytes()), None, "{name}");
        }
        assert_eq!(pair_table(b"3 / part of key (\xFF pair in WeakMap (table @1)"), None);
    }

    #[test]
    fn name_kinds() {
        assert_eq!(kind_of(b"12"), NameKind::Number);
        assert_eq!(kind_of(b"12a"), NameKind::Plain);
        assert_eq!(kind_of(b""), NameKind::Plain);
        assert_eq!(kind_of(b"constructor"), NameKind::Prototype);
    }
}
