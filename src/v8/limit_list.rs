//! Who is asked near the heap limit, which no API shows: V8 keeps its callbacks in a list inside the isolate.

use std::ops::Range;

use super::words::{Reader, WORD, words_of};

/// Bytes of an entry: the callback, and what it is given.
const ENTRY: u64 = 2 * WORD;
/// Most entries of what is taken for the list, and most that it has room for.
const MOST: u64 = 64;

/// Whether `entry` is the only one of the list. False also where that is not known. Allocates nothing and takes no lock.
pub(super) fn has_only(entry: [u64; 2], isolate: &Range<u64>, reader: &Reader) -> bool {
    find(entry, isolate, reader).is_some_and(|(_, count)| count == 1)
}

/// The entry that stands before `entry`, if that is the last one: whoever would be asked if it were not there. Allocates nothing and
/// takes no lock.
pub(super) fn before(entry: [u64; 2], isolate: &Range<u64>, reader: &Reader) -> Option<[u64; 2]> {
    let (begin, count) = find(entry, isolate, reader)?;
    let last = begin + count.checked_sub(1)? * ENTRY;
    (reader.words(last) == Some(entry))
        .then(|| reader.words(last.checked_sub(ENTRY).filter(|at| *at >= begin)?))
        .flatten()
}

/// Where the list with `entry` begins and how many entries it has: a C++ vector somewhere in `isolate`. `None` also where there are
/// two such vectors: then it is not known.
fn find(entry: [u64; 2], isolate: &Range<u64>, reader: &Reader) -> Option<(u64, u64)> {
    let mut found = None;
    let (mut begin, mut end) = (0, 0);
    for (_, room) in words_of(isolate) {
        if let Some(count) = entries(begin, end, room)
            && (0..count).any(|index| reader.words(begin + index * ENTRY) == Some(entry))
            && found.replace((begin, count)).is_some()
        {
            return None;
        }
        (begin, end) = (end, room);
    }
    found
}

/// Entries of what may be a vector from `begin` to `end`, with room up to `room`.
fn entries(begin: u64, end: u64, room: u64) -> Option<u64> {
    let (bytes, all) = (end.checked_sub(begin)?, room.checked_sub(begin)?);
    let may_be = begin != 0
        && [begin, bytes, all].iter().all(|word| word.is_multiple_of(WORD))
        && bytes.is_multiple_of(ENTRY)
        && (ENTRY..=MOST * ENTRY).contains(&bytes)
        && (bytes..=MOST * ENTRY).contains(&all);
    may_be.then_some(bytes / ENTRY)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn one_vector_with_nobody_else_in_it() {
        let ours = [0x5555_0001, 7];
        let list = [ours, [0x5555_0002, 0]];
        let begin = list.as_ptr() as u64;
        let vector = |count: u64, room: u64| [begin, begin + count * ENTRY, begin + room * ENTRY];
        let only = |words: &[u64]| {
            let at = words.as_ptr() as u64;
            has_only(ours, &(at..at + size_of_val(words) as u64), &Reader::through_kernel().unwrap())
        };
        let around = |vector: [u64; 3]| [[1, 2, 3], vector, [8, u64::MAX, 0]].concat();
        assert!(only(&around(vector(1, 1))));
        assert!(only(&around(vector(1, 2))));
        assert!(!only(&around(vector(2, 2))), "somebody else");
        assert!(!only(&around(vector(0, 2))), "nobody");
        assert!(!only(&around([8, 8 + ENTRY, 8 + ENTRY])), "not there");
        assert!(!only(&[vector(1, 1), vector(1, 2)].concat()), "two of them");
        assert!(!only(&around([begin + ENTRY, begin + 2 * ENTRY, begin + 2 * ENTRY])), "somebody else's");
    }

    #[test]
    fn who_would_be_asked_without_us() {
        let (ours, theirs) = ([0x5555_0001, 7], [0x5555_0002, 9]);
        let before = |list: &[[u64; 2]]| {
            let begin = list.as_ptr() as u64;
            let end = begin + size_of_val(list) as u64;
            let words = [1, 2, begin, end, end, 5];
            let at = words.as_ptr() as u64;
            super::before(ours, &(at..at + size_of_val(&words) as u64), &Reader::through_kernel().unwrap())
        };
        assert_eq!(before(&[theirs, ours]), Some(theirs));
        assert_eq!(before(&[[1, 2], theirs, ours]), Some(theirs));
        assert_eq!(before(&[ours]), None, "nobody");
        assert_eq!(before(&[ours, theirs]), None, "V8 does not ask ours");
        assert_eq!(before(&[theirs]), None, "ours is not there");
    }
}
