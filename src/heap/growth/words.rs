//! What names mean for steps. That is asked for each edge, and the names asked for last are remembered: those of classes
//! and properties are few and come again and again, those of entries of tables are many and come once.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::{FixedState, FoldHasher};

use crate::heap::graph::Graph;
use crate::heap::rules::names::is_scope;

/// Names that are remembered.
const REMEMBERED: usize = 1 << 13;
/// Bytes of a text that count.
const TEXT: usize = 256;
/// No name has this number.
const NONE: u32 = u32::MAX;

/// What a name is, of an edge or of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing of its own.
    Text,
    /// A place in a table, or masked.
    Number,
    /// V8's account of an entry of a WeakMap.
    Pair,
    /// An object of no class.
    Plain,
    /// An object that stands for a file.
    Module,
    /// A timer.
    Timeout,
    /// What else is what it calls.
    Callee,
    /// An object that has a list of entries, whose bytes count as its own.
    List,
    /// The bytes of a buffer.
    Bytes,
    /// What holds captured variables.
    Scope,
    /// `global`, and what begins so.
    Global,
    /// V8's own object of which there is one for something that a program did.
    Users,
    /// From one timer to the next in the ring of those of one duration.
    Ring,
    /// To the function that is bound.
    Bound,
    /// To what a timer or a listener calls.
    Called,
}

/// A name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    /// Of its text: the same in each snapshot.
    pub(super) hash: u64,
    pub(super) meaning: Meaning,
}

impl Word {
    /// What tells it from other names; numbers are all alike.
    pub(super) fn text(self) -> u64 {
        self.name().unwrap_or(1)
    }

    /// The same, if it is a name and no number.
    pub(super) fn name(self) -> Option<u64> {
        (!matches!(self.meaning, Meaning::Number | Meaning::Pair)).then_some(self.hash)
    }
}

/// The names of one graph.
pub(super) struct Words<'a> {
    graph: &'a Graph,
    seed: FixedState,
    remembered: Vec<(u32, Word)>,
}

impl<'a> Words<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        let nothing = (NONE, Word { hash: 0, meaning: Meaning::Text });
        Self { graph, seed: FixedState::with_seed(11), remembered: vec![nothing; REMEMBERED] }
    }

    pub(super) fn hasher(&self) -> FoldHasher<'_> {
        self.seed.build_hasher()
    }

    #[inline]
    pub(super) fn of(&mut self, name: u32) -> Word {
        let at = name as usize % REMEMBERED;
        let (whose, word) = self.remembered[at];
        if whose == name && name != NONE {
            return word;
        }
        let word = self.read(name);
        self.remembered[at] = (name, word);
        word
    }

    fn read(&self, name: u32) -> Word {
        let strings = self.graph.strings();
        if name as usize >= strings.len() {
            return Word { hash: 0, meaning: Meaning::Text };
        }
        let raw = strings.raw(name);
        let meaning = Meaning::of(raw);
        if matches!(meaning, Meaning::Number | Meaning::Pair) {
            return Word { hash: 1, meaning };
        }
        let mut hasher = self.hasher();
        raw[..raw.len().min(TEXT)].hash(&mut hasher);
        Word { hash: hasher.finish(), meaning }
    }
}

impl Meaning {
    fn of(raw: &[u8]) -> Self {
        // A number that is also some text of the heap is masked with it: what is masked tells nothing apart.
        if is_masked(raw) {
            return Self::Number;
        }
        if raw.first().is_some_and(u8::is_ascii_digit) {
            return if raw.iter().all(u8::is_ascii_digit) {
                Self::Number
            } else if raw.windows(3).take(12).any(|three| three == b" / ") {
                // `3 / part of key …`.
                Self::Pair
            } else {
                Self::Text
            };
        }
        match raw {
            b"Object" => Self::Plain,
            b"Module" | b"ModuleWrap" | b"BuiltinModule" => Self::Module,
            b"Timeout" => Self::Timeout,
            b"Immediate" | b"Listener" => Self::Callee,
            b"Array" | b"Map" | b"Set" => Self::List,
            b"system / JSArrayBufferData" => Self::Bytes,
            b"_idleNext" | b"_idlePrev" => Self::Ring,
            b"bound_function" => Self::Bound,
            b"_onTimeout" | b"_onImmediate" | b"callback" => Self::Called,
            _ if is_scope(raw) => Self::Scope,
            _ if raw.starts_with(b"global") => Self::Global,
            _ if raw.starts_with(b"system /") && is_users(raw) => Self::Users,
            _ => Self::Text,
        }
    }
}

/// V8's own objects of which there is one for something that a program did: awaited a promise, watched an object, made a
/// context.
fn is_users(name: &[u8]) -> bool {
    let has = |word: &[u8]| name.windows(word.len()).any(|part| part == word);
    name.len() < 64
        && [&b"PromiseReaction"[..], b"WeakCell", b"NativeContext", b"AsyncGeneratorRequest"]
            .iter()
            .any(|word| has(word))
}

/// Whether a text was masked when the snapshot was written.
pub(in crate::heap) fn is_masked(text: &[u8]) -> bool {
    text.starts_with(b"(redacted")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::graph::NodeKind;
    use crate::heap::graph::build::Builder;

    #[test]
    fn meanings() {
        for (raw, meaning) in [
            ("12", Meaning::Number),
            ("", Meaning::Text),
            ("1st", Meaning::Text),
            ("(redacted 5)", Meaning::Number),
            ("3 / part of key (x @5) -> value (y @7) pair in WeakMap (table @9)", Meaning::Pair),
            ("Object", Meaning::Plain),
            ("Objects", Meaning::Text),
            ("global (global*)", Meaning::Global),
            ("system / PromiseReaction", Meaning::Users),
            ("system / Map", Meaning::Text),
        ] {
            assert_eq!(Meaning::of(raw.as_bytes()), meaning, "{raw}");
        }
    }

    #[test]
    fn names_that_share_a_place_are_told_apart() {
        let mut builder = Builder::new();
        let nodes: Vec<u32> = (0..=REMEMBERED as u32 * 2)
            .map(|number| builder.node(NodeKind::OBJECT, &format!("Class{number}"), 1))
            .collect();
        let graph = builder.graph();
        let mut words = Words::new(&graph);
        let name = |node: u32| graph.name(node);
        let (first, rival) = (name(nodes[0]), name(nodes[REMEMBERED]));
        assert_eq!(first as usize % REMEMBERED, rival as usize % REMEMBERED);
        let before = words.of(first).text();
        assert_ne!(words.of(rival).text(), before);
        assert_eq!(words.of(first).text(), before);
        // A number that no string has.
        assert_eq!((words.of(NONE).text(), words.of(NONE - 1).text()), (0, 0));
    }
}
