//! The last step: from semidominators to dominators.

/// Steps that walks may take for each node before they are no longer plain. Real heaps take less than two.
const PLAIN: usize = 8;

/// For each number the nearest of its ancestors in the growing tree of dominators that is not above its
/// semidominator; `parent` is where it looks first.
///
/// A plain walk up is what is fastest on heaps, and quadratic on a graph made for it (a list from one end, with
/// another from the other end across it). After too many steps, walks take long jumps: each node knows one ancestor
/// far up besides its parent, chosen so that any ancestor is a logarithm of jumps away.
pub(super) fn below(parent: Vec<u32>, semi: &[u32]) -> Vec<u32> {
    let mut idom = parent;
    let mut steps = PLAIN * idom.len();
    for number in 1..idom.len() {
        let mut candidate = idom[number];
        while candidate > semi[number] {
            candidate = idom[candidate as usize];
            steps -= 1;
            if steps == 0 {
                return jumping(idom, semi, number);
            }
        }
        idom[number] = candidate;
    }
    idom
}

/// The same, when the numbers below `done` have their dominators.
fn jumping(mut idom: Vec<u32>, semi: &[u32], done: usize) -> Vec<u32> {
    let mut far = vec![0_u32; idom.len()];
    let mut depth = vec![0_u32; idom.len()];
    for number in 1..idom.len() {
        if number >= done {
            let mut candidate = idom[number] as usize;
            while candidate > semi[number] as usize {
                // All between a node and its far ancestor have numbers between theirs.
                candidate =
                    if far[candidate] > semi[number] { far[candidate] } else { idom[candidate] } as usize;
            }
            idom[number] = candidate as u32;
        }
        let up = idom[number] as usize;
        depth[number] = depth[up] + 1;
        // Two jumps of the same length above make one of twice the length.
        let (one, two) = (far[up] as usize, far[far[up] as usize] as usize);
        far[number] = if depth[up] - depth[one] == depth[one] - depth[two] { two } else { up } as u32;
    }
    idom
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(parent: &[u32], semi: &[u32]) -> Vec<u32> {
        let mut idom = parent.to_vec();
        for number in 1..idom.len() {
            while idom[number] > semi[number] {
                idom[number] = idom[idom[number] as usize];
            }
        }
        idom
    }

    proptest! {
        #[test]
        fn jumps_lead_where_steps_do(numbers in prop::collection::vec((any::<u32>(), any::<u32>()), 1..300)) {
            // Parents are near more often than not: deep trees.
            let at = |number: usize| number as u32 + 1;
            let parents = numbers.iter().enumerate().map(|(number, (parent, _))| {
                if parent % 4 == 0 { parent / 4 % at(number) } else { number as u32 }
            });
            let parent: Vec<u32> = std::iter::once(0).chain(parents).collect();
            let semis = numbers.iter().enumerate().map(|(number, (_, semi))| semi % at(number));
            let semi: Vec<u32> = std::iter::once(0).chain(semis).collect();
            let expected = plain(&parent, &semi);
            prop_assert_eq!(&below(parent.clone(), &semi), &expected);
            for done in [1, parent.len() / 2 + 1] {
                let mut begun = parent.clone();
                begun[..done].copy_from_slice(&expected[..done]);
                prop_assert_eq!(&jumping(begun, &semi, done), &expected);
            }
        }
    }

    #[test]
    fn a_list_with_a_list_across_takes_no_quadratic_time() {
        // Node n of the first half hangs below n − 1; those of the second half below the last of the first, with
        // semidominators ever further down.
        let half = 200_000_u32;
        let parent: Vec<u32> = (0..2 * half).map(|number| number.saturating_sub(1).min(half)).collect();
        let semi: Vec<u32> = (0..2 * half)
            .map(|number| if number <= half { number.saturating_sub(1) } else { number % 7 })
            .collect();
        let idom = below(parent, &semi);
        assert!((half + 1..2 * half).all(|number| idom[number as usize] == number % 7));
    }
}
