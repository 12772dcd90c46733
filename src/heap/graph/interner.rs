//! Texts of our own making, each once.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Interned WTF-8; equal texts have equal numbers. The hash has a seed, so no file can make it slow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interner {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    index: HashTable<(u64, u32)>,
    seed: RandomState,
}

impl Interner {
    /// How many there are; their numbers are below this.
    pub(in crate::heap) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text with this number.
    pub(in crate::heap) fn get(&self, number: u32) -> &[u8] {
        slice(&self.bytes, &self.ends, number)
    }

    /// The text's number; the text is added if it is new.
    pub(in crate::heap) fn intern(&mut self, text: &[u8]) -> u32 {
        let hash = self.seed.hash_one(text);
        let Self { bytes, ends, index, .. } = self;
        let same = |(other, number): &(u64, u32)| *other == hash && slice(bytes, ends, *number) == text;
        if let Some((_, number)) = index.find(hash, same) {
            return *number;
        }
        let number = ends.len() as u32;
        bytes.extend_from_slice(text);
        ends.push(bytes.len());
        index.insert_unique(hash, (hash, number), |(hash, _)| *hash);
        number
    }

    /// The text's number, if it was added.
    pub(in crate::heap) fn find(&self, text: &[u8]) -> Option<u32> {
        let hash = self.seed.hash_one(text);
        let same = |(other, number): &(u64, u32)| *other == hash && self.get(*number) == text;
        self.index.find(hash, same).map(|(_, number)| *number)
    }
}

fn slice<'a>(bytes: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    let number = number as usize;
    let begin = number.checked_sub(1).map_or(0, |before| ends[before]);
    &bytes[begin..ends[number]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_once() {
        let mut texts = Interner::default();
        let numbers: Vec<_> =
            ["a", "", "bc", "a", ""].iter().map(|text| texts.intern(text.as_bytes())).collect();
        assert_eq!(numbers, [0, 1, 2, 0, 1]);
        assert_eq!([0, 1, 2].map(|number| texts.get(number)), [&b"a"[..], b"", b"bc"]);
        assert_eq!((texts.find(b"bc"), texts.find(b"b"), texts.len()), (Some(2), None, 3));
    }
}
