//! The shortest way to each object, and its place.

use std::collections::{HashMap, VecDeque};

use super::late::Late;
use super::places::{Places, ROOT};
use super::seeds;
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
    /// Of where ways begin: how it is reached.
    ways: HashMap<u32, Vec<u32>>,
}

impl Walk {
    /// Walks the edges that `retain`, counts into `places`. Eight bytes for each node, and for those that
    /// wait to be visited eight more, which are given back.
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
        let mut steps = Steps::new(graph, scripts);
        if graph.node_count() == 0 {
            places.take(Vec::new(), Vec::new());
            return Ok(Self::default());
        }
        let seeds = seeds::find(graph, scripts, &steps);
        let last = seeds::of_node(graph, scripts, &steps);
        let mut walker = Walker::new(graph, retain, scripts);
        // Once from the root, to know how the seeds are reached, if they are.
        walker.begin(graph.root());
        walker.walk(&mut steps, host, &mut |_, _, _, _| ())?;
        let ways: HashMap<u32, Vec<u32>> = seeds
            .iter()
            .chain(&last)
            .map(|(seed, _)| (*seed, walker.way(*seed)))
            .filter(|(_, way)| !way.is_empty())
            .collect();
        walker.forget();
        let mut sums = Sums::new(places.len());
        let mut named = (NONE, Names::Fixed);
        let mut place_of = vec![NONE; graph.node_count() as usize];
        for (seed, step) in seeds.iter().filter(|(seed, _)| ways.contains_key(seed)) {
            place_of[*seed as usize] = places.step(ROOT, *step);
            walker.begin(*seed);
        }
        for (seed, step) in last.iter().filter(|(seed, _)| ways.contains_key(seed)) {
            place_of[*seed as usize] = places.step(ROOT, *step);
            walker.reserve(*seed);
        }
        place_of[graph.root() as usize] = ROOT;
        let mut visit = |steps: &mut Steps, node: u32, parent: u32, edge: u32| {
            if edge != NONE {
                // Children of one object follow each other.
                if parent != named.0 {
                    named = (parent, steps.names(parent));
                }
                let from = place_of[parent as usize];
                let from = if steps.is_ring(parent, edge) { places.parent(from) } else { from };
                place_of[node as usize] = places.step(from, steps.of(parent, edge, named.1));
            }
            sums.add(place_of[node as usize], graph.self_size(node));
        };
        walker.walk(&mut steps, host, &mut visit)?;
        // What no seed leads to: timers, requests under way, what native code holds.
        walker.begin(graph.root());
        walker.walk(&mut steps, host, &mut visit)?;
        for (seed, _) in last.iter().filter(|(seed, _)| ways.contains_key(seed)) {
            walker.queue.push_back((*seed, NONE));
            walker.late.forget(*seed);
        }
        walker.walk(&mut steps, host, &mut visit)?;
        let via = std::mem::take(&mut walker.via);
        drop(walker);
        places.take(sums.objects, sums.own);
        Ok(Self { via, place: place_of, ways })
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

    /// The edges from where ways begin to the node, with the one that leads to there: how that is reached is chance.
    pub fn way_of_program(&self, graph: &Graph, node: u32) -> Vec<u32> {
        let (begin, edges) = graph.way(node, |node| self.via(node));
        let last = self.ways.get(&begin).and_then(|way| way.last());
        last.copied().into_iter().chain(edges).collect()
    }

    /// All edges from the root to the node.
    pub fn way(&self, graph: &Graph, node: u32) -> Vec<u32> {
        let (begin, edges) = graph.way(node, |node| self.via(node));
        self.ways.get(&begin).into_iter().flatten().copied().chain(edges).collect()
    }
}

/// What is told of each node that is reached: the node, the one before it and the edge between; of one where a walk
/// begins there is none.
type Visit<'v> = dyn FnMut(&mut Steps, u32, u32, u32) + 'v;

struct Walker<'a> {
    graph: &'a Graph,
    retain: &'a Bits,
    late: Late,
    via: Vec<u32>,
    begun: Bits,
    /// What is to be visited: node and the one before it.
    queue: VecDeque<(u32, u32)>,
    pairs: VecDeque<(u32, u32)>,
    late_ones: VecDeque<u32>,
}

impl<'a> Walker<'a> {
    fn new(graph: &'a Graph, retain: &'a Bits, scripts: &Scripts) -> Self {
        let nodes = graph.node_count() as usize;
        Self {
            graph,
            retain,
            late: Late::of(graph, scripts),
            via: vec![NONE; nodes],
            begun: Bits::new(nodes),
            queue: VecDeque::new(),
            pairs: VecDeque::new(),
            late_ones: VecDeque::new(),
        }
    }

    /// A walk begins here.
    fn begin(&mut self, node: u32) {
        if self.via[node as usize] == NONE && self.begun.insert(node as usize) {
            self.queue.push_back((node, NONE));
        }
    }

    /// A walk will begin here later; until then nothing leads here.
    fn reserve(&mut self, node: u32) {
        self.begun.set(node as usize);
    }

    /// Forgets all ways.
    fn forget(&mut self) {
        self.via.fill(NONE);
        self.begun = Bits::new(self.via.len());
    }

    fn way(&self, node: u32) -> Vec<u32> {
        self.graph.way(node, |node| Some(self.via[node as usize]).filter(|edge| *edge != NONE)).1
    }

    /// Visits all that is reached from where it begins, the nearest first; what WeakMaps have for their keys after all
    /// that is held by name, and what is late last.
    fn walk(&mut self, steps: &mut Steps, host: &dyn Host, visit: &mut Visit) -> Result<()> {
        let mut count = 0_usize;
        loop {
            while let Some((node, before)) = self.queue.pop_front() {
                count += 1;
                if count.is_multiple_of(LOOK) {
                    host::check(host)?;
                }
                visit(steps, node, before, self.via[node as usize]);
                if self.late.is(node) {
                    self.late_ones.push_back(node);
                } else {
                    self.expand(node, steps);
                }
            }
            if let Some((node, edge)) = self.pairs.pop_front() {
                self.reach(node, edge);
            } else if let Some(node) = self.late_ones.pop_front() {
                self.expand(node, steps);
            } else {
                return Ok(());
            }
        }
    }

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
        let is_new = self.via[at] == NONE && target != self.graph.root() && !self.begun.get(at);
        if is_new && self.retain.get(edge as usize) {
            self.via[at] = edge;
            self.queue.push_back((target, node));
        }
    }
}

struct Sums {
    objects: Vec<u32>,
    own: Vec<u64>,
}

impl Sums {
    fn new(places: usize) -> Self {
        Self { objects: vec![0; places], own: vec![0; places] }
    }

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
