//! Which of a class's instances retain which others, so that the bytes of a group of them are counted once.

use super::facts::Facts;
use super::tree::NONE;

/// The instances as a forest: below each stand those that it dominates.
pub(super) struct Nest {
    members: Vec<u32>,
    /// Of a node: its place in `members`, [`NONE`] for others.
    place: Vec<u32>,
    /// The forest walked from the top: a member's place where it is entered, and its complement where it is left.
    walk: Vec<i64>,
}

impl Nest {
    pub(super) fn new(facts: &(impl Facts + ?Sized), members: &[u32]) -> Self {
        let nodes = facts.graph().node_count() as usize;
        let mut place = vec![NONE; nodes];
        for (at, member) in members.iter().enumerate() {
            place[*member as usize] = at as u32;
        }
        let walk = walk(&above(facts, members, &place));
        Self { members: members.to_vec(), place, walk }
    }

    /// Bytes that each of `groups` groups retains. `entries`: node and group; a node may be in several.
    pub(super) fn retained(
        &self,
        facts: &(impl Facts + ?Sized),
        mut entries: Vec<(u32, u32)>,
        groups: usize,
    ) -> Vec<u64> {
        entries.sort_unstable_by_key(|(node, _)| self.place[*node as usize]);
        let mut begins = vec![0; self.members.len() + 1];
        entries.iter().for_each(|(node, _)| begins[self.place[*node as usize] as usize + 1] += 1);
        (1..begins.len()).for_each(|at| begins[at] += begins[at - 1]);
        let mut bytes = vec![0_u64; groups];
        // Of each group the members that the walk is inside of.
        let mut inside = vec![0_u32; groups];
        for step in &self.walk {
            let (entered, at) = if *step >= 0 { (true, *step as usize) } else { (false, !*step as usize) };
            for (node, group) in &entries[begins[at]..begins[at + 1]] {
                let group = *group as usize;
                if !entered {
                    inside[group] -= 1;
                    continue;
                }
                if inside[group] == 0 {
                    bytes[group] = bytes[group].saturating_add(facts.retained_size(*node));
                }
                inside[group] += 1;
            }
        }
        bytes
    }
}

/// Not passed yet. There are fewer nodes than that.
const UNKNOWN: u32 = NONE - 1;

/// Of each member the place of the nearest one that dominates it, [`NONE`] at the top.
fn above(facts: &(impl Facts + ?Sized), members: &[u32], place: &[u32]) -> Vec<u32> {
    // Of a node that was passed: the nearest member at it or above. Every node is passed once.
    let mut nearest = vec![UNKNOWN; place.len()];
    let mut path = Vec::new();
    let mut find = |node: u32| {
        let mut node = node;
        let mut found = loop {
            if nearest[node as usize] != UNKNOWN {
                break nearest[node as usize];
            }
            path.push(node);
            // A ring of dominators is nonsense, and no reason to hang.
            nearest[node as usize] = NONE;
            let up = facts.dominator(node);
            if up == node {
                break NONE;
            }
            node = up;
        };
        while let Some(node) = path.pop() {
            let own = place[node as usize];
            found = if own == NONE { found } else { own };
            nearest[node as usize] = found;
        }
        found
    };
    let up = |member: &u32| match facts.dominator(*member) {
        up if up == *member => NONE,
        up => find(up),
    };
    members.iter().map(up).collect()
}

/// Enters and leaves each member, those below it between. Lists are as deep as they are long, so nothing recurses.
fn walk(above: &[u32]) -> Vec<i64> {
    let mut below = vec![NONE; above.len()];
    let mut next = vec![NONE; above.len()];
    let mut stack = Vec::new();
    for (at, up) in above.iter().enumerate() {
        match below.get_mut(*up as usize) {
            Some(first) => next[at] = std::mem::replace(first, at as u32),
            None => stack.push(at as i64),
        }
    }
    let mut walk = Vec::with_capacity(2 * above.len());
    while let Some(step) = stack.pop() {
        walk.push(step);
        if step < 0 {
            continue;
        }
        stack.push(!step);
        let mut child = below[step as usize];
        while child != NONE {
            stack.push(i64::from(child));
            child = next[child as usize];
        }
    }
    walk
}
