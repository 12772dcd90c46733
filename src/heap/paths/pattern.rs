//! The pattern of a way, which other ways may share: the edges' types and names and the nodes' classes, with indexes
//! of arrays and entries of Maps and Sets left out.

use std::collections::HashMap;

use super::facts::Facts;
use super::known::is_context;
use super::readability::{NameKind, NameKinds};
use crate::heap::graph::{EdgeKind, NodeKind};

/// Stands for any index, or for any of many names.
const ANY: u32 = u32::MAX;
/// Steps of the longest sequence whose repetition is seen.
const PERIOD: usize = 4;

/// One step: the edge's type and name, and what it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    kind: EdgeKind,
    label: u32,
    class: u64,
}

impl Key {
    /// The same step by any name.
    pub(super) fn any(self) -> Self {
        Self { label: ANY, ..self }
    }

    /// Whether the name can be one of many: a property's, as in an object that is used as a table.
    pub(super) fn is_named(self) -> bool {
        self.kind == EdgeKind::PROPERTY && self.label != ANY
    }

    /// Whether it stands for any of many names.
    pub(super) fn is_general(self) -> bool {
        self.kind == EdgeKind::PROPERTY && self.label == ANY
    }
}

/// Makes [`Key`]s. Functions are told apart by name and place: `Function` alone says nothing.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    name_kinds: &'a NameKinds,
    functions: HashMap<(u32, Option<[u32; 3]>), u64>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(name_kinds: &'a NameKinds) -> Self {
        Self { name_kinds, functions: HashMap::new() }
    }

    /// The key of an edge that begins at `source`.
    pub(super) fn of(&mut self, facts: &(impl Facts + ?Sized), source: u32, edge: u32) -> Key {
        let graph = facts.graph();
        let kind = graph.edge_kind(edge);
        let label = match kind {
            EdgeKind::ELEMENT => ANY,
            // A captured variable of a block: V8 gives its number instead of its name.
            EdgeKind::HIDDEN if is_context(graph, source) => {
                graph.edge_label(edge).min(u64::from(ANY)) as u32
            }
            EdgeKind::HIDDEN => ANY,
            EdgeKind::INTERNAL
                if matches!(self.name_kinds.of(graph, edge), NameKind::Number | NameKind::Pair) =>
            {
                ANY
            }
            _ => graph.edge_name(edge).unwrap_or(ANY),
        };
        Key { kind, label, class: self.class(facts, graph.target(edge)) }
    }

    fn class(&mut self, facts: &(impl Facts + ?Sized), node: u32) -> u64 {
        let graph = facts.graph();
        match graph.kind(node) {
            NodeKind::CLOSURE => {
                let place = graph.location(node).map(|place| [place.script, place.line, place.column]);
                let next = self.functions.len() as u64;
                2 << 32 | *self.functions.entry((graph.name(node), place)).or_insert(next)
            }
            // `(Global handles)` and `(Stack roots)` are of one class and mean different things.
            NodeKind::SYNTHETIC => 1 << 32 | u64::from(graph.name(node)),
            _ => u64::from(facts.class(node)),
        }
    }
}

/// All patterns of ways that were seen, as a trie; 0 is the empty way.
#[derive(Debug)]
pub(super) struct Patterns {
    steps: Vec<(u32, Key)>,
    index: HashMap<(u32, Key), u32>,
}

impl Patterns {
    pub(super) fn new() -> Self {
        let nothing = Key { kind: EdgeKind::INVISIBLE, label: ANY, class: u64::MAX };
        Self { steps: vec![(0, nothing)], index: HashMap::new() }
    }

    /// The pattern of a way of pattern `parent` and one step more. Steps that come twice are as good as once: the
    /// thousandth element of a linked list is held like the first.
    pub(super) fn step(&mut self, parent: u32, key: Key) -> u32 {
        if let Some(found) = self.index.get(&(parent, key)) {
            return *found;
        }
        let pattern = self.steps.len() as u32;
        self.steps.push((parent, key));
        let folded = match self.fold(pattern) {
            Some(folded) => {
                self.steps.pop();
                folded
            }
            None => pattern,
        };
        self.index.insert((parent, key), folded);
        folded
    }

    /// The last step.
    pub(super) fn key(&self, pattern: u32) -> Key {
        self.steps[pattern as usize].1
    }

    /// The pattern without its last steps, if they stand there twice.
    fn fold(&self, pattern: u32) -> Option<u32> {
        let mut tail = Vec::with_capacity(2 * PERIOD);
        let mut at = pattern;
        while at != 0 && tail.len() < 2 * PERIOD {
            tail.push(at);
            at = self.steps[at as usize].0;
        }
        let key = |at: usize| self.steps[tail[at] as usize].1;
        let twice = |period: usize| (0..period).all(|at| key(at) == key(at + period));
        (1..=tail.len() / 2).find(|period| twice(*period)).map(|period| tail[period])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(label: u32) -> Key {
        Key { kind: EdgeKind::PROPERTY, label, class: 7 }
    }

    fn pattern(patterns: &mut Patterns, labels: &[u32]) -> u32 {
        labels.iter().fold(0, |pattern, label| patterns.step(pattern, key(*label)))
    }

    #[test]
    fn repetitions_fold() {
        let mut patterns = Patterns::new();
        let once = pattern(&mut patterns, &[9, 1, 2]);
        assert_eq!(pattern(&mut patterns, &[9, 1, 2, 1, 2]), once);
        assert_eq!(pattern(&mut patterns, &[9, 1, 2, 1, 2, 1, 2]), once);
        assert_eq!(pattern(&mut patterns, &[9, 9, 1, 1, 2]), once);
        assert_ne!(pattern(&mut patterns, &[9, 1, 2, 1]), once);
        assert_ne!(pattern(&mut patterns, &[9, 2, 1]), once);
        assert_eq!(patterns.key(once), key(2));
        // Too long a pattern is not one.
        let five = pattern(&mut patterns, &[1, 2, 3, 4, 5]);
        assert_ne!(pattern(&mut patterns, &[1, 2, 3, 4, 5, 1, 2, 3, 4, 5]), five);
    }
}
