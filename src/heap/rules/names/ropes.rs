//! Concatenated strings: V8 calls them cons strings, and makes them of two others.

use crate::heap::graph::bits::Bits;
use crate::heap::graph::same_text::TextIs;
use crate::heap::graph::{EdgeKind, Graph, NodeKind};
use crate::json::text::{append, utf16_len};

/// No further part is added once a text is that long, in UTF-16 units.
pub(crate) const LONG: usize = 1_024;
/// A part is cut here, bytes. V8 cuts at [`LONG`] units, which are 3 KiB at most.
pub(crate) const LONGEST_PART: usize = 64 << 10;

/// A part of a concatenated string: the number of another one.
pub(crate) const ROPE: u32 = 1 << 31;

/// The parts of all concatenated strings.
#[derive(Debug, Default)]
pub(crate) struct Ropes {
    /// The strings, rising.
    pub(crate) nodes: Vec<u32>,
    /// First and second: [`ROPE`] and a number of this list, or another node.
    pub(crate) parts: Vec<[u32; 2]>,
    /// Those of which one part is empty: V8 has made one string of it already.
    pub(crate) flat: Bits,
}

impl Ropes {
    pub(crate) fn of(graph: &Graph) -> Self {
        let strings = graph.strings();
        let [mut first, mut second, mut empty] =
            ["first", "second", ""].map(|word| TextIs::new(strings, word));
        let is_rope = |node: u32| graph.kind(node) == NodeKind::CONS_STRING;
        let nodes: Vec<u32> = graph.nodes().filter(|node| is_rope(*node)).collect();
        let mut flat = Bits::new(nodes.len());
        let mut parts = Vec::with_capacity(nodes.len());
        for (number, node) in nodes.iter().enumerate() {
            // A part that is missing counts as node 0.
            let mut pair = [0; 2];
            for edge in graph.edges(*node).filter(|edge| graph.edge_kind(*edge) == EdgeKind::INTERNAL) {
                let side = match graph.edge_name(edge) {
                    Some(name) if first.is(name) => 0,
                    Some(name) if second.is(name) => 1,
                    _ => continue,
                };
                let target = graph.target(edge);
                if !is_rope(target) && empty.is(graph.name(target)) {
                    flat.set(number);
                }
                if pair.contains(&0) {
                    pair[side] = target;
                }
            }
            parts.push(pair);
        }
        for part in parts.iter_mut().flatten().filter(|part| is_rope(**part)) {
            *part = ROPE | nodes.binary_search(part).unwrap_or_default() as u32;
        }
        Self { nodes, parts, flat }
    }

    /// The text of a concatenated string, or the beginning of it.
    pub(super) fn text(&self, graph: &Graph, node: u32) -> Vec<u8> {
        let mut text = Vec::new();
        let Ok(number) = self.nodes.binary_search(&node) else { return text };
        // Ropes that hold themselves exist in files only that somebody has made to annoy. To the leftmost part it can
        // be as many steps as there are ropes.
        let mut steps = 4 * self.nodes.len() + (1 << 16);
        let mut units = 0;
        let mut open = vec![ROPE | number as u32];
        while let Some(part) = open.pop().filter(|_| units < LONG && steps > 0) {
            steps -= 1;
            match self.parts.get((part & !ROPE) as usize) {
                Some([first, second]) if part & ROPE != 0 => open.extend([second, first]),
                _ => units += push_part(graph, part, &mut text),
            }
        }
        text
    }
}

/// Appends the name of a node that is no rope; its length in UTF-16 units.
pub(crate) fn push_part(graph: &Graph, node: u32, text: &mut Vec<u8>) -> usize {
    let part = graph.strings().text(graph.name(node));
    let part = &part[..part.len().min(LONGEST_PART)];
    append(text, part);
    utf16_len(part)
}
