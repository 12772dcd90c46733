//! The shortest way to each object, and its place.

use std::collections::VecDeque;

use super::late::Late;
use super::places::{Places, ROOT};
use super::step::{Names, Steps};
use crate::error::Result;
use crate::heap::graph::Graph;
use crate::heap::graph::bits::Bits;
use crate::heap::host::{self, Host};
use crate::heap::rules::scripts::Scripts;

/// No edge, no node, no place.
pub const NONE: u32 = u32::MAX;
/// Nodes between two looks at whether the host wants an end.
const LOOK: usize = 1 << 16;

/// The ways of one graph.
#[derive(Debug, Default)]
pub struct Walk {
    /// Of each node the last edge of its way, [`NONE`] for the root and what nothing holds.
    via: Vec<u32>,
    /// Of each node its place, [`NONE`] for what nothing holds.
    place: Vec<u32>,
}

impl Walk {
    /// Walks the edges that `retain`, counts into `places`. Thirteen bytes for each node, of which five are given back.
    ///
    /// # Errors
    /// `Aborted` when the host wants an end.
    pub fn count(
        places: &mut Places,
        graph: &Graph,
        retain: &Bits,
        scripts: &Scripts,
        host: &dyn Host,
    ) -> Result<Self> {
        let nodes = graph.node_count() as usize;
        let mut walker = Walker {
            graph,
            retain,
            late: Late::of(graph, scripts),
            via: vec![NONE; nodes],
            place: vec![NONE; nodes],
            popped: Bits::new(nodes),
            order: Vec::new(),
            pairs: VecDeque::new(),
        };
        let mut steps = Steps::new(graph, scripts);
        let mut sums = Sums { objects: vec![0; places.len()], own: vec![0; places.len()] };
        if nodes == 0 {
            places.take(sums.objects, sums.own);
            return Ok(Self::default());
        }
        let root = graph.root();
        walker.place[root as usize] = root;
        walker.order.push(root);
        let mut next = 0;
        // What is late is done when nothing else is left; of several such ways the one that begins nearest first.
        let mut late = Vec::new();
        let mut late_next = 0;
        let mut named = (NONE, Names::Fixed);
        loop {
            while next < walker.order.len() {
                if next.is_multiple_of(LOOK) {
                    host::check(host)?;
                }
                let node = walker.order[next];
                next += 1;
                let place = match walker.via[node as usize] {
                    NONE => ROOT,
                    edge => {
                        // Until here it was the node's parent.
                        let parent = walker.place[node as usize];
                        // Children of one object follow each other.
                        if parent != named.0 {
                            named = (parent, steps.names(parent));
                        }
                        let names = named.1;
                        let from = walker.place[parent as usize];
                        let from = if steps.is_ring(parent, edge) { places.parent(from) } else { from };
                        places.step(from, steps.of(parent, edge, names))
                    }
                };
                walker.place[node as usize] = place;
                walker.popped.set(node as usize);
                sums.add(place, graph.self_size(node));
                if walker.late.is(node) {
                    late.push(node);
                } else {
                    walker.expand(node, &mut steps);
                }
            }
            // What a WeakMap has for a key is found where it is held by name, if it is.
            if let Some((node, edge)) = walker.pairs.pop_front() {
                walker.reach(node, edge);
                continue;
            }
            let Some(node) = late.get(late_next).copied() else { break };
            late_next += 1;
            walker.expand(node, &mut steps);
        }
        let Walker { via, mut place, popped, .. } = walker;
        for (node, place) in place.iter_mut().enumerate() {
            if !popped.get(node) {
                *place = NONE;
            }
        }
        places.take(sums.objects, sums.own);
        Ok(Self { via, place })
    }

    /// The node's place; `None`: nothing holds it.
    #[inline]
    pub fn place(&self, node: u32) -> Option<u32> {
        Some(self.place[node as usize]).filter(|place| *place != NONE)
    }

    /// The last edge of the way to a node.
    #[inline]
    pub fn via(&self, node: u32) -> Option<u32> {
        Some(self.via[node as usize]).filter(|edge| *edge != NONE)
    }

    /// All edges from the root to the node.
    pub fn way(&self, graph: &Graph, node: u32) -> Vec<u32> {
        let mut edges = Vec::new();
        let mut node = node;
        while let Some(edge) = self.via(node) {
            edges.push(edge);
            node = graph.source(edge);
        }
        edges.reverse();
        edges
    }
}

struct Walker<'a> {
    graph: &'a Graph,
    retain: &'a Bits,
    late: Late,
    via: Vec<u32>,
    place: Vec<u32>,
    popped: Bits,
    order: Vec<u32>,
    pairs: VecDeque<(u32, u32)>,
}

impl Walker<'_> {
    fn expand(&mut self, node: u32, steps: &mut Steps) {
        for edge in self.graph.edges(node) {
            if self.via[self.graph.target(edge) as usize] == NONE {
                if steps.is_pair(edge) {
                    self.pairs.push_back((node, edge));
                } else {
                    self.reach(node, edge);
                }
            }
        }
    }

    fn reach(&mut self, node: u32, edge: u32) {
        let target = self.graph.target(edge);
        let at = target as usize;
        if self.via[at] == NONE && target != self.graph.root() && self.retain.get(edge as usize) {
            self.via[at] = edge;
            self.place[at] = node;
            self.order.push(target);
        }
    }
}

struct Sums {
    objects: Vec<u32>,
    own: Vec<u64>,
}

impl Sums {
    fn add(&mut self, place: u32, size: u64) {
        let place = place as usize;
        if place >= self.objects.len() {
            self.objects.resize(place + 1, 0);
            self.own.resize(place + 1, 0);
        }
        self.objects[place] = self.objects[place].saturating_add(1);
        self.own[place] = self.own[place].saturating_add(size);
    }
}
