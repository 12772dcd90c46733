//! The two edges V8 writes for an entry of a WeakMap, known by their name: `1 / part of key (K @3) -> value (V @5)
//! pair in WeakMap (table @7)`. One comes from the table, one from the key.

use std::collections::HashMap;

use crate::heap::graph::bits::Bits;
use crate::heap::graph::{EdgeKind, Graph};
use crate::json::weak_pair::{ID, KEY_BEGINS, TABLE, VALUE_BEGINS};

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::heap) struct Pair {
    /// Id of the WeakMap's table.
    pub(in crate::heap) table: u64,
    /// The same number for both edges of one entry.
    pub(in crate::heap) entry: u32,
}

/// The names that are such names.
#[derive(Debug, Default)]
pub(in crate::heap) struct Ephemerons {
    is_one: Bits,
    pairs: HashMap<u32, Pair>,
}

impl Ephemerons {
    /// Looks at each string once: a snapshot has far fewer strings than edges.
    pub(in crate::heap) fn find(graph: &Graph) -> Self {
        let strings = graph.strings();
        let mut found = Self { is_one: Bits::new(strings.len()), pairs: HashMap::new() };
        let mut entries: HashMap<Vec<u8>, u32> = HashMap::new();
        for index in 0..strings.len() as u32 {
            let raw = strings.raw(index);
            if !raw.first().is_some_and(u8::is_ascii_digit) || !raw.ends_with(b")") {
                continue;
            }
            if let Some((table, key)) = parse(&strings.text(index)) {
                let next = entries.len() as u32;
                let entry = *entries.entry(key.to_vec()).or_insert(next);
                found.is_one.set(index as usize);
                found.pairs.insert(index, Pair { table, entry });
            }
        }
        found
    }

    /// How many entries there are.
    pub(in crate::heap) fn entries(&self) -> usize {
        self.pairs.values().map(|pair| pair.entry as usize + 1).max().unwrap_or(0)
    }

    /// What an internal edge says of an entry, if it is an edge of one.
    #[inline]
    pub(in crate::heap) fn pair(&self, graph: &Graph, edge: u32) -> Option<Pair> {
        if self.pairs.is_empty() || graph.edge_kind(edge) != EdgeKind::INTERNAL {
            return None;
        }
        let name = graph.edge_name(edge)?;
        if self.is_one.get(name as usize) { self.pairs.get(&name).copied() } else { None }
    }
}

/// The id of the table, and the part that both edges of the entry share. DevTools' expression:
/// `^\d+( / part of key \(.*? @\d+\) -> value \(.*? @\d+\) pair in WeakMap \(table @(\d+)\))$`
fn parse(name: &[u8]) -> Option<(u64, &[u8])> {
    let digits = name.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let shared = name.get(digits..).filter(|_| digits > 0)?;
    let inner = shared.strip_prefix(KEY_BEGINS.as_bytes())?.strip_suffix(b")")?;
    // A dot matches everything but the ends of a line.
    let table = inner.len() - inner.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, digits) = inner.split_at(table);
    let before = before.strip_suffix(ID.as_bytes())?.strip_suffix(TABLE.as_bytes())?;
    let table = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let value = without_id(before)?;
    let mut middles = memchr::memmem::find_iter(value, VALUE_BEGINS.as_bytes());
    let is_pair = one_line(value) && middles.any(|at| without_id(&value[..at]).is_some());
    is_pair.then_some((table, shared))
}

/// `name @12` → `name`
fn without_id(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 { None } else { text[..text.len() - digits].strip_suffix(ID.as_bytes()) }
}

fn one_line(text: &[u8]) -> bool {
    let has = |piece: &[u8]| memchr::memmem::find(text, piece).is_some();
    !has(b"\n") && !has(b"\r") && !has("\u{2028}".as_bytes()) && !has("\u{2029}".as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_entries() {
        let name = b"12 / part of key (a (b) @3) -> value (Object @5) pair in WeakMap (table @77)";
        assert_eq!(parse(name), Some((77, &name[2..])));
        for other in [
            "/ part of key (a @3) -> value (Object @5) pair in WeakMap (table @77)",
            "1 / part of key (a @) -> value (Object @5) pair in WeakMap (table @77)",
            "1 / part of key (a @3) -> value (Object) pair in WeakMap (table @77)",
            "1 / part of key (a @3) -> value (Object @5) pair in WeakMap (table @)",
            "1 / part of key (a @3) -> value (Object @5) pair in WeakMap (table @7) ",
            "1 / part of key (a\n @3) -> value (Object @5) pair in WeakMap (table @7)",
            "1 / part of key (a @3) value (Object @5) pair in WeakMap (table @7)",
            "12",
        ] {
            assert_eq!(parse(other.as_bytes()), None, "{other}");
        }
        let odd = "1 / part of key (x) -> value (y @3) -> value (z @5) pair in WeakMap (table @7)";
        assert!(parse(odd.as_bytes()).is_some());
    }
}
