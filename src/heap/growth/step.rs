//! When two steps read the same, in whichever snapshots they are. Strings have other numbers in each, so texts are
//! hashed.

use std::hash::{Hash, Hasher};

use foldhash::fast::FoldHasher;

use super::words::{Meaning, Words, is_masked};
use crate::heap::graph::{EdgeKind, Graph, NodeKind};
use crate::heap::rules::scripts::{Scripts, short};

/// Names of properties from which on a plain object is a table, and its names are keys.
const TABLE: usize = 16;
/// The same for an object of a class, which may well have dozens of properties.
const LARGE: usize = 160;

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

/// Reads the steps of one graph.
pub(super) struct Steps<'a> {
    graph: &'a Graph,
    scripts: &'a Scripts,
    words: Words<'a>,
    /// The script that was asked for last, and what its name reads as.
    script: Option<(u32, Option<u64>)>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(graph: &'a Graph, scripts: &'a Scripts) -> Self {
        Self { graph, scripts, words: Words::new(graph), script: None }
    }

    fn hasher(&self) -> FoldHasher<'_> {
        self.words.hasher()
    }

    fn text(&mut self, name: u32) -> u64 {
        self.words.of(name).text()
    }

    /// What the node's name means.
    fn meaning(&mut self, node: u32) -> Meaning {
        self.words.of(self.graph.name(node)).meaning
    }

    /// Whether an edge has a name of this meaning.
    fn edge_is(&mut self, edge: u32, meaning: Meaning) -> bool {
        self.graph.edge_name(edge).is_some_and(|name| self.words.of(name).meaning == meaning)
    }

    /// How the properties of an object are read: where there are very many, they are keys.
    pub(super) fn names(&mut self, node: u32) -> Names {
        let edges = self.graph.edges(node);
        if edges.len() <= TABLE || self.graph.kind(node) != NodeKind::OBJECT {
            return Names::Fixed;
        }
        let count = edges.filter(|edge| self.graph.edge_kind(*edge) == EdgeKind::PROPERTY).count();
        let meaning = self.meaning(node);
        let most = if meaning == Meaning::Plain { TABLE } else { LARGE };
        if count > most && meaning != Meaning::Global { Names::Keys } else { Names::Fixed }
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
        self.graph.edge_kind(edge) == EdgeKind::INTERNAL && self.edge_is(edge, Meaning::Pair)
    }

    /// Whether the node is called as timers are.
    pub(super) fn is_timer(&mut self, node: u32) -> bool {
        self.meaning(node) == Meaning::Timeout
    }

    /// Whether the edge of a timer is one of the ring that timers of one duration are in: each is held by the list, not by
    /// the one before it.
    pub(super) fn is_ring(&mut self, edge: u32) -> bool {
        self.is_timer(self.graph.target(edge)) && self.edge_is(edge, Meaning::Ring)
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
            _ => graph.edge_name(edge).and_then(|name| self.words.of(name).name()),
        };
        let class = self.class(node, kind, label.is_none());
        let mut hasher = self.hasher();
        // By an index or as an element is the same: an array's entries are both.
        let way = if label.is_none() { EdgeKind::ELEMENT.0 } else { edge_kind.0 };
        // A text is a text, whether V8 has joined its parts yet or not.
        let text = matches!(kind, NodeKind::CONS_STRING | NodeKind::SLICED_STRING);
        (way, label, if text { NodeKind::STRING.0 } else { kind.0 }, class).hash(&mut hasher);
        let hash = hasher.finish();
        let is_users = match kind {
            NodeKind::CODE | NodeKind::SYNTHETIC => false,
            NodeKind::HIDDEN => self.meaning(node) == Meaning::Users,
            _ => true,
        };
        let has_bytes = match kind {
            NodeKind::ARRAY | NodeKind::STRING | NodeKind::CONS_STRING => true,
            NodeKind::NATIVE => self.meaning(node) == Meaning::Bytes,
            NodeKind::OBJECT => self.meaning(node) == Meaning::List,
            _ => false,
        };
        Step { hash, kind, class, is_users, has_bytes }
    }

    /// What tells a node's class from others. `any`: the way to it has no name, so that plain objects are told apart by
    /// the names of their properties.
    fn class(&mut self, node: u32, kind: NodeKind, any: bool) -> u64 {
        let graph = self.graph;
        match kind {
            NodeKind::STRING | NodeKind::CONS_STRING | NodeKind::SLICED_STRING | NodeKind::NUMBER => 0,
            NodeKind::REGEXP | NodeKind::ARRAY => 0,
            NodeKind::CLOSURE => self.function(node),
            NodeKind::OBJECT => {
                let word = self.words.of(graph.name(node));
                match word.meaning {
                    Meaning::Plain if any => self.shape(node),
                    Meaning::Plain => 2,
                    Meaning::Module => self.module(node),
                    Meaning::Timeout | Meaning::Callee => self.callback(node),
                    Meaning::Scope => self.text_of("scope"),
                    _ => word.text(),
                }
            }
            _ => self.text(graph.name(node)),
        }
    }

    /// A timer or a listener is what it calls: Node's own are others than the program's.
    fn callback(&mut self, node: u32) -> u64 {
        let graph = self.graph;
        let called = graph.edges(node).take(32).find(|edge| self.edge_is(*edge, Meaning::Called));
        match called.map(|edge| graph.target(edge)) {
            Some(function) if graph.kind(function) == NodeKind::CLOSURE => self.function(function),
            _ => self.text(graph.name(node)),
        }
    }

    /// A function is its name and its place; V8's numbers of scripts are other ones in each process. A bound one is what
    /// is bound.
    fn function(&mut self, node: u32) -> u64 {
        let graph = self.graph;
        let bound = graph
            .edges(node)
            .take(8)
            .find(|edge| graph.edge_kind(*edge) == EdgeKind::INTERNAL && self.edge_is(*edge, Meaning::Bound));
        let node = bound.map_or(node, |edge| graph.target(edge));
        let place =
            graph.location(node).map(|place| (self.script_of(place.script), place.line, place.column));
        let name = self.text(self.graph.name(node));
        let mut hasher = self.hasher();
        (name, place).hash(&mut hasher);
        hasher.finish()
    }

    /// What a script's name reads as. In a redacted file names of scripts are masked, and differently in each.
    fn script_of(&mut self, script: u32) -> Option<u64> {
        if let Some((_, text)) = self.script.filter(|(last, _)| *last == script) {
            return text;
        }
        let name = self.scripts.index(script).filter(|name| !is_masked(self.graph.strings().raw(*name)));
        let text = name.map(|name| self.text(name));
        self.script = Some((script, text));
        text
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
