//! Which nodes get a row: the largest first, wherever they are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::chains;
use super::given::{Bounds, Heap};
use super::heavy::Heavy;

/// A row to be.
pub(super) struct Entry {
    /// The parent's number.
    pub(super) parent: Option<u32>,
    /// The node, or the first link of the chain.
    pub(super) head: u32,
    /// Turns of the chain.
    pub(super) times: u64,
    /// Whether what is below it is shown.
    pub(super) open: bool,
    depth: u32,
    /// All links, the head too.
    links: Vec<u32>,
}

pub(super) struct Plan {
    pub(super) entries: Vec<Entry>,
}

impl Plan {
    pub(super) fn make(heap: &Heap, heavy: &Heavy, bounds: Bounds) -> Self {
        let root = heap.graph.root();
        let mut plan = Self { entries: Vec::new() };
        if heap.graph.node_count() == 0 {
            return plan;
        }
        plan.entries.push(Entry {
            parent: None,
            head: root,
            times: 1,
            open: false,
            depth: 0,
            links: vec![root],
        });
        // A row for what is smaller is set aside with each that is opened.
        let mut left = bounds.rows.saturating_sub(1);
        let size = |node: u32| heap.retained[node as usize];
        let mut waiting = BinaryHeap::from([(size(root), Reverse(0_u32))]);
        while let (Some((_, Reverse(number))), true) = (waiting.pop(), left > 1) {
            let entry = &mut plan.entries[number as usize];
            let depth = entry.depth + 1;
            if depth > bounds.depth {
                continue;
            }
            entry.open = true;
            left -= 1;
            let mut below: Vec<u32> = Vec::new();
            for (at, link) in entry.links.iter().enumerate() {
                let next = entry.links.get(at + 1);
                below.extend(heavy.below(heap, *link).iter().filter(|child| Some(*child) != next));
            }
            below.sort_unstable_by_key(|child| (Reverse(size(*child)), *child));
            for head in below.into_iter().take(left) {
                let (links, times) = chains::from(heap, heavy, head);
                waiting.push((size(head), Reverse(plan.entries.len() as u32)));
                plan.entries.push(Entry { parent: Some(number), head, times, open: false, depth, links });
                left -= 1;
            }
        }
        plan
    }

    /// Bytes of an entry's own.
    pub(super) fn own(&self, heap: &Heap, number: usize) -> u64 {
        let links = self.entries.get(number).map_or(&[][..], |entry| entry.links.as_slice());
        links.iter().fold(0, |sum: u64, link| sum.saturating_add(heap.graph.self_size(*link)))
    }

    /// Each node that is in an entry, and the entry's number.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (u32, u32)> {
        (0..)
            .zip(&self.entries)
            .flat_map(|(number, entry)| entry.links.iter().map(move |link| (*link, number)))
    }
}
