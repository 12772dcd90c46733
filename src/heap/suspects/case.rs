//! A holder and its entries, with the questions that detectors ask of them.

use std::collections::HashMap;

use super::anchor::{Anchor, At, Begin, is_number, name};
use crate::heap::engine::Analysis;
use crate::heap::graph::{EdgeKind, Graph, NodeKind};
use crate::heap::growth::walk::Walk;
use crate::heap::growth::words::is_masked;
use crate::heap::paths::known;
use crate::heap::rules::scripts::Scripts;

/// Characters of a class's name.
const NAME: usize = 80;
/// Edges of a node among which one is looked for.
const LOOK: usize = 512;
/// Entries that are looked at one by one.
const CLOSELY: usize = 60;

/// One suspect, before it has a name.
pub(super) struct Case<'a> {
    pub(super) analysis: &'a Analysis,
    pub(super) scripts: &'a Scripts,
    pub(super) walk: &'a Walk,
    /// The node that has the entries: a table, an array, an object.
    pub(super) holder: u32,
    /// What a program sees of it: the Map of a table.
    pub(super) owner: u32,
    /// From the root to the owner.
    pub(super) way: Vec<u32>,
    pub(super) anchor: Anchor,
    /// Entries, at most some thousands, spread over all; objects before texts.
    pub(super) entries: Vec<u32>,
    /// How many there are.
    pub(super) count: u64,
    /// There is one more for one larger thing: no entries came, the holder itself grew.
    pub(super) is_size: bool,
    /// Functions that have a scope which is on a way: scope → function.
    pub(super) functions: &'a HashMap<u32, u32>,
}

impl Case<'_> {
    pub(super) fn graph(&self) -> &Graph {
        &self.analysis.graph
    }

    /// The name of a node's constructor; of a function its own; of a text the word.
    pub(super) fn name(&self, node: u32) -> String {
        let graph = self.graph();
        match graph.kind(node) {
            NodeKind::STRING | NodeKind::CONS_STRING | NodeKind::SLICED_STRING => "string".to_owned(),
            NodeKind::NUMBER => "number".to_owned(),
            NodeKind::CLOSURE => {
                let name = graph.strings().show_start(graph.name(node), NAME);
                if name.is_empty() { "anonymous function".to_owned() } else { name }
            }
            // Newer ones say of each scope its number.
            NodeKind::OBJECT if known::is_context(graph, node) => "system / Context".to_owned(),
            NodeKind::ARRAY if graph.name(node) == graph.name(graph.root()) => "array".to_owned(),
            _ => graph.strings().show_start(graph.name(node), NAME),
        }
    }

    /// The class by which a leak is known: Node 20 makes an AbortSignal of an EventTarget and gives it another prototype.
    pub(super) fn class(&self, node: u32) -> String {
        let name = self.name(node);
        if name != "EventTarget" {
            return name;
        }
        self.property(node, "__proto__")
            .and_then(|prototype| self.property(prototype, "constructor"))
            .filter(|constructor| self.graph().kind(*constructor) == NodeKind::CLOSURE)
            .map_or(name, |constructor| self.name(constructor))
    }

    /// Whether a node's constructor is one of these.
    pub(super) fn is_one_of(&self, node: u32, names: &[&str]) -> bool {
        let graph = self.graph();
        let raw = graph.strings().raw(graph.name(node));
        graph.kind(node) == NodeKind::OBJECT && names.iter().any(|name| raw == name.as_bytes())
    }

    /// The entries that are looked at one by one.
    pub(super) fn sample(&self) -> impl Iterator<Item = u32> + '_ {
        let step = self.entries.len().div_ceil(CLOSELY).max(1);
        self.entries.iter().step_by(step).copied()
    }

    /// Of the entries that were looked at, the share of which something is true.
    pub(super) fn share(&self, is: impl Fn(u32) -> bool) -> f64 {
        let (mut all, mut yes) = (0_u32, 0_u32);
        for entry in self.sample() {
            all += 1;
            yes += u32::from(is(entry));
        }
        if all == 0 { 0.0 } else { f64::from(yes) / f64::from(all) }
    }

    /// What this edge of a node leads to.
    pub(super) fn inside(&self, node: u32, kind: EdgeKind, name: &str) -> Option<u32> {
        known::inside(self.graph(), node, kind, name)
    }

    /// What a property leads to.
    pub(super) fn property(&self, node: u32, name: &str) -> Option<u32> {
        self.inside(node, EdgeKind::PROPERTY, name)
    }

    /// The objects one named step from a node.
    pub(super) fn parts(&self, node: u32) -> impl Iterator<Item = (String, u32)> + '_ {
        let graph = self.graph();
        graph
            .edges(node)
            .take(LOOK)
            .filter(|edge| self.analysis.essential.get(*edge as usize))
            .map(|edge| (name(graph, edge), graph.target(edge)))
    }

    /// The edges of the way, last first: their names and what they lead to.
    pub(super) fn back(&self) -> impl Iterator<Item = (String, u32)> + '_ {
        let graph = self.graph();
        self.way.iter().rev().map(|edge| (name(graph, *edge), graph.target(*edge)))
    }

    /// The node before the owner on its way, however many inner ones are between.
    pub(super) fn before_owner(&self) -> Option<u32> {
        self.way.last().map(|edge| self.graph().source(*edge))
    }

    /// The most frequent name of what `of` makes of the entries.
    pub(super) fn most_frequent(&self, of: impl Fn(u32) -> Option<u32>) -> Option<u32> {
        // The same name at the same place is the same function. Of each: how many, and one of them.
        let mut counts = HashMap::new();
        for node in self.sample().filter_map(of) {
            let place = self.graph().location(node).map(|at| (at.script, at.line, at.column));
            let (count, _) = counts.entry((self.graph().name(node), place)).or_insert((0_u32, node));
            *count += 1;
        }
        counts
            .into_values()
            .max_by_key(|(count, node)| (*count, std::cmp::Reverse(*node)))
            .map(|(_, node)| node)
    }

    /// A function as people write it, and where it stands: of a bound one, what is bound.
    pub(super) fn function(&self, node: u32) -> (String, Option<At>) {
        let function = self.unbound(node);
        let name = self.graph().strings().show_start(self.graph().name(function), NAME);
        (name, At::of(self.graph(), self.scripts, function))
    }

    /// The function that a bound one, or a wrapper of Node's for `once`, stands for.
    pub(super) fn unbound(&self, node: u32) -> u32 {
        let mut node = node;
        for _ in 0..4 {
            let inner = self
                .inside(node, EdgeKind::INTERNAL, "bound_function")
                .or_else(|| self.property(node, "listener"))
                .filter(|inner| self.graph().kind(*inner) == NodeKind::CLOSURE);
            match inner {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }

    /// Where the holder's name is written: the file, and the function that captures it or the constructor that sets it.
    pub(super) fn place(&self) -> At {
        let graph = self.graph();
        let of = |node: u32| At::of(graph, self.scripts, node);
        match self.anchor.begin {
            Begin::Variable(scope) => {
                self.functions.get(&scope).and_then(|function| of(*function)).unwrap_or_default()
            }
            Begin::Module(module) => {
                let file = known::file(graph, module).filter(|name| !is_masked(name.as_bytes()));
                At { file, ..At::default() }
            }
            Begin::Function(node) | Begin::Object(node) => of(node).unwrap_or_default(),
            Begin::Global | Begin::Root => At::default(),
        }
    }

    /// Whether the owner's class says that it is an array.
    pub(super) fn is_array(&self, node: u32) -> bool {
        self.is_one_of(node, &["Array"])
    }

    /// Texts of the keys of a Map, of a plain object, the elements of a Set of texts.
    pub(super) fn keys(&self, most: usize) -> Vec<u32> {
        let graph = self.graph();
        let is_text = |node: &u32| matches!(graph.kind(*node), NodeKind::STRING | NodeKind::CONS_STRING);
        if self.is_one_of(self.owner, &["Array"]) {
            return Vec::new();
        }
        let edges = || graph.edges(self.holder);
        let step = (edges().len() / (most * 2)).max(1);
        let mut keys = Vec::new();
        for edge in edges() {
            if keys.len() >= most * step {
                break;
            }
            let key = match graph.edge_kind(edge) {
                // Names of properties are no nodes.
                EdgeKind::PROPERTY => continue,
                EdgeKind::INTERNAL if is_number(graph, edge) => Some(graph.target(edge)).filter(is_text),
                _ => None,
            };
            keys.extend(key);
        }
        keys.into_iter().step_by(step).take(most).collect()
    }
}
