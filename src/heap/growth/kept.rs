//! What is kept of places from one report of a process to the next, where the heaps themselves are gone: those that matter,
//! and what the last heaps had in them, as bytes.

use super::places::{Count, Places, ROOT};
use super::step::Step;
use crate::heap::graph::NodeKind;

/// Places that are kept at most.
pub const MOST: usize = 8192;
/// Heaps that are remembered at most, the newest.
pub const HEAPS: usize = 4;
/// A place with fewer objects and fewer bytes is not kept: it counts as new when it is seen again, which is far less than
/// what growth is told from.
const OBJECTS: u64 = 5;
const BYTES: u64 = 2 << 10;

/// Bytes of a place, and of what one heap has in it.
const PLACE: usize = 4 + 8 + 8 + 3;
const COUNT: usize = 4 + 8 + 8;

/// The places that matter, with what the last [`HEAPS`] heaps had in them; at most 1 MiB.
pub fn encode(places: &Places) -> Vec<u8> {
    let chosen = choose(places);
    let first = places.taken.len().saturating_sub(HEAPS);
    let taken = &places.taken[first..];
    let mut out = Vec::with_capacity(8 + chosen.len() * (PLACE + COUNT * taken.len()));
    out.extend((chosen.len() as u32).to_le_bytes());
    out.extend((taken.len() as u32).to_le_bytes());
    for place in &chosen {
        let step = &places.steps[*place as usize];
        // A place's parent is chosen with it, and stands before it.
        let parent = chosen.binary_search(&places.parent(*place)).unwrap_or(0) as u32;
        out.extend(parent.to_le_bytes());
        out.extend(step.hash.to_le_bytes());
        out.extend(step.class.to_le_bytes());
        out.extend([step.kind.0, step.is_users.into(), step.has_bytes.into()]);
        for count in taken {
            let at = *place as usize;
            out.extend(count.objects.get(at).copied().unwrap_or(0).to_le_bytes());
            out.extend(count.own.get(at).copied().unwrap_or(0).to_le_bytes());
            out.extend(count.all.get(at).copied().unwrap_or(0).to_le_bytes());
        }
    }
    out
}

/// Numbers of the places to be kept, rising, each with all that it hangs from.
fn choose(places: &Places) -> Vec<u32> {
    let weight = |place: u32| {
        let objects = places.objects(place).max().unwrap_or(0);
        let bytes = places.all(place).max().unwrap_or(0);
        (objects >= OBJECTS || bytes >= BYTES).then_some(bytes)
    };
    // What hangs from a place is never more than that, so the heaviest come with all that they hang from.
    let mut weighed: Vec<(u64, u32)> =
        (1..places.len() as u32).filter_map(|place| Some((weight(place)?, place))).collect();
    weighed.sort_unstable_by_key(|(bytes, place)| (std::cmp::Reverse(*bytes), *place));
    let mut is_chosen = vec![false; places.len()];
    is_chosen[ROOT as usize] = true;
    let mut count = 1;
    for (_, place) in weighed {
        // Places of no bytes may come before those they hang from.
        if count < MOST && is_chosen[places.parent(place) as usize] {
            is_chosen[place as usize] = true;
            count += 1;
        }
    }
    (0..places.len() as u32).filter(|place| is_chosen[*place as usize]).collect()
}

/// The same as places. `None`: these bytes are none.
pub fn decode(bytes: &[u8]) -> Option<Places> {
    let mut from = bytes;
    let (count, heaps) = (u32_of(&mut from)? as usize, u32_of(&mut from)? as usize);
    if !(1..=MOST).contains(&count) || heaps > HEAPS || from.len() != count * (PLACE + COUNT * heaps) {
        return None;
    }
    let mut places = Places::default();
    (places.parent, places.steps) = (Vec::with_capacity(count), Vec::with_capacity(count));
    places.taken = vec![Count::default(); heaps];
    for place in 0..count as u32 {
        let parent = u32_of(&mut from)?;
        let (hash, class) = (u64_of(&mut from)?, u64_of(&mut from)?);
        let [kind, is_users, has_bytes] = take(&mut from)?;
        if parent > place.saturating_sub(1) {
            return None;
        }
        let (is_users, has_bytes) = (is_users != 0, has_bytes != 0);
        places.parent.push(parent);
        places.steps.push(Step { hash, kind: NodeKind(kind), class, is_users, has_bytes });
        if place != ROOT {
            places.index.insert((parent, hash), place);
        }
        for count in &mut places.taken {
            count.objects.push(u32_of(&mut from)?);
            count.own.push(u64_of(&mut from)?);
            count.all.push(u64_of(&mut from)?);
        }
    }
    Some(places)
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = from.split_first_chunk::<N>()?;
    *from = rest;
    Some(*head)
}

fn u32_of(from: &mut &[u8]) -> Option<u32> {
    take(from).map(u32::from_le_bytes)
}

fn u64_of(from: &mut &[u8]) -> Option<u64> {
    take(from).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(hash: u64) -> Step {
        Step { hash, kind: NodeKind::OBJECT, class: hash + 1, is_users: true, has_bytes: hash == 2 }
    }

    fn grown() -> Places {
        let mut places = Places::default();
        let map = places.step(ROOT, step(1));
        let entry = places.step(map, step(2));
        let rare = places.step(map, step(3));
        assert_eq!((map, entry, rare), (1, 2, 3));
        places.take(vec![1, 1, 100, 1], vec![0, 10, 5000, 10]);
        places
    }

    #[test]
    fn what_matters_comes_back() {
        let mut places = decode(&encode(&grown())).unwrap();
        assert_eq!(places.len(), 3, "one object of ten bytes is not kept");
        let map = places.step(ROOT, step(1));
        let entry = places.step(map, step(2));
        assert_eq!((map, entry), (1, 2), "it is found again");
        assert_eq!(places.class(entry), 3);
        assert!(places.has_bytes(entry) && !places.has_bytes(map));
        let rare = places.step(map, step(3));
        places.take(vec![1, 1, 150, 30], vec![0, 10, 7500, 300]);
        let list = |counts: &mut dyn Iterator<Item = u64>| counts.collect::<Vec<_>>();
        assert_eq!(list(&mut places.objects(entry)), [100, 150]);
        assert_eq!(list(&mut places.objects(rare)), [0, 30]);
        assert_eq!(list(&mut places.all(map)), [5020, 7810], "with what was not kept");
    }

    #[test]
    fn only_the_last_heaps_and_the_heaviest_places() {
        let mut places = Places::default();
        let children: Vec<u32> = (0..2 * MOST as u64).map(|hash| places.step(ROOT, step(hash + 9))).collect();
        for heap in 1..=HEAPS as u32 + 2 {
            let objects = (0..places.len() as u32).map(|at| at + heap).collect();
            places.take(objects, (0..places.len() as u64).map(|at| at * 10).collect());
        }
        let bytes = encode(&places);
        assert!(bytes.len() <= 1 << 20, "{}", bytes.len());
        let mut kept = decode(&bytes).unwrap();
        assert_eq!((kept.len(), kept.snapshots()), (MOST, HEAPS));
        let heaviest = kept.step(ROOT, step(2 * MOST as u64 - 1 + 9));
        let last = *children.last().unwrap();
        let series: Vec<u64> = kept.objects(heaviest).collect();
        assert_eq!(series, (3..=6).map(|heap| u64::from(last + heap)).collect::<Vec<_>>());
    }

    #[test]
    fn a_repetition_that_was_folded_folds_again() {
        let mut places = Places::default();
        let steps = [1, 2, 3, 2, 3];
        let place =
            |places: &mut Places| steps.iter().fold(ROOT, |place, hash| places.step(place, step(*hash)));
        let folded = place(&mut places);
        places.take(vec![9; places.len()], vec![9000; places.len()]);
        let mut kept = decode(&encode(&places)).unwrap();
        assert_eq!(place(&mut kept), folded);
        assert_eq!(kept.len(), places.len());
    }

    #[test]
    fn other_bytes_are_refused() {
        let bytes = encode(&grown());
        assert!(decode(&bytes[..bytes.len() - 1]).is_none() && decode(&[]).is_none());
        let mut odd = bytes.clone();
        // The second place hangs from one behind it.
        odd[8 + PLACE + COUNT] = 9;
        assert!(decode(&odd).is_none());
        for at in 0..bytes.len() {
            let mut odd = bytes.clone();
            odd[at] ^= 0x80;
            let _ = decode(&odd);
        }
    }
}
