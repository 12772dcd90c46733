//! What newer versions of V8 tell of strings they had to cut: how long they are, and their hash.

use crate::heap::graph::same_text::{self, TextIs};
use crate::heap::graph::{EdgeKind, Graph, NodeKind};

/// A string whose name in the snapshot is not all of it, and V8 says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Truncated {
    /// The string.
    pub(crate) node: u32,
    /// Its length in UTF-16 units, and V8's hash of it.
    pub(crate) whole: Whole,
}

/// Length and hash, each if it is known.
pub(crate) type Whole = (Option<i64>, Option<i64>);

/// All of them, rising.
pub(super) fn find(graph: &Graph) -> Vec<Truncated> {
    let strings = graph.strings();
    // Few snapshots have the word at all: it is faster to look for it among the strings than at their edges.
    if !(0..strings.len() as u32).any(|string| same_text::is(strings, string, "truncated")) {
        return Vec::new();
    }
    let word = |word| TextIs::new(strings, word);
    let [mut truncated, mut length, mut hash, mut value] = ["truncated", "length", "hash", "value"].map(word);
    let [mut bool, mut int, mut yes] = ["bool", "int", "true"].map(word);
    // Numbers are nodes that are called by their type and have their value as a string's name.
    let mut number = |node: Option<u32>, kind: &mut TextIs<'_>| {
        let number =
            node.filter(|node| graph.kind(*node) == NodeKind::NUMBER && kind.is(graph.name(*node)))?;
        Some(graph.name(internal(graph, number, &mut value)?))
    };
    let is_string = |node: &u32| matches!(graph.kind(*node), NodeKind::STRING | NodeKind::CONS_STRING);
    let mut found = Vec::new();
    for node in graph.nodes().filter(is_string) {
        let Some(flag) = internal(graph, node, &mut truncated) else { continue };
        if number(Some(flag), &mut bool).is_some_and(|name| yes.is(name)) {
            let mut read = |edge: &mut TextIs<'_>| {
                let name = number(internal(graph, node, edge), &mut int)?;
                parse(&strings.text(name))
            };
            found.push(Truncated { node, whole: (read(&mut length), read(&mut hash)) });
        }
    }
    found
}

/// Where the node's first internal edge of this name leads.
fn internal(graph: &Graph, node: u32, name: &mut TextIs<'_>) -> Option<u32> {
    let mut edges = graph.edges(node).filter(|edge| graph.edge_kind(*edge) == EdgeKind::INTERNAL);
    edges.find(|edge| graph.edge_name(*edge).is_some_and(|edge| name.is(edge))).map(|edge| graph.target(edge))
}

/// As JavaScript's `parseInt`.
fn parse(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii_start();
    let (sign, digits) = match text.split_first() {
        Some((b'-', digits)) => (-1, digits),
        Some((b'+', digits)) => (1, digits),
        _ => (1, text),
    };
    let mut digits = digits.iter().take_while(|digit| digit.is_ascii_digit()).peekable();
    digits.peek()?;
    let value =
        digits.fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    Some(sign * value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        for (text, value) in
            [("12", Some(12)), (" -7x", Some(-7)), ("+0", Some(0)), ("", None), ("-", None), ("x1", None)]
        {
            assert_eq!(parse(text.as_bytes()), value);
        }
        assert_eq!(parse(&[b'9'; 40]), Some(i64::MAX));
    }
}
