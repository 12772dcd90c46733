//! Who dominates whom, and what each node retains.
//!
//! Semi-NCA (Georgiadis, "Linear-time algorithms for dominators and related problems", 2005) on preorder numbers,
//! without recursion. Its last step is `nearest`'s, for the sake of hostile graphs. Nothing here needs an edge twice
//! that lies on the depth-first tree, and a third to a half of all edges do: only the others are kept as predecessors.

mod nearest;

use super::bits::Bits;
use super::columns::Graph;
use crate::error::Result;
use crate::heap::host::{self, Host, Stage};

/// Not reached.
const NONE: u32 = u32::MAX;
/// A node that retains nothing and is retained by one: that one dominates it, and the rest of the work is spared.
/// About four nodes of ten are such. The other bits are the number of the one.
const LEAF: u32 = 1 << 31;

/// Reached nodes in depth-first order.
pub(in crate::heap) struct Tree {
    /// For each node its number, [`NONE`], or [`LEAF`] and its dominator's number.
    numbers: Vec<u32>,
    /// Number of the node each one was reached from; the root's is 0.
    parent: Vec<u32>,
    /// Numbers of the other nodes each one is retained by: those of `n` are `others[first[n]..first[n + 1]]`.
    first: Vec<u32>,
    others: Vec<u32>,
}

impl Tree {
    /// Goes through the graph over essential edges: from the root, then from the nodes that nothing retains, as if
    /// the root held them.
    pub(in crate::heap) fn grow(graph: &Graph, essential: &Bits, host: &dyn Host) -> Result<Self> {
        let count = graph.node_count() as usize;
        let degrees = Degrees::of(graph, essential);
        let mut numbers = vec![NONE; count];
        let mut parent: Vec<u32> = Vec::new();
        // For each node on the way down: itself, its number and the edge to look at next.
        let mut path: Vec<(u32, u32, u32)> = Vec::new();
        for start in std::iter::once(graph.root()).chain(graph.nodes()) {
            let is_start = parent.is_empty() || !degrees.retained.get(start as usize);
            if !is_start || numbers[start as usize] != NONE {
                continue;
            }
            numbers[start as usize] = parent.len() as u32;
            path.push((start, parent.len() as u32, graph.edges(start).start));
            parent.push(0);
            while let Some((node, from, next)) = path.last_mut() {
                let from = *from;
                let found = (*next..graph.edges(*node).end).find(|edge| {
                    let target = graph.target(*edge) as usize;
                    if !essential.get(*edge as usize) || numbers[target] != NONE {
                        return false;
                    }
                    let is_leaf = degrees.is_leaf(target);
                    if is_leaf {
                        numbers[target] = LEAF | from;
                    }
                    !is_leaf
                });
                let Some(edge) = found else {
                    path.pop();
                    continue;
                };
                *next = edge + 1;
                let node = graph.target(edge);
                let number = parent.len() as u32;
                if number & 0xF_FFFF == 0 {
                    host::check(host)?;
                    host.progress(Stage::Dominators, u64::from(number) / 2, count as u64);
                }
                numbers[node as usize] = number;
                parent.push(from);
                path.push((node, number, graph.edges(node).start));
            }
        }
        drop(path);
        drop(degrees);
        parent.shrink_to_fit();
        let (first, others) = others(graph, essential, &numbers, &parent);
        Ok(Self { numbers, parent, first, others })
    }

    /// The numbers, and the immediate dominator of each by number.
    fn dominators(self, host: &dyn Host) -> Result<(Vec<u32>, Vec<u32>)> {
        let Self { numbers, parent, first, others } = self;
        let count = parent.len();
        let mut ancestor = parent.clone();
        let mut semi = parent.clone();
        // The smallest semidominator on the compressed way up, the node's own to begin with.
        let mut label: Vec<u32> = (0..count as u32).collect();
        let mut path = Vec::new();
        for number in (1..count).rev() {
            if number & 0xF_FFFF == 0 {
                host::check(host)?;
                host.progress(Stage::Dominators, (count - number / 2) as u64, count as u64);
            }
            let mut best = parent[number];
            for other in &others[first[number] as usize..first[number + 1] as usize] {
                best = best.min(evaluate(*other, number as u32 + 1, &mut ancestor, &mut label, &mut path));
            }
            semi[number] = best;
            label[number] = best;
        }
        drop((ancestor, label, first, others));
        let idom = nearest::below(parent, &semi);
        Ok((numbers, idom))
    }
}

/// The smallest semidominator between `node` and its highest ancestor that was dealt with; those have numbers from
/// `linked` on. A node that was not dealt with answers for itself.
#[inline]
fn evaluate(node: u32, linked: u32, ancestor: &mut [u32], label: &mut [u32], path: &mut Vec<u32>) -> u32 {
    if node < linked {
        return node;
    }
    if ancestor[node as usize] < linked {
        return label[node as usize];
    }
    let mut at = node;
    while ancestor[at as usize] >= linked {
        path.push(at);
        at = ancestor[at as usize];
    }
    let (top, mut best) = (ancestor[at as usize], label[at as usize]);
    while let Some(below) = path.pop() {
        let below = below as usize;
        best = best.min(label[below]);
        label[below] = best;
        ancestor[below] = top;
    }
    best
}

/// What the essential edges say of single nodes.
struct Degrees {
    retained: Bits,
    /// By more than one edge.
    shared: Bits,
    retaining: Bits,
}

impl Degrees {
    fn of(graph: &Graph, essential: &Bits) -> Self {
        let new = || Bits::new(graph.node_count() as usize);
        let mut degrees = Self { retained: new(), shared: new(), retaining: new() };
        for node in graph.nodes() {
            for edge in graph.edges(node) {
                if essential.get(edge as usize) {
                    let target = graph.target(edge) as usize;
                    degrees.retaining.set(node as usize);
                    if !degrees.retained.insert(target) {
                        degrees.shared.set(target);
                    }
                }
            }
        }
        degrees
    }

    fn is_leaf(&self, node: usize) -> bool {
        !self.retaining.get(node) && !self.shared.get(node)
    }
}

/// Predecessors beside the one in the tree. Edges of nodes that were not reached do not count.
fn others(graph: &Graph, essential: &Bits, numbers: &[u32], parent: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0_u32; parent.len() + 1];
    let each = |take: &mut dyn FnMut(usize, u32)| {
        for node in graph.nodes() {
            let number = numbers[node as usize];
            // A leaf has no such edges.
            if number == NONE {
                continue;
            }
            for edge in graph.edges(node) {
                if essential.get(edge as usize) {
                    let target = numbers[graph.target(edge) as usize];
                    // An edge from the tree's parent says nothing new, nor does one to the root.
                    if target != 0 && target & LEAF == 0 && parent[target as usize] != number {
                        take(target as usize, number);
                    }
                }
            }
        }
    };
    each(&mut |target, _| first[target] += 1);
    let mut sum = 0;
    for slot in &mut first {
        sum += *slot;
        *slot = sum;
    }
    let mut others = vec![0; sum as usize];
    each(&mut |target, number| {
        first[target] -= 1;
        others[first[target] as usize] = number;
    });
    (first, others)
}

/// What each node dominates and retains.
#[derive(Debug, Default)]
pub struct Dominators {
    /// The immediate dominator of each node; the root's is the root.
    pub idom: Vec<u32>,
    /// Retained size in bytes.
    pub retained: Vec<u64>,
}

/// Dominators from the tree, and retained sizes from the graph's self sizes.
pub(in crate::heap) fn compute(graph: &Graph, tree: Tree, host: &dyn Host) -> Result<Dominators> {
    let (numbers, dominator) = tree.dominators(host)?;
    let root = graph.root();
    let mut order = vec![root; dominator.len()];
    for (node, number) in numbers.iter().enumerate() {
        if number & LEAF == 0 {
            order[*number as usize] = node as u32;
        }
    }
    // What was not reached (cliques that hold each other) hangs from the root. A leaf, or what was not reached,
    // dominates nothing: its size is known at once.
    let mut retained: Vec<u64> = graph.nodes().map(|node| graph.self_size(node)).collect();
    let mut idom = vec![root; graph.node_count() as usize];
    for (node, number) in numbers.iter().enumerate() {
        if number & LEAF != 0 {
            let holder = if *number == NONE { root } else { order[(number & !LEAF) as usize] };
            idom[node] = holder;
            retained[holder as usize] = retained[holder as usize].saturating_add(retained[node]);
        }
    }
    drop(numbers);
    for (number, node) in order.iter().enumerate().skip(1).rev() {
        let holder = order[dominator[number] as usize];
        idom[*node as usize] = holder;
        retained[holder as usize] = retained[holder as usize].saturating_add(retained[*node as usize]);
    }
    Ok(Dominators { idom, retained })
}

#[cfg(test)]
mod tests;
