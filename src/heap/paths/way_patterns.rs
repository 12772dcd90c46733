//! The patterns of many ways at once. They are walked together, level by level, so that each node on them is looked
//! at once however many ways it is on.

use std::collections::{HashMap, HashSet};

use super::facts::Facts;
use super::pattern::{Key, Keys, Patterns};
use super::readability::NameKinds;
use super::tree::{NONE, Tree, source};
use crate::heap::graph::Graph;
use crate::heap::graph::bits::Bits;

/// Different names of properties that lead from one holder to the same class: from here on the holder is a table
/// and its names are keys.
const KEYS: usize = 16;

/// Patterns of ways in the tree.
pub(super) struct WayPatterns<'a> {
    /// Pattern of the way to each node that is on one of the ways.
    of: Vec<u32>,
    patterns: Patterns,
    keys: Keys<'a>,
}

/// Names that lead from a holder to a class.
#[derive(Default)]
struct Names(HashMap<(u32, Key), HashSet<Key>>);

impl Names {
    fn see(&mut self, holder: u32, key: Key) {
        if key.is_named() {
            let names = self.0.entry((holder, key.any())).or_default();
            if names.len() <= KEYS {
                names.insert(key);
            }
        }
    }

    /// The key, by any name if there are many.
    fn general(&self, holder: u32, key: Key) -> Key {
        let many = |names: &HashSet<Key>| names.len() > KEYS;
        let is_table = key.is_named() && self.0.get(&(holder, key.any())).is_some_and(many);
        if is_table { key.any() } else { key }
    }
}

impl<'a> WayPatterns<'a> {
    /// The ways to `ends`, which are in the tree.
    pub(super) fn new(
        facts: &(impl Facts + ?Sized),
        tree: &Tree,
        name_kinds: &'a NameKinds,
        ends: impl Iterator<Item = u32>,
    ) -> Self {
        let graph = facts.graph();
        let mut of = vec![NONE; graph.node_count() as usize];
        let mut patterns = Patterns::new();
        let mut keys = Keys::new(name_kinds);
        let on_the_way = ancestors(graph, tree, ends);
        let mut begin = 0;
        while begin < tree.order().len() {
            let level = tree.level(begin);
            begin = level.end;
            let mut found = Vec::new();
            let mut names = Names::default();
            for node in tree.order()[level].iter().copied().filter(|node| on_the_way.get(*node as usize)) {
                // The root has no parent; its way is the empty one.
                let Some((parent, edge)) = tree.parent(graph, node) else {
                    of[node as usize] = 0;
                    continue;
                };
                let holder = of[parent as usize];
                let key = keys.of(facts, parent, edge);
                names.see(holder, key);
                found.push((node, holder, key));
            }
            for (node, holder, key) in found {
                of[node as usize] = patterns.step(holder, names.general(holder, key));
            }
        }
        Self { of, patterns, keys }
    }

    /// The pattern of the way to a node that is on one of the ways.
    pub(super) fn pattern(&self, node: u32) -> u32 {
        self.of[node as usize]
    }

    /// The patterns of ways that end with these edges from nodes that are on the ways, but not in the tree.
    pub(super) fn others(&mut self, facts: &(impl Facts + ?Sized), edges: &[u32]) -> Vec<u32> {
        let mut names = Names::default();
        let steps: Vec<(u32, Key)> = edges
            .iter()
            .map(|edge| {
                let holder = source(facts.graph(), *edge);
                let step = (self.of[holder as usize], self.keys.of(facts, holder, *edge));
                names.see(step.0, step.1);
                step
            })
            .collect();
        steps
            .into_iter()
            .map(|(holder, key)| self.patterns.step(holder, names.general(holder, key)))
            .collect()
    }

    /// Whether the last name of this pattern stands for many.
    pub(super) fn is_general(&self, pattern: u32) -> bool {
        self.patterns.key(pattern).is_general()
    }
}

/// The nodes and everything on the ways to them.
fn ancestors(graph: &Graph, tree: &Tree, nodes: impl Iterator<Item = u32>) -> Bits {
    let mut bits = Bits::new(graph.node_count() as usize);
    for end in nodes {
        let mut node = Some(end);
        while let Some(next) = node.filter(|node| bits.insert(*node as usize)) {
            node = tree.parent(graph, next).map(|(parent, _)| parent);
        }
    }
    bits
}
