//! How the instances of a class are held: their shortest ways, counted by shape.
//!
//! The ways are walked together, level by level, so that each node on them is looked at once however many
//! instances it holds.

use std::collections::{HashMap, HashSet};

use super::facts::Facts;
use super::rank::Words;
use super::shape::{Key, Keys, Shapes};
use super::tree::{NONE, Tree};
use crate::heap::bits::Bits;
use crate::heap::graph::Graph;

/// Different names of properties that lead from one holder to the same class: from here on the holder is a table
/// and its names are keys.
const KEYS: usize = 16;

/// Ways of one shape.
#[derive(Debug)]
pub(super) struct Group {
    /// Instances that are held so.
    pub(super) count: u64,
    /// Bytes they retain; what one of them retains through another is counted once.
    pub(super) retained: u64,
    /// The first of the shortest.
    pub(super) way: Vec<u32>,
    /// Edges of `way` whose name stands for many.
    pub(super) general: HashSet<u32>,
}

/// The groups, most bytes first; then most instances; then the shortest.
pub(super) fn groups(
    facts: &(impl Facts + ?Sized),
    tree: &Tree,
    words: &Words,
    members: &[u32],
    limit: usize,
) -> Vec<Group> {
    let graph = facts.graph();
    let members: Vec<u32> = members.iter().copied().filter(|node| tree.reached(*node)).collect();
    let shapes = Merged::new(facts, tree, words, &members);
    let tops = tops(facts, &members);
    let is_member = set(graph, &members);
    let mut index = HashMap::new();
    let mut groups: Vec<(u64, u64, u32)> = Vec::new();
    for node in tree.order().iter().copied().filter(|node| is_member.get(*node as usize)) {
        let at = *index.entry(shapes.of[node as usize]).or_insert_with(|| {
            groups.push((0, 0, node));
            groups.len() - 1
        });
        groups[at].0 += 1;
        if tops.get(node as usize) {
            groups[at].1 = groups[at].1.saturating_add(facts.retained_size(node));
        }
    }
    // Stable, and they were found in the order of their lengths.
    groups.sort_by_key(|(count, retained, _)| std::cmp::Reverse((*retained, *count)));
    groups.truncate(limit);
    let group = |(count, retained, node): (u64, u64, u32)| {
        let way = tree.way(graph, node);
        let many = |edge: &u32| shapes.is_general(graph.target(*edge));
        let general = way.iter().copied().filter(|edge| many(edge)).collect();
        Group { count, retained, way, general }
    };
    groups.into_iter().map(group).collect()
}

fn set(graph: &Graph, nodes: &[u32]) -> Bits {
    let mut bits = Bits::new(graph.node_count() as usize);
    nodes.iter().for_each(|node| bits.set(*node as usize));
    bits
}

struct Merged {
    /// Shape of the way to each node that is on a way to an instance.
    of: Vec<u32>,
    shapes: Shapes,
}

impl Merged {
    fn new(facts: &(impl Facts + ?Sized), tree: &Tree, words: &Words, members: &[u32]) -> Self {
        let graph = facts.graph();
        let mut of = vec![NONE; graph.node_count() as usize];
        let mut shapes = Shapes::new();
        let mut keys = Keys::new(words);
        let on_the_way = ancestors(graph, tree, members);
        let mut begin = 0;
        while begin < tree.order().len() {
            let level = tree.level(begin);
            begin = level.end;
            let mut found = Vec::new();
            let mut names: HashMap<(u32, Key), HashSet<Key>> = HashMap::new();
            for node in tree.order()[level].iter().copied().filter(|node| on_the_way.get(*node as usize)) {
                // The root has no parent; its way is the empty one.
                let Some((parent, edge)) = tree.parent(graph, node) else {
                    of[node as usize] = 0;
                    continue;
                };
                let holder = of[parent as usize];
                let key = keys.of(facts, parent, edge);
                if key.is_named() {
                    let names = names.entry((holder, key.any())).or_default();
                    if names.len() <= KEYS {
                        names.insert(key);
                    }
                }
                found.push((node, holder, key));
            }
            for (node, holder, key) in found {
                let table =
                    key.is_named() && names.get(&(holder, key.any())).is_some_and(|names| names.len() > KEYS);
                of[node as usize] = shapes.step(holder, if table { key.any() } else { key });
            }
        }
        Self { of, shapes }
    }

    /// Whether the name of the last edge to the node stands for many.
    fn is_general(&self, node: u32) -> bool {
        self.shapes.key(self.of[node as usize]).is_general()
    }
}

/// The instances and everything on the ways to them.
fn ancestors(graph: &Graph, tree: &Tree, members: &[u32]) -> Bits {
    let mut bits = Bits::new(graph.node_count() as usize);
    for member in members {
        let mut node = Some(*member);
        while let Some(next) = node.filter(|node| bits.insert(*node as usize)) {
            node = tree.parent(graph, next).map(|(parent, _)| parent);
        }
    }
    bits
}

/// Members that no other member dominates: their retained sizes do not overlap.
fn tops(facts: &(impl Facts + ?Sized), members: &[u32]) -> Bits {
    let graph = facts.graph();
    let is_member = set(graph, members);
    let mut tops = set(graph, members);
    // Nodes that were passed, and of those the ones with a member above them.
    let mut passed = Bits::new(graph.node_count() as usize);
    let mut below = Bits::new(graph.node_count() as usize);
    let mut path = Vec::new();
    for member in members {
        let mut node = *member;
        let mut covered = loop {
            if !passed.insert(node as usize) {
                break is_member.get(node as usize) || below.get(node as usize);
            }
            path.push(node);
            let up = facts.dominator(node);
            if up == node {
                break false;
            }
            node = up;
        };
        // What is above a node holds for all below it; every node is passed once.
        while let Some(node) = path.pop() {
            if covered {
                below.set(node as usize);
            }
            covered |= is_member.get(node as usize);
        }
        if below.get(*member as usize) {
            tops.clear(*member as usize);
        }
    }
    tops
}
