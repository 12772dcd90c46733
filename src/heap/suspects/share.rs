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
    let mut masks = Masks::new(nodes, suspects);
    let mut seeds: Vec<Vec<u32>> = vec![Vec::new(); suspects];
    for node in graph.nodes() {
        if let Some(list) = of(node).and_then(|one| seeds.get_mut(usize::from(one))) {
            list.push(node);
        }
    }
    for (number, mut work) in seeds.into_iter().enumerate().take(MOST) {
        for node in &work {
            masks.insert(*node, number);
        }
        while let Some(node) = work.pop() {
            for edge in graph.edges(node).filter(|edge| analysis.essential.get(*edge as usize)) {
                let target = graph.target(edge);
                if !without.get(target as usize) && masks.insert(target, number) {
                    work.push(target);
                }
            }
        }
        host::check(host)?;
    }
    let mut list = vec![Share::default(); suspects];
    for (node, mask) in masks.all().filter(|(_, mask)| *mask != 0) {
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

/// Of each node the suspects whose entries reach it: a bit each, in as many bytes as that takes.
struct Masks {
    bytes: Vec<u8>,
    width: usize,
}

impl Masks {
    fn new(nodes: usize, suspects: usize) -> Self {
        let width = suspects.min(MOST).div_ceil(8).max(1);
        Self { bytes: vec![0; nodes * width], width }
    }

    /// Whether it was not there before.
    fn insert(&mut self, node: u32, suspect: usize) -> bool {
        let byte = &mut self.bytes[node as usize * self.width + suspect / 8];
        let bit = 1 << (suspect % 8);
        let is_new = *byte & bit == 0;
        *byte |= bit;
        is_new
    }

    /// Each node with its suspects.
    fn all(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |mask, byte| mask << 8 | u32::from(*byte));
        (0..).zip(self.bytes.chunks_exact(self.width).map(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_as_wide_as_they_must_be() {
        for (suspects, bytes) in [(0, 1), (8, 1), (9, 2), (32, 4), (40, 4)] {
            let mut masks = Masks::new(3, suspects);
            assert_eq!(masks.bytes.len(), 3 * bytes);
            let last = suspects.clamp(1, MOST) - 1;
            assert!(masks.insert(1, 0) || last == 0);
            assert_eq!(masks.insert(1, last), last != 0);
            assert!(masks.insert(2, last) && !masks.insert(2, last));
            assert_eq!(masks.all().collect::<Vec<_>>(), [(0, 0), (1, 1 | 1 << last), (2, 1 << last)]);
        }
    }
}
