//! Rule d: who dominates whom, and what each node retains.
//!
//! Semi-NCA (Georgiadis, "Linear-time algorithms for dominators and related problems", 2005) on preorder numbers,
//! without recursion. Nothing here needs an edge twice that lies on the depth-first tree, and a third to a half of
//! all edges do: only the others are kept as predecessors.

use super::bits::Bits;
use super::graph::Graph;
use super::host::{self, Host, Stage};
use crate::error::Result;

/// Not reached.
const NONE: u32 = u32::MAX;

/// Reached nodes in depth-first order.
pub(super) struct Tree {
    /// Node of each number.
    order: Vec<u32>,
    /// Number of the node it was reached from; the root's is 0.
    parent: Vec<u32>,
    /// Numbers of the other nodes each one is retained by: those of `n` are `others[first[n]..first[n + 1]]`.
    first: Vec<u32>,
    others: Vec<u32>,
}

impl Tree {
    /// Goes through the graph over essential edges: from the root, then from the nodes that nothing retains, as if
    /// the root held them.
    pub(super) fn grow(graph: &Graph, essential: &Bits, host: &dyn Host) -> Result<Self> {
        let count = graph.node_count() as usize;
        let mut numbers = vec![NONE; count];
        let (mut order, mut parent) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut retained = Bits::new(count);
        // For each node on the way down: its number and the edge to look at next.
        let mut path: Vec<(u32, u32)> = Vec::new();
        let mut starts = std::iter::once(graph.root()).chain(graph.nodes());
        let mut is_root = true;
        while let Some(start) = starts.next() {
            if is_root {
                // The in-degrees are asked for only behind the root.
                mark_retained(graph, essential, &mut retained);
            } else if numbers[start as usize] != NONE || retained.get(start as usize) {
                continue;
            }
            is_root = false;
            numbers[start as usize] = order.len() as u32;
            path.push((order.len() as u32, graph.edges(start).start));
            order.push(start);
            parent.push(0);
            while let Some((number, next)) = path.last_mut() {
                let end = graph.edges(order[*number as usize]).end;
                let edges = *next..end;
                let found = edges.into_iter().find(|edge| {
                    essential.get(*edge as usize) && numbers[graph.target(*edge) as usize] == NONE
                });
                let Some(edge) = found else {
                    path.pop();
                    continue;
                };
                *next = edge + 1;
                let from = *number;
                let node = graph.target(edge);
                let number = order.len() as u32;
                numbers[node as usize] = number;
                if number & 0xF_FFFF == 0 {
                    host::check(host)?;
                    host.progress(Stage::Dominators, u64::from(number) / 2, count as u64);
                }
                order.push(node);
                parent.push(from);
                path.push((number, graph.edges(node).start));
            }
        }
        drop(path);
        drop(retained);
        let (first, others) = others(graph, essential, &numbers, &order, &parent);
        Ok(Self { order, parent, first, others })
    }

    /// The immediate dominator of each reached node, by number.
    fn dominators(self, host: &dyn Host) -> Result<(Vec<u32>, Vec<u32>)> {
        let Self { order, parent, first, others } = self;
        let count = order.len();
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
        let mut idom = parent;
        for number in 1..count {
            let mut candidate = idom[number];
            while candidate > semi[number] {
                candidate = idom[candidate as usize];
            }
            idom[number] = candidate;
        }
        Ok((order, idom))
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

fn mark_retained(graph: &Graph, essential: &Bits, retained: &mut Bits) {
    for edge in 0..graph.edge_count() {
        if essential.get(edge as usize) {
            retained.set(graph.target(edge) as usize);
        }
    }
}

/// Predecessors beside the one in the tree. Edges of nodes that were not reached do not count.
fn others(
    graph: &Graph,
    essential: &Bits,
    numbers: &[u32],
    order: &[u32],
    parent: &[u32],
) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0_u32; order.len() + 1];
    let each = |take: &mut dyn FnMut(usize, u32)| {
        for (number, node) in order.iter().enumerate() {
            let number = number as u32;
            for edge in graph.edges(*node) {
                if essential.get(edge as usize) {
                    let target = numbers[graph.target(edge) as usize] as usize;
                    // An edge from the tree's parent says nothing new, nor does one to the root.
                    if target != 0 && parent[target] != number {
                        take(target, number);
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
pub(super) fn compute(
    graph_nodes: u32,
    root: u32,
    sizes: impl Fn(u32) -> u64,
    tree: Tree,
    host: &dyn Host,
) -> Result<Dominators> {
    let (order, numbers) = tree.dominators(host)?;
    // What was not reached (cliques that hold each other) hangs from the root.
    let mut idom = vec![root; graph_nodes as usize];
    let mut retained: Vec<u64> = (0..graph_nodes).map(sizes).collect();
    let mut unreached = Bits::new(graph_nodes as usize);
    (0..graph_nodes).for_each(|node| unreached.set(node as usize));
    for number in (0..order.len()).rev() {
        let node = order[number];
        unreached.clear(node as usize);
        if number > 0 {
            let dominator = order[numbers[number] as usize];
            idom[node as usize] = dominator;
            retained[dominator as usize] =
                retained[dominator as usize].saturating_add(retained[node as usize]);
        }
    }
    for node in 0..graph_nodes {
        if unreached.get(node as usize) {
            retained[root as usize] = retained[root as usize].saturating_add(retained[node as usize]);
        }
    }
    Ok(Dominators { idom, retained })
}

#[cfg(test)]
mod tests;
