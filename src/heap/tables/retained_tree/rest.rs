//! What is too small for a row of its own.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::given::Heap;
use super::plan::Plan;
use crate::heap::graph::bits::Bits;
use crate::heap::rules::classes::Classes;

/// All that an entry dominates and that has no row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rest {
    pub(super) count: u64,
    pub(super) size: u64,
    /// The class that would have more than half of the bytes, if any has: the one that is left when each byte has taken out
    /// one of another class (Boyer and Moore).
    candidate: u32,
    lead: u64,
    /// What it really has.
    of_candidate: (u64, u64),
}

impl Rest {
    fn vote(&mut self, class: u32, size: u64) {
        self.count += 1;
        self.size = self.size.saturating_add(size);
        if self.lead == 0 {
            self.candidate = class;
        }
        if self.candidate == class {
            self.lead = self.lead.saturating_add(size);
        } else if size > self.lead {
            self.candidate = class;
            self.lead = size - self.lead;
        } else {
            self.lead -= size;
        }
    }

    /// The class that more than half of it is of, and how many of that there are.
    pub(super) fn mostly(&self, classes: &Classes) -> Option<(u32, u64)> {
        let (count, size) = self.of_candidate;
        ((self.candidate as usize) < classes.len() && size > self.size / 2).then_some((self.candidate, count))
    }
}

/// The rest of each entry, by its number. Those that are not open have none.
pub(super) fn count(heap: &Heap, plan: &Plan) -> Vec<Rest> {
    let Heap { graph, classes, idom, retained, .. } = heap;
    let mut rest = vec![Rest::default(); plan.entries.len()];
    let (mut shown, mut open) = (Bits::new(idom.len()), Bits::new(idom.len()));
    let mut entry_of: HashMap<u32, u32, RandomState> = HashMap::default();
    for (node, number) in plan.nodes() {
        shown.set(node as usize);
        if plan.entries[number as usize].open {
            open.set(node as usize);
            entry_of.insert(node, number);
        }
    }
    let each = |take: &mut dyn FnMut(usize, u32)| {
        for node in graph.nodes().filter(|node| !shown.get(*node as usize)) {
            let holder = idom[node as usize];
            if open.get(holder as usize)
                && let Some(number) = entry_of.get(&holder)
            {
                take(*number as usize, node);
            }
        }
    };
    each(&mut |number, node| rest[number].vote(classes.of_node(node), retained[node as usize]));
    each(&mut |number, node| {
        let rest = &mut rest[number];
        if classes.of_node(node) == rest.candidate {
            let (count, size) = rest.of_candidate;
            rest.of_candidate = (count + 1, size.saturating_add(retained[node as usize]));
        }
    });
    rest
}
