//! The shortest way to each object, and its place.

use std::collections::{HashMap, VecDeque};

use super::late::Late;
use super::places::{Places, ROOT};
use super::step::{Names, Step, Steps};
use super::{functions, seeds};
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
    /// wait to be visited four more, which are given back.
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
        let functions = functions::of(graph, scripts);
        let mut seeds = seeds::find(graph, scripts, &functions, &steps);
        let mut last = seeds::of_node(graph, scripts, &functions, &steps);
        let late = Late::of(graph, &functions);
        drop(functions);
        let mut walker = Walker::new(graph, retain, late);
        // Once from the root, to know how the seeds are reached, if they are.
        let mut wanted = Wanted::of(graph, seeds.iter().chain(&last).map(|(seed, _)| *seed));
        walker.begin(graph.root());
        walker.walk(&mut steps, host, &mut wanted)?;
        let ways: HashMap<u32, Vec<u32>> = seeds
            .iter()
            .chain(&last)
            .map(|(seed, _)| (*seed, walker.way(*seed)))
            .filter(|(_, way)| !way.is_empty())
            .collect();
        walker.forget();
        seeds.retain(|(seed, _)| ways.contains_key(seed));
        last.retain(|(seed, _)| ways.contains_key(seed));

        let mut count = Counting::new(graph, places);
        for (seed, step) in &seeds {
            count.seed(*seed, *step);
            if walker.begin(*seed) {
                count.add(*seed);
            }
        }
        for (seed, step) in &last {
            count.seed(*seed, *step);
            walker.reserve(*seed);
        }
        count.place_of[graph.root() as usize] = ROOT;
        walker.walk(&mut steps, host, &mut count)?;
        // What no seed leads to: timers, requests under way, what native code holds.
        if walker.begin(graph.root()) {
            count.add(graph.root());
        }
        walker.walk(&mut steps, host, &mut count)?;
        for (seed, _) in &last {
            walker.resume(*seed);
            count.add(*seed);
        }
        walker.walk(&mut steps, host, &mut count)?;
        let via = walker.via;
        let Counting { sums, place_of, .. } = count;
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

/// Hears of each node that is reached.
trait Visit {
    /// The node, the one before it and the edge between. Those that are reached from one node follow each other.
    fn reached(&mut self, steps: &mut Steps, node: u32, parent: u32, edge: u32);

    /// Whether all is known.
    fn is_done(&self) -> bool;
}

/// Nodes to which the ways are wanted.
struct Wanted {
    nodes: Bits,
    left: usize,
}

impl Wanted {
    fn of(graph: &Graph, list: impl Iterator<Item = u32>) -> Self {
        let mut nodes = Bits::new(graph.node_count() as usize);
        let left = list.filter(|node| nodes.insert(*node as usize)).count();
        Self { nodes, left }
    }
}

impl Visit for Wanted {
    #[inline]
    fn reached(&mut self, _steps: &mut Steps, node: u32, _parent: u32, _edge: u32) {
        if self.nodes.get(node as usize) {
            self.left = self.left.saturating_sub(1);
        }
    }

    fn is_done(&self) -> bool {
        self.left == 0
    }
}

/// Puts each node to its place, and counts.
struct Counting<'a> {
    graph: &'a Graph,
    places: &'a mut Places,
    place_of: Vec<u32>,
    sums: Sums,
    /// The node whose edges are being followed, how its properties are read, and whether it is a timer.
    from: (u32, Names, bool),
}

impl<'a> Counting<'a> {
    fn new(graph: &'a Graph, places: &'a mut Places) -> Self {
        let sums = Sums::new(places.len());
        let place_of = vec![NONE; graph.node_count() as usize];
        Self { graph, places, place_of, sums, from: (NONE, Names::Fixed, false) }
    }

    /// A way begins here.
    fn seed(&mut self, node: u32, step: Step) {
        self.place_of[node as usize] = self.places.step(ROOT, step);
    }

    fn add(&mut self, node: u32) {
        self.sums.add(self.place_of[node as usize], self.graph.self_size(node));
    }
}

impl Visit for Counting<'_> {
    #[inline]
    fn reached(&mut self, steps: &mut Steps, node: u32, parent: u32, edge: u32) {
        if parent != self.from.0 {
            self.from = (parent, steps.names(parent), steps.is_timer(parent));
        }
        let (_, names, is_timer) = self.from;
        let above = self.place_of[parent as usize];
        let above = if is_timer && steps.is_ring(edge) { self.places.parent(above) } else { above };
        self.place_of[node as usize] = self.places.step(above, steps.of(parent, edge, names));
        self.add(node);
    }

    fn is_done(&self) -> bool {
        false
    }
}

struct Walker<'a> {
    graph: &'a Graph,
    retain: &'a Bits,
    late: Late,
    via: Vec<u32>,
    begun: Bits,
    /// What was reached, and whose edges are to be followed.
    queue: VecDeque<u32>,
    /// Keys of WeakMaps, and the edges to what these have for them.
    pairs: VecDeque<(u32, u32)>,
    late_ones: VecDeque<u32>,
}

impl<'a> Walker<'a> {
    fn new(graph: &'a Graph, retain: &'a Bits, late: Late) -> Self {
        let nodes = graph.node_count() as usize;
        Self {
            graph,
            retain,
            late,
            via: vec![NONE; nodes],
            begun: Bits::new(nodes),
            queue: VecDeque::new(),
            pairs: VecDeque::new(),
            late_ones: VecDeque::new(),
        }
    }

    /// A walk begins here; false: another one was here.
    fn begin(&mut self, node: u32) -> bool {
        let is_new = self.via[node as usize] == NONE && self.begun.insert(node as usize);
        if is_new {
            self.queue.push_back(node);
        }
        is_new
    }

    /// A walk will begin here later; until then nothing leads here.
    fn reserve(&mut self, node: u32) {
        self.begun.set(node as usize);
    }

    /// It begins now, and is late no more.
    fn resume(&mut self, node: u32) {
        self.queue.push_back(node);
        self.late.forget(node);
    }

    /// Forgets all ways, and what was to be visited.
    fn forget(&mut self) {
        self.via.fill(NONE);
        self.begun = Bits::new(self.via.len());
        self.queue.clear();
        self.pairs.clear();
        self.late_ones.clear();
    }

    fn way(&self, node: u32) -> Vec<u32> {
        self.graph.way(node, |node| Some(self.via[node as usize]).filter(|edge| *edge != NONE)).1
    }

    /// Visits all that is reached from where it begins, the nearest first; what WeakMaps have for their keys after all
    /// that is held by name, and what is late last.
    fn walk(&mut self, steps: &mut Steps, host: &dyn Host, visit: &mut impl Visit) -> Result<()> {
        let mut count = 0_usize;
        loop {
            while let Some(node) = self.queue.pop_front() {
                count += 1;
                if count.is_multiple_of(LOOK) {
                    host::check(host)?;
                }
                if self.late.is(node) {
                    self.late_ones.push_back(node);
                } else {
                    self.expand(node, steps, visit);
                    if visit.is_done() {
                        return Ok(());
                    }
                }
            }
            if let Some((node, edge)) = self.pairs.pop_front() {
                self.reach(node, edge, steps, visit);
            } else if let Some(node) = self.late_ones.pop_front() {
                self.expand(node, steps, visit);
            } else {
                return Ok(());
            }
        }
    }

    fn expand(&mut self, node: u32, steps: &mut Steps, visit: &mut impl Visit) {
        for edge in self.graph.edges(node) {
            if self.via[self.graph.target(edge) as usize] == NONE {
                if steps.is_pair(edge) {
                    self.pairs.push_back((node, edge));
                } else {
                    self.reach(node, edge, steps, visit);
                }
            }
        }
    }

    fn reach(&mut self, node: u32, edge: u32, steps: &mut Steps, visit: &mut impl Visit) {
        let target = self.graph.target(edge);
        let at = target as usize;
        let is_new = self.via[at] == NONE && target != self.graph.root() && !self.begun.get(at);
        if is_new && self.retain.get(edge as usize) {
            self.via[at] = edge;
            self.queue.push_back(target);
            visit.reached(steps, target, node, edge);
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
