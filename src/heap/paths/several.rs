//! Other ways to hold one node: the ways that leave the tree of shortest ways once.
//!
//! Everything but the last nodes of the shortest way is often held by hundreds of boring things (`process` by
//! every builtin module). What holds the node itself, and then what holds its holder, says more; so other ways
//! are taken from the end of the path upwards, and of those alike only one.

use std::collections::{HashMap, HashSet};

use super::facts::Facts;
use super::known::is_global;
use super::pattern::{Keys, Patterns};
use super::readability::NameKinds;
use super::step::begin;
use super::tree::{NONE, Tree};
use crate::heap::graph::bits::Bits;
use crate::heap::graph::{EdgeKind, Graph};

/// Nodes at the end of the shortest way whose other holders are looked for.
const NEAR: usize = 64;
/// Ways that are looked at for each that is wanted; the others were alike.
const TRIES: usize = 100;
/// Steps that are looked at on all these ways together: lists may be long.
const STEPS: usize = 1 << 22;
/// What a step costs more that is read.
const READ: usize = 64;

/// An edge to a node of the shortest way from elsewhere.
struct Turn {
    /// The node it leads to, counted from the end.
    spot: usize,
    source: u32,
    edge: u32,
}

/// Up to `limit` ways to `node`, the shortest first; none if nothing retains it. `text`: what is read of a way; no
/// two are alike.
pub(super) fn ways(
    facts: &(impl Facts + ?Sized),
    tree: &Tree,
    name_kinds: &NameKinds,
    text: &dyn Fn(&[u32]) -> String,
    node: u32,
    limit: usize,
) -> Vec<Vec<u32>> {
    let graph = facts.graph();
    if !tree.reached(node) || limit == 0 {
        return Vec::new();
    }
    let shortest = tree.way(graph, node);
    let (mut keys, mut patterns) = (Keys::new(name_kinds), Patterns::new());
    let mut pattern = |way: &[u32]| {
        let key = |at: usize| keys.of(facts, begin(graph, way, at), way[at]);
        (0..way.len()).map(key).fold(0, |pattern, key| patterns.step(pattern, key))
    };
    let mut seen = (HashSet::from([pattern(&shortest)]), HashSet::from([text(&shortest)]));
    let mut found = vec![(false, shortest.clone())];
    if limit > 1 {
        let mut turns = turns(facts, tree, &shortest);
        turns.sort_by_key(|turn| {
            let way = (tree.is_system(turn.source), tree.depth(turn.source));
            (turn.spot, way, name_kinds.cost(graph, turn.edge), turn.edge)
        });
        let mut steps = 0;
        for turn in turns.iter().take(limit.saturating_mul(TRIES)) {
            if found.len() == limit || steps > STEPS {
                break;
            }
            let mut way = tree.way(graph, turn.source);
            way.push(turn.edge);
            way.extend_from_slice(&shortest[shortest.len() - turn.spot..]);
            steps += way.len();
            if !seen.0.insert(pattern(&way)) {
                continue;
            }
            steps += way.len().min(1_000) * READ;
            if seen.1.insert(text(&way)) {
                found.push((tree.is_system(turn.source), way));
            }
        }
        found[1..].sort_by_key(|(system, way)| (*system, way.len()));
    }
    found.into_iter().map(|(_, way)| way).collect()
}

/// Every edge that leads to the end of the shortest way from outside it, in one scan over all edges.
fn turns(facts: &(impl Facts + ?Sized), tree: &Tree, shortest: &[u32]) -> Vec<Turn> {
    let graph = facts.graph();
    // That `global` is held in many ways is no news.
    let after_global = |edge: &&u32| !is_global(graph, graph.target(**edge));
    let near = shortest.iter().rev().take(NEAR).take_while(after_global);
    let spots: HashMap<u32, usize> =
        near.enumerate().map(|(spot, edge)| (graph.target(*edge), spot)).collect();
    let beyond = beyond(graph, tree, &spots);
    let mut is_spot = Bits::new(graph.node_count() as usize);
    spots.keys().for_each(|node| is_spot.set(*node as usize));
    let mut turns = Vec::new();
    for source in graph.nodes().filter(|source| tree.reached(*source)) {
        for edge in graph.edges(source) {
            let target = graph.target(edge);
            if !is_spot.get(target as usize) || tree.edge(target) == Some(edge) {
                continue;
            }
            let Some(spot) = spots.get(&target) else { continue };
            // From below the node it would lead through the node before it gets there.
            let below = beyond[source as usize] != NONE && beyond[source as usize] as usize <= *spot;
            if !below && facts.retains(edge) && !is_store(graph, tree, source) {
                turns.push(Turn { spot: *spot, source, edge });
            }
        }
    }
    turns
}

/// Whether it is the store behind an object's properties or elements: the object has edges of its own to what is
/// in there, with names.
pub(super) fn is_store(graph: &Graph, tree: &Tree, node: u32) -> bool {
    tree.edge(node).is_some_and(|edge| {
        let name = graph.edge_name(edge).map(|name| graph.strings().raw(name));
        graph.edge_kind(edge) == EdgeKind::INTERNAL && matches!(name, Some(b"elements" | b"properties"))
    })
}

/// For each node that the tree reaches through one of `spots`: the last of them on its way.
fn beyond(graph: &Graph, tree: &Tree, spots: &HashMap<u32, usize>) -> Vec<u32> {
    let mut beyond = vec![NONE; graph.node_count() as usize];
    let first = spots.keys().map(|node| (tree.is_system(*node), tree.depth(*node))).min();
    // Parents stand before children, so what stands before the first spot is reached through none.
    let begin = first.map_or(0, |first| {
        tree.order().partition_point(|node| (tree.is_system(*node), tree.depth(*node)) < first)
    });
    for node in &tree.order()[begin..] {
        beyond[*node as usize] = match spots.get(node) {
            Some(spot) => *spot as u32,
            None => tree.parent(graph, *node).map_or(NONE, |(parent, _)| beyond[parent as usize]),
        };
    }
    beyond
}
