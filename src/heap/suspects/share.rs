//! What each suspect holds, also where several hold the same: the leak share.
//!
//! R₀ is all that is reached without passing an entry: of a suspect, or of another list that grows, be it by few. What is
//! not in it is kept by entries, and split equally among the suspects whose entries reach it. A worker is in several
//! lists of Node's, most of them too small to be looked at: no one of them is the reason why another one holds nothing.

use crate::error::Result;
use crate::heap::engine::Analysis;
use crate::heap::graph::bits::Bits;
use crate::heap::growth::walk::Walk;
use crate::heap::host::{self, Host};

/// Suspects that are weighed: one bit each.
pub(super) const MOST: usize = 32;
/// No suspect's.
pub(super) const NOBODY: u8 = u8::MAX;
/// An entry of one that is none of the suspects, but has entries as they have.
pub(super) const OTHERS: u8 = u8::MAX - 1;

/// What is held by one suspect's entries, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// All of it, what others hold too included.
    pub(super) whole: u64,
    /// With what others hold too split equally.
    pub(super) split: u64,
    /// What no other suspect holds.
    pub(super) alone: u64,
}

/// The shares, and what is reached without entries.
pub(super) struct Shares {
    pub(super) list: Vec<Share>,
    pub(super) without: Bits,
}

/// Weighs. `suspect_of`: of each place the number of the suspect that it is an entry of.
pub(super) fn weigh(
    analysis: &Analysis,
    walk: &Walk,
    suspect_of: &[u8],
    suspects: usize,
    host: &dyn Host,
) -> Result<Shares> {
    let graph = &analysis.graph;
    let nodes = graph.node_count() as usize;
    let of = |node: u32| {
        walk.place(node)
            .and_then(|place| suspect_of.get(place as usize).copied())
            .filter(|one| *one != NOBODY)
    };
    let mut without = Bits::new(nodes);
    let mut work = vec![graph.root()];
    without.set(graph.root() as usize);
    while let Some(node) = work.pop() {
        for edge in graph.edges(node).filter(|edge| analysis.essential.get(*edge as usize)) {
            let target = graph.target(edge);
            if !without.get(target as usize) && of(target).is_none() {
                without.set(target as usize);
                work.push(target);
            }
        }
    }
    host::check(host)?;
    let mut masks = vec![0_u32; nodes];
    let mut seeds: Vec<Vec<u32>> = vec![Vec::new(); suspects];
    for node in graph.nodes() {
        if let Some(list) = of(node).and_then(|one| seeds.get_mut(usize::from(one))) {
            list.push(node);
        }
    }
    for (number, mut work) in seeds.into_iter().enumerate().take(MOST) {
        let bit = 1_u32 << number;
        for node in &work {
            masks[*node as usize] |= bit;
        }
        while let Some(node) = work.pop() {
            for edge in graph.edges(node).filter(|edge| analysis.essential.get(*edge as usize)) {
                let target = graph.target(edge) as usize;
                if !without.get(target) && masks[target] & bit == 0 {
                    masks[target] |= bit;
                    work.push(target as u32);
                }
            }
        }
        host::check(host)?;
    }
    let mut list = vec![Share::default(); suspects];
    for (node, mask) in (0..).zip(&masks).filter(|(_, mask)| **mask != 0) {
        let size = graph.self_size(node);
        let holders = u64::from(mask.count_ones());
        for (number, share) in list.iter_mut().enumerate().take(MOST) {
            if mask >> number & 1 == 1 {
                share.whole = share.whole.saturating_add(size);
                share.split = share.split.saturating_add(size / holders);
                if holders == 1 {
                    share.alone = share.alone.saturating_add(size);
                }
            }
        }
    }
    Ok(Shares { list, without })
}
