//! The entries of each holder in the last snapshot, and which objects hold them.

use std::collections::HashMap;

use crate::heap::graph::{Graph, NodeKind};
use crate::heap::growth::growing::Holder;
use crate::heap::growth::places::Places;
use crate::heap::growth::walk::Walk;

/// Entries, and holders, of one suspect that are kept to be looked at.
const ENTRIES: usize = 4096;

/// The entries of each holder, and which objects hold them.
pub(super) fn of(
    graph: &Graph,
    walk: &Walk,
    places: &Places,
    holders: &[Holder],
    suspect_of: &[u8],
) -> Vec<Members> {
    let mut members: Vec<Members> = holders.iter().map(|_| Members::default()).collect();
    // What an entry is, is said of the place that has most bytes: of a Map its values rather than its keys.
    let weight = |place: &u32| (places.all(*place).last().unwrap_or(0), std::cmp::Reverse(*place));
    let main_of: Vec<Option<u32>> =
        holders.iter().map(|holder| holder.entries.iter().copied().max_by_key(weight)).collect();
    for node in graph.nodes() {
        let Some(place) = walk.place(node) else { continue };
        let number = suspect_of[place as usize];
        let (Some(members), Some(holder)) =
            (members.get_mut(usize::from(number)), holders.get(usize::from(number)))
        else {
            continue;
        };
        if holder.entries.is_empty() {
            members.add(node, Some(node), true, graph.self_size(node));
            continue;
        }
        let parent = walk.via(node).map(|edge| graph.source(edge));
        let parent = parent.filter(|parent| walk.place(*parent) == Some(holder.place));
        let main = main_of.get(usize::from(number)).copied().flatten();
        let is_aside = main.is_some_and(|main| walk.place(node) != Some(main))
            || matches!(
                graph.kind(node),
                NodeKind::STRING | NodeKind::CONS_STRING | NodeKind::SLICED_STRING | NodeKind::NUMBER
            );
        members.add(node, parent, !is_aside, 1);
    }
    members
}

/// What belongs to one suspect.
#[derive(Default)]
pub(super) struct Members {
    /// Some of its entries: of the most important kind, spread over all.
    pub(super) entries: Vec<u32>,
    objects: bool,
    seen: usize,
    /// Of each object that holds entries, how many.
    by_holder: HashMap<u32, u64>,
    /// The objects that hold entries, as many as are kept.
    pub(super) holders: Vec<u32>,
}

impl Members {
    fn add(&mut self, node: u32, holder: Option<u32>, is_object: bool, weight: u64) {
        if let Some(holder) = holder {
            let count = self.by_holder.entry(holder).or_insert(0);
            if *count == 0 && self.holders.len() < ENTRIES {
                self.holders.push(holder);
            }
            *count += weight;
        }
        if is_object && !self.objects {
            self.objects = true;
            self.entries.clear();
            self.seen = 0;
        }
        if is_object != self.objects {
            return;
        }
        // Every so manieth, so that the sample is spread over all.
        self.seen += 1;
        if self.entries.len() < ENTRIES {
            self.entries.push(node);
        } else if self.seen.is_multiple_of(self.seen / ENTRIES + 1) {
            let at = self.seen.wrapping_mul(0x9E37_79B9) % ENTRIES;
            self.entries[at] = node;
        }
    }

    /// The object that holds most of them, and how many.
    pub(super) fn busiest(&self) -> Option<(u32, u64)> {
        self.by_holder
            .iter()
            .map(|(node, count)| (*node, *count))
            .max_by_key(|(node, count)| (*count, std::cmp::Reverse(*node)))
    }
}
