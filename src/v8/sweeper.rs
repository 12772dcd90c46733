//! V8's own list of ArrayBuffers, which its collections go through: an object to an isolate (`ArrayBufferSweeper`), which has two
//! lists.
//!
//! | what | its words |
//! |---|---|
//! | sweeper, one to an isolate | heap; state; …; list of the young; list of the old |
//! | list | first; last; bytes; from V8 13 on, its age |
//! | entry | up to V8 12: flags; then: store; store's count; next |
//! | store | address; bytes |
//! | state, while a sweep is not over | (up to V8 12: task;) whether it is done; list of the young; list of the old |

use std::ops::Range;

use super::platform::Unknown;
use super::words::{Reader, WORD};

/// Words of a sweeper that are looked at.
pub(super) const SWEEPER: usize = 24;
/// The word that is the address of its state.
const STATE: usize = 1;
/// Words of a state that are looked at.
const STATE_WORDS: usize = 9;

/// How V8's versions lay it out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// Words of a sweeper before its lists.
    lists: usize,
    /// Words to a list.
    list: usize,
    /// Words of an entry before its store.
    store: usize,
    /// Words of a state before the one that says whether it is done.
    done: usize,
}

/// All that are known.
pub(super) const FORMS: [Form; 2] = [
    // From V8 13 on.
    Form { lists: 2, list: 4, store: 0, done: 0 },
    // Before: the lists stand behind a lock.
    Form { lists: 13, list: 3, store: 1, done: 1 },
];
/// `kDone`.
const DONE: u32 = 1;
/// More entries than there can be: the list goes in a circle.
const ENDLESS: u32 = 1 << 28;
/// So many entries of a list are gone through to see how it ends, a system call each, while JavaScript stands still: a tenth of
/// a second. The young list has those that were made since the last collection; with more of them it is looked for anew at the next order.
const PROBED: usize = 1 << 18;

impl Form {
    /// The two lists of a sweeper, or of a state's words from behind the one that says whether it is done.
    fn both<'a>(&self, words: &'a [u64]) -> Option<[&'a [u64]; 2]> {
        let (young, old) = words.get(..2 * self.list)?.split_at(self.list);
        Some([young, old])
    }

    /// What an entry has, and the next one.
    fn entry(&self, at: u64, reader: &Reader) -> Option<(Range<u64>, u64)> {
        let [store, _, next] = reader.words(at + self.store as u64 * WORD)?;
        // One whose contents were given to somebody else has none.
        let [address, bytes] = if store == 0 { [0, 0] } else { reader.words(store)? };
        Some((address..address.checked_add(bytes)?, next))
    }

    /// Whether these are a sweeper's words, one of whose lists ends in the `probes`.
    pub fn fits(&self, words: &[u64], probes: [(u64, u64); 2], reader: &Reader) -> bool {
        let Some([young, old]) = words.get(self.lists..).and_then(|words| self.both(words)) else {
            return false;
        };
        let aged = match (young, old) {
            ([_, _, _, young], [_, _, _, old]) => (*young as u8, *old as u8) == (0, 1),
            _ => true,
        };
        aged && [young, old].iter().all(|list| self.is_list(list, reader))
            && [young, old].iter().any(|list| self.ends_in(list, probes, reader))
    }

    fn is_list(&self, list: &[u64], reader: &Reader) -> bool {
        let [first, last, ..] = *list else { return false };
        let is_entry = |at: u64| at.is_multiple_of(WORD).then(|| self.entry(at, reader)).flatten();
        match (first, last) {
            (0, 0) => true,
            (0, _) | (_, 0) => false,
            _ => is_entry(first).is_some() && is_entry(last).is_some_and(|(_, next)| next == 0),
        }
    }

    fn ends_in(&self, list: &[u64], probes: [(u64, u64); 2], reader: &Reader) -> bool {
        let [first, last, ..] = *list else { return false };
        let is = |at, (address, bytes): (u64, u64)| {
            self.entry(at, reader).is_some_and(|(range, _)| range == (address..address + bytes))
        };
        if first == 0 || !is(last, probes[1]) {
            return false;
        }
        let mut at = first;
        for _ in 0..PROBED {
            match self.next(at, reader) {
                Some(next) if next == last => return is(at, probes[0]),
                Some(next) if next != 0 => at = next,
                _ => return false,
            }
        }
        false
    }

    /// The entry behind this one.
    fn next(&self, at: u64, reader: &Reader) -> Option<u64> {
        reader.words(at.checked_add((self.store as u64 + 2) * WORD)?).map(|[next]| next)
    }
}

impl Form {
    /// Tells `found` where the contents of all entries lie, until it says false.
    ///
    /// # Errors
    /// They cannot be told, not all of them.
    pub fn of_sweeper(
        self,
        sweeper: u64,
        heap: u64,
        reader: &Reader,
        found: &mut dyn FnMut(Range<u64>) -> bool,
    ) -> std::result::Result<(), Unknown> {
        let words = reader.words::<SWEEPER>(sweeper).ok_or(Unknown::Torn)?;
        if words[0] != heap {
            return Err(Unknown::Torn);
        }
        let mut lists = |words: Option<&[u64]>| {
            for list in words.and_then(|words| self.both(words)).ok_or(Unknown::Torn)? {
                self.each_of(list, reader, found)?;
            }
            Ok(())
        };
        lists(words.get(self.lists..))?;
        if words[STATE] == 0 {
            return Ok(());
        }
        // What was swept stays there until V8 comes by.
        let state = reader.words::<STATE_WORDS>(words[STATE]).ok_or(Unknown::Torn)?;
        if state.get(self.done).is_none_or(|done| *done as u32 != DONE) {
            return Err(Unknown::Sweeping);
        }
        lists(state.get(self.done + 1..))
    }

    fn each_of(
        self,
        list: &[u64],
        reader: &Reader,
        found: &mut dyn FnMut(Range<u64>) -> bool,
    ) -> std::result::Result<(), Unknown> {
        let mut at = list.first().copied().unwrap_or(0);
        for _ in 0..ENDLESS {
            if at == 0 {
                return Ok(());
            }
            let (range, next) = self.entry(at, reader).ok_or(Unknown::Torn)?;
            if range.start != 0 && !range.is_empty() && !found(range) {
                return Err(Unknown::NoRoom);
            }
            at = next;
        }
        Err(Unknown::Torn)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    const HEAP: u64 = 4711;

    /// Memory of which each part stays where it is.
    #[derive(Default)]
    struct Memory(Vec<Box<[u64]>>);

    impl Memory {
        fn put(&mut self, words: &[u64]) -> u64 {
            let mut all = words.to_vec();
            all.resize(SWEEPER.max(words.len()), 0);
            self.0.push(all.into_boxed_slice());
            self.0.last().map_or(0, |words| words.as_ptr() as u64)
        }

        /// A list of stores of so many bytes, at these addresses.
        fn list(&mut self, form: Form, age: u64, stores: &[(u64, u64)]) -> Vec<u64> {
            let (mut next, mut last) = (0, 0);
            for (address, bytes) in stores.iter().rev() {
                let store = if *bytes == 0 { 0 } else { self.put(&[*address, *bytes]) };
                let mut entry = vec![7; form.store];
                entry.extend([store, 1, next]);
                next = self.put(&entry);
                last = if last == 0 { next } else { last };
            }
            let mut list = vec![next, last, 100];
            list.extend((form.list == 4).then_some(age));
            list
        }

        fn sweeper(&mut self, form: Form, state: u64, young: &[(u64, u64)], old: &[(u64, u64)]) -> u64 {
            let mut words = vec![HEAP, state];
            words.resize(form.lists, 0);
            words.extend(self.list(form, 0, young));
            words.extend(self.list(form, 1, old));
            self.put(&words)
        }

        fn state(&mut self, form: Form, done: u64, young: &[(u64, u64)], old: &[(u64, u64)]) -> u64 {
            let mut words = vec![9; form.done];
            words.push(done);
            words.extend(self.list(form, 0, young));
            words.extend(self.list(form, 1, old));
            self.put(&words)
        }
    }

    fn all(form: Form, sweeper: u64) -> std::result::Result<Vec<Range<u64>>, Unknown> {
        let mut all = Vec::new();
        let reader = Reader::through_kernel().ok_or(Unknown::NotFound)?;
        let mut note = |range| {
            all.push(range);
            true
        };
        form.of_sweeper(sweeper, HEAP, &reader, &mut note).map(|()| all)
    }

    #[test]
    fn all_of_both_lists_and_of_what_was_swept() {
        for form in FORMS {
            let mut memory = Memory::default();
            let sweeper = memory.sweeper(form, 0, &[(100, 10), (0, 0), (300, 5)], &[]);
            assert_eq!(all(form, sweeper), Ok(vec![100..110, 300..305]));
            let state = memory.state(form, DONE.into(), &[(500, 1)], &[(600, 1), (700, 1)]);
            let sweeper = memory.sweeper(form, state, &[], &[(100, 10)]);
            assert_eq!(all(form, sweeper), Ok(vec![100..110, 500..501, 600..601, 700..701]));
        }
    }

    #[test]
    fn what_is_being_swept_is_not_told_in_part() {
        for form in FORMS {
            let mut memory = Memory::default();
            let state = memory.state(form, 0, &[(500, 1)], &[]);
            let sweeper = memory.sweeper(form, state, &[(100, 10)], &[]);
            assert_eq!(all(form, sweeper), Err(Unknown::Sweeping));
            let sweeper = memory.put(&[HEAP + 1]);
            assert_eq!(all(form, sweeper), Err(Unknown::Torn));
            assert_eq!(all(form, 8), Err(Unknown::Torn));
        }
    }

    #[test]
    fn a_list_without_an_end_in_sight_is_not_gone_through() {
        let probes = [(1000, 10), (2000, 20)];
        let reader = Reader::through_kernel().unwrap();
        for form in FORMS {
            let mut memory = Memory::default();
            let stores = probes.map(|(address, bytes)| memory.put(&[address, bytes]));
            let words = form.store + 3;
            // Entries one behind the other in one block, the probes' at its end; `count` of them, and where the last but two leads.
            let mut fits = |count: usize, astray: Option<usize>| {
                let mut block = vec![0; count * words].into_boxed_slice();
                let place = |index: usize| block_at(&block, index * words);
                let links: Vec<_> =
                    (0..count).map(|index| if index + 1 < count { place(index + 1) } else { 0 }).collect();
                let (first, last) = (place(0), place(count - 1));
                let away = astray.map(place);
                for (index, entry) in block.chunks_mut(words).enumerate() {
                    let store = if index + 2 < count { 0 } else { stores[index + 2 - count] };
                    let next = away.filter(|_| index + 3 == count).unwrap_or(links[index]);
                    entry[form.store..].copy_from_slice(&[store, 1, next]);
                }
                memory.0.push(block);
                let mut sweeper = vec![HEAP, 0];
                sweeper.resize(form.lists, 0);
                sweeper.extend([first, last, 100].into_iter().chain((form.list == 4).then_some(0)));
                sweeper.extend([0, 0, 0].into_iter().chain((form.list == 4).then_some(1)));
                let sweeper = memory.put(&sweeper);
                form.fits(&reader.words::<SWEEPER>(sweeper).unwrap(), probes, &reader)
            };
            assert!(fits(10, None) && fits(PROBED + 1, None));
            assert!(!fits(PROBED + 2, None), "longer than is gone through");
            assert!(!fits(10, Some(3)), "a circle");
        }
    }

    fn block_at(block: &[u64], index: usize) -> u64 {
        block.as_ptr().wrapping_add(index) as u64
    }

    #[test]
    fn a_sweeper_is_known_by_the_last_two_of_one_list() {
        let probes = [(1000, 10), (2000, 20)];
        let reader = Reader::through_kernel().unwrap();
        for (index, form) in FORMS.into_iter().enumerate() {
            let mut memory = Memory::default();
            let mut fits = |young: &[(u64, u64)], old: &[(u64, u64)]| {
                let sweeper = memory.sweeper(form, 0, young, old);
                let words = reader.words::<SWEEPER>(sweeper).unwrap();
                let other = FORMS[1 - index];
                assert!(!other.fits(&words, probes, &reader), "it has one form");
                form.fits(&words, probes, &reader)
            };
            assert!(fits(&[(5, 5), (1000, 10), (2000, 20)], &[]));
            assert!(fits(&[(5, 5)], &[(6, 6), (1000, 10), (2000, 20)]));
            assert!(!fits(&[(1000, 10), (2000, 20), (5, 5)], &[]), "not the last");
            assert!(!fits(&[(1000, 10), (5, 5), (2000, 20)], &[]), "not one behind the other");
            assert!(!fits(&[(1000, 10), (2000, 21)], &[]));
            assert!(!fits(&[(2000, 20)], &[]));
            assert!(!fits(&[], &[]));
        }
    }
}
