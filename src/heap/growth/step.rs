//! When two steps read the same, in whichever snapshots they are. Strings have other numbers in each, so texts are
//! hashed.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::{FixedState, FoldHasher};

use crate::heap::graph::{EdgeKind, Graph, NodeKind};
use crate::heap::rules::names::is_scope;
use crate::heap::rules::scripts::{Scripts, short};

/// Names of properties from which on a plain object is a table, and its names are keys.
const TABLE: usize = 16;
/// The same for an object of a class, which may well have dozens of properties.
const LARGE: usize = 160;
/// Bytes of a text that count.
const TEXT: usize = 256;

/// One step as it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) hash: u64,
    pub(super) kind: NodeKind,
    /// What tells the class of the objects from others.
    pub(super) class: u64,
    /// Whether a program makes such objects. Code and its like come and go as V8 wants.
    pub(super) is_users: bool,
    /// Whether they can get larger without entries of their own: tables of numbers, buffers, texts.
    pub(super) has_bytes: bool,
}

impl Step {
    pub(super) fn root() -> Self {
        Self { hash: 0, kind: NodeKind::SYNTHETIC, class: 0, is_users: false, has_bytes: false }
    }
}

/// How an object's properties are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// As names.
    Fixed,
    /// As keys: any is as good as any other.
    Keys,
}

/// What a name is for steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    New,
    Number,
    /// V8's account of an entry of a WeakMap.
    Pair,
    Plain(u64),
}

/// Reads the steps of one graph.
pub(super) struct Steps<'a> {
    graph: &'a Graph,
    scripts: &'a Scripts,
    seed: FixedState,
    words: Vec<Word>,
    plain: Option<u32>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(graph: &'a Graph, scripts: &'a Scripts) -> Self {
        let words = vec![Word::New; graph.strings().len()];
        Self { graph, scripts, seed: FixedState::with_seed(11), words, plain: None }
    }

    fn hasher(&self) -> FoldHasher<'_> {
        self.seed.build_hasher()
    }

    fn word(&mut self, name: u32) -> Word {
        let Some(known) = self.words.get(name as usize).copied() else { return Word::Plain(0) };
        if known != Word::New {
            return known;
        }
        let raw = self.graph.strings().raw(name);
        let digits = !raw.is_empty() && raw.iter().all(u8::is_ascii_digit);
        // An entry of a WeakMap: `3 / part of key …`.
        let pair = raw.first().is_some_and(u8::is_ascii_digit)
            && raw.windows(3).take(12).any(|three| three == b" / ");
        // A number that is also some text of the heap is masked with it: what is masked tells nothing apart.
        let word = if digits || is_masked(raw) {
            Word::Number
        } else if pair {
            Word::Pair
        } else {
            let mut hasher = self.hasher();
            raw[..raw.len().min(TEXT)].hash(&mut hasher);
            Word::Plain(hasher.finish())
        };
        self.words[name as usize] = word;
        word
    }

    fn text(&mut self, name: u32) -> u64 {
        match self.word(name) {
            Word::Plain(hash) => hash,
            _ => 1,
        }
    }

    /// Whether it is an `Object` of no class.
    fn is_plain(&mut self, node: u32) -> bool {
        if self.graph.kind(node) != NodeKind::OBJECT {
            return false;
        }
        let name = self.graph.name(node);
        if self.plain == Some(name) {
            return true;
        }
        let is = self.graph.strings().raw(name) == b"Object";
        if is {
            self.plain = Some(name);
        }
        is
    }

    /// How the properties of an object are read: where there are very many, they are keys.
    pub(super) fn names(&mut self, node: u32) -> Names {
        let edges = self.graph.edges(node);
        if edges.len() <= TABLE || self.graph.kind(node) != NodeKind::OBJECT {
            return Names::Fixed;
        }
        let count = edges.filter(|edge| self.graph.edge_kind(*edge) == EdgeKind::PROPERTY).count();
        let most = if self.is_plain(node) { TABLE } else { LARGE };
        let is_global = || self.graph.strings().raw(self.graph.name(node)).starts_with(b"global");
        if count > most && !is_global() { Names::Keys } else { Names::Fixed }
    }

    /// The step to where ways begin.
    pub(super) fn seed(&self, word: &str, name: u64) -> Step {
        let mut hasher = self.hasher();
        (word, name).hash(&mut hasher);
        Step { hash: hasher.finish(), kind: NodeKind::OBJECT, class: name, is_users: true, has_bytes: false }
    }

    /// A text that is in no list.
    pub(super) fn text_of(&self, text: &str) -> u64 {
        let mut hasher = self.hasher();
        text.hash(&mut hasher);
        hasher.finish()
    }

    /// Whether the edge leads from a key of a WeakMap to its value.
    pub(super) fn is_pair(&mut self, edge: u32) -> bool {
        self.graph.edge_kind(edge) == EdgeKind::INTERNAL
            && self.graph.edge_name(edge).is_some_and(|name| self.word(name) == Word::Pair)
    }

    /// Whether the edge is one of the ring that timers of one duration are in: each is held by the list, not by the one
    /// before it.
    pub(super) fn is_ring(&self, source: u32, edge: u32) -> bool {
        let graph = self.graph;
        let is_timer = |node: u32| graph.strings().raw(graph.name(node)) == b"Timeout";
        is_timer(source)
            && is_timer(graph.target(edge))
            && graph
                .edge_name(edge)
                .is_some_and(|name| matches!(graph.strings().raw(name), b"_idleNext" | b"_idlePrev"))
    }

    /// The step over an edge. `names`: how its source's properties are read.
    pub(super) fn of(&mut self, source: u32, edge: u32, names: Names) -> Step {
        let graph = self.graph;
        let edge_kind = graph.edge_kind(edge);
        let node = graph.target(edge);
        let kind = graph.kind(node);
        let label = match edge_kind {
            EdgeKind::ELEMENT => None,
            // Variables of a block have a number where others have a name.
            EdgeKind::HIDDEN if graph.kind(source) == NodeKind::OBJECT => {
                Some(graph.edge_label(edge).min(64))
            }
            EdgeKind::HIDDEN => None,
            EdgeKind::PROPERTY if names == Names::Keys => None,
            _ => match graph.edge_name(edge).map(|name| self.word(name)) {
                Some(Word::Plain(hash)) => Some(hash),
                _ => None,
            },
        };
        let class = self.class(node, kind, label.is_none());
        let mut hasher = self.hasher();
        // By an index or as an element is the same: an array's entries are both.
        let way = if label.is_none() { EdgeKind::ELEMENT.0 } else { edge_kind.0 };
        // A text is a text, whether V8 has joined its parts yet or not.
        let text = matches!(kind, NodeKind::CONS_STRING | NodeKind::SLICED_STRING);
        (way, label, if text { NodeKind::STRING.0 } else { kind.0 }, class).hash(&mut hasher);
        let is_users = match kind {
            NodeKind::CODE | NodeKind::SYNTHETIC => false,
            NodeKind::HIDDEN => is_users(graph.strings().raw(graph.name(node))),
            _ => true,
        };
        let has_bytes = match kind {
            NodeKind::ARRAY | NodeKind::STRING | NodeKind::CONS_STRING => true,
            NodeKind::NATIVE => graph.strings().raw(graph.name(node)) == b"system / JSArrayBufferData",
            // Its list's bytes count as its own.
            NodeKind::OBJECT => matches!(graph.strings().raw(graph.name(node)), b"Array" | b"Map" | b"Set"),
            _ => false,
        };
        Step { hash: hasher.finish(), kind, class, is_users, has_bytes }
    }

    /// What tells a node's class from others. `any`: the way to it has no name, so that plain objects are told apart by
    /// the names of their properties.
    fn class(&mut self, node: u32, kind: NodeKind, any: bool) -> u64 {
        let graph = self.graph;
        match kind {
            NodeKind::STRING | NodeKind::CONS_STRING | NodeKind::SLICED_STRING | NodeKind::NUMBER => 0,
            NodeKind::REGEXP | NodeKind::ARRAY => 0,
            NodeKind::CLOSURE => self.function(node),
            NodeKind::OBJECT if self.is_plain(node) => {
                if any {
                    self.shape(node)
                } else {
                    2
                }
            }
            NodeKind::OBJECT => match graph.strings().raw(graph.name(node)) {
                b"Module" | b"ModuleWrap" | b"BuiltinModule" => self.module(node),
                b"Timeout" | b"Immediate" | b"Listener" => self.callback(node),
                name if is_scope(name) => self.text_of("scope"),
                _ => self.text(graph.name(node)),
            },
            _ => self.text(graph.name(node)),
        }
    }

    /// A timer or a listener is what it calls: Node's own are others than the program's.
    fn callback(&mut self, node: u32) -> u64 {
        let graph = self.graph;
        let is = |edge: &u32| {
            graph.edge_name(*edge).is_some_and(|name| {
                matches!(graph.strings().raw(name), b"_onTimeout" | b"_onImmediate" | b"callback")
            })
        };
        match graph.edges(node).take(32).find(is).map(|edge| graph.target(edge)) {
            Some(function) if graph.kind(function) == NodeKind::CLOSURE => self.function(function),
            _ => self.text(graph.name(node)),
        }
    }

    /// A function is its name and its place; V8's numbers of scripts are other ones in each process. A bound one is what
    /// is bound.
    fn function(&mut self, node: u32) -> u64 {
        let graph = self.graph;
        let bound = |node: u32| {
            let is = |edge: &u32| {
                graph.edge_kind(*edge) == EdgeKind::INTERNAL
                    && graph
                        .edge_name(*edge)
                        .is_some_and(|name| graph.strings().raw(name) == b"bound_function")
            };
            graph.edges(node).take(8).find(is).map(|edge| graph.target(edge))
        };
        let node = bound(node).unwrap_or(node);
        let place = self.graph.location(node).map(|place| {
            // In a redacted file names of scripts are masked, and differently in each.
            let named =
                self.scripts.index(place.script).filter(|name| !is_masked(self.graph.strings().raw(*name)));
            let script = named.map(|name| self.text(name));
            (script, place.line, place.column)
        });
        let name = self.text(self.graph.name(node));
        let mut hasher = self.hasher();
        (name, place).hash(&mut hasher);
        hasher.finish()
    }

    /// A module is its file: two modules that hold something of the same name are two holders, and one file that is loaded
    /// again and again is one.
    pub(super) fn module(&self, node: u32) -> u64 {
        let graph = self.graph;
        let file = graph.edges(node).take(64).find(|edge| {
            graph.edge_kind(*edge) == EdgeKind::PROPERTY
                && graph
                    .edge_name(*edge)
                    .is_some_and(|name| matches!(graph.strings().raw(name), b"filename" | b"url"))
        });
        let Some(edge) = file else { return 3 };
        let name = graph.name(graph.target(edge));
        let text = graph.strings().show_start(name, 1024);
        if is_masked(text.as_bytes()) {
            return 3;
        }
        let mut hasher = self.hasher();
        // With its folder, so that two `index.js` are two.
        (short(&text), text.len()).hash(&mut hasher);
        hasher.finish()
    }

    /// The names of a plain object's properties; many of them are keys.
    fn shape(&mut self, node: u32) -> u64 {
        let graph = self.graph;
        let mut count: usize = 0;
        let mut hash = 7_u64;
        for edge in graph.edges(node) {
            if graph.edge_kind(edge) != EdgeKind::PROPERTY {
                continue;
            }
            let Some(name) = graph.edge_name(edge) else { continue };
            count += 1;
            if count > TABLE {
                return 2;
            }
            hash = (hash ^ self.text(name)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
        }
        hash
    }
}

/// Whether a text was masked when the snapshot was written.
pub(in crate::heap) fn is_masked(text: &[u8]) -> bool {
    text.starts_with(b"(redacted")
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
