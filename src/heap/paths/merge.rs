//! How the instances of a class are held: their ways, counted by pattern.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::facts::Facts;
use super::nest::Nest;
use super::readability::NameKinds;
use super::several::is_store;
use super::tree::{Tree, source};
use super::way_patterns::WayPatterns;
use crate::heap::graph::Graph;
use crate::heap::graph::bits::Bits;

/// Ways of one pattern.
#[derive(Debug)]
pub(super) struct Group {
    /// Whether its instances are in other groups too: these are not their shortest ways.
    pub(super) also: bool,
    /// Instances that are held so.
    pub(super) count: u64,
    /// Bytes they retain; what one of them retains through another of them is counted once. An instance in another group
    /// may retain them all, as the head of a list does: that takes nothing from theirs.
    pub(super) retained: u64,
    /// The first of the shortest.
    pub(super) way: Vec<u32>,
    /// Edges of `way` whose name stands for many.
    pub(super) general: HashSet<u32>,
}

/// The groups, most bytes first; then most instances; then the shortest. First those of the shortest ways, each
/// instance in one of them; if they are less than `limit`, then those of other ways.
pub(super) fn groups(
    facts: &(impl Facts + ?Sized),
    tree: &Tree,
    name_kinds: &NameKinds,
    members: &[u32],
    limit: usize,
) -> Vec<Group> {
    let graph = facts.graph();
    let members: Vec<u32> = members.iter().copied().filter(|node| tree.reached(*node)).collect();
    let is_member = set(graph, &members);
    let others = others(facts, tree, &is_member);
    let sources = others.iter().map(|edge| source(graph, *edge));
    let mut patterns = WayPatterns::new(facts, tree, name_kinds, members.iter().copied().chain(sources));
    let nest = Nest::new(facts, &members);
    let mut tallies = Tallies { facts, nest, index: HashMap::new(), list: Vec::new(), entries: Vec::new() };
    for node in tree.order().iter().copied().filter(|node| is_member.get(*node as usize)) {
        tallies.add(patterns.pattern(node), node, tree.edge(node));
    }
    let mut found = tallies.sorted();
    if found.len() < limit {
        // A node may be held twice in the same way, as by two keys of one Map.
        let mut seen = HashSet::new();
        for (edge, pattern) in others.iter().zip(patterns.others(facts, &others)) {
            let node = graph.target(*edge);
            if found.iter().all(|tally| tally.pattern != pattern) && seen.insert((pattern, node)) {
                tallies.add(pattern, node, Some(*edge));
            }
        }
        let mut more = tallies.sorted();
        more.iter_mut().for_each(|tally| tally.also = true);
        found.append(&mut more);
    }
    found.truncate(limit);
    let group = |tally: Tally| {
        let mut way = tally.edge.map_or_else(Vec::new, |edge| tree.way(graph, source(graph, edge)));
        let many = |edge: &u32| patterns.is_general(patterns.pattern(graph.target(*edge)));
        let mut general: HashSet<u32> = way.iter().copied().filter(|edge| many(edge)).collect();
        way.extend(tally.edge);
        general.extend(tally.edge.filter(|_| patterns.is_general(tally.pattern)));
        Group { also: tally.also, count: tally.count, retained: tally.retained, way, general }
    };
    found.into_iter().map(group).collect()
}

/// A group that is being counted.
struct Tally {
    also: bool,
    pattern: u32,
    count: u64,
    retained: u64,
    /// The last edge of the first way.
    edge: Option<u32>,
}

struct Tallies<'a, F: ?Sized> {
    facts: &'a F,
    nest: Nest,
    index: HashMap<u32, usize>,
    list: Vec<Tally>,
    /// Which instance is in which tally.
    entries: Vec<(u32, u32)>,
}

impl<F: Facts + ?Sized> Tallies<'_, F> {
    fn add(&mut self, pattern: u32, node: u32, edge: Option<u32>) {
        let at = *self.index.entry(pattern).or_insert_with(|| {
            self.list.push(Tally { also: false, pattern, count: 0, retained: 0, edge });
            self.list.len() - 1
        });
        self.list[at].count += 1;
        self.entries.push((node, at as u32));
    }

    /// Takes all; of equals the one that was found first comes first.
    fn sorted(&mut self) -> Vec<Tally> {
        self.index.clear();
        let mut list = std::mem::take(&mut self.list);
        let retained = self.nest.retained(self.facts, std::mem::take(&mut self.entries), list.len());
        list.iter_mut().zip(retained).for_each(|(tally, bytes)| tally.retained = bytes);
        list.sort_by_key(|tally| Reverse((tally.retained, tally.count)));
        list
    }
}

/// Edges to members that are not the last of their shortest ways, from holders that no member holds; those with
/// the shortest ways first.
fn others(facts: &(impl Facts + ?Sized), tree: &Tree, is_member: &Bits) -> Vec<u32> {
    let graph = facts.graph();
    let mut behind = Bits::new(graph.node_count() as usize);
    let mut found = Vec::new();
    for node in tree.order().iter().copied() {
        let parent = tree.parent(graph, node).map(|(parent, _)| parent as usize);
        if is_member.get(node as usize) || parent.is_some_and(|parent| behind.get(parent)) {
            behind.set(node as usize);
            continue;
        }
        // In the order of the tree the shorter ways come first.
        let edges = graph.edges(node).filter(|edge| {
            let target = graph.target(*edge);
            is_member.get(target as usize) && tree.edge(target) != Some(*edge) && facts.retains(*edge)
        });
        let before = found.len();
        found.extend(edges);
        if found.len() > before && is_store(graph, tree, node) {
            found.truncate(before);
        }
    }
    found
}

fn set(graph: &Graph, nodes: &[u32]) -> Bits {
    let mut bits = Bits::new(graph.node_count() as usize);
    nodes.iter().for_each(|node| bits.set(*node as usize));
    bits
}
