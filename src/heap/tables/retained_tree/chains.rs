//! What repeats itself downwards: the links of a list, promises that wait for each other, scopes in scopes. A row for each would
//! be as deep as the list is long.

use super::given::Heap;
use super::heavy::Heavy;

/// Links that one turn may have: a promise, its reaction, a closure, its scope.
const LONGEST_TURN: usize = 4;
/// Fewer turns are told one by one.
const LEAST_TURNS: usize = 8;

/// The child that retains more than half of what `node` does.
fn next(heap: &Heap, heavy: &Heavy, node: u32) -> Option<u32> {
    let child = *heavy.below(heap, node).first()?;
    let (whole, part) = (heap.retained[node as usize], heap.retained[child as usize]);
    (part > whole / 2).then_some(child)
}

/// The chain that begins with `head`, and how many turns it has; `head` alone and one, if it begins none.
pub(super) fn from(heap: &Heap, heavy: &Heavy, head: u32) -> (Vec<u32>, u64) {
    for turn in 1..=LONGEST_TURN {
        let mut links = vec![head];
        while let Some(link) = links.last().and_then(|last| next(heap, heavy, *last)) {
            let before = links.len().checked_sub(turn).and_then(|at| links.get(at));
            if before.is_some_and(|before| heap.classes.of_node(*before) != heap.classes.of_node(link)) {
                break;
            }
            links.push(link);
        }
        let turns = links.len() / turn;
        if turns >= LEAST_TURNS {
            links.truncate(turns * turn);
            return (links, turns as u64);
        }
    }
    (vec![head], 1)
}
