//! Questions about the snapshot's strings, asked for millions of nodes and answered once for each string.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::bits::Bits;
use super::strings::Strings;

/// "Is this string that word?"
pub(in crate::heap) struct TextIs<'a> {
    strings: &'a Strings,
    word: &'static str,
    asked: Bits,
    yes: Bits,
}

impl<'a> TextIs<'a> {
    pub(in crate::heap) fn new(strings: &'a Strings, word: &'static str) -> Self {
        Self { strings, word, asked: Bits::new(strings.len()), yes: Bits::new(strings.len()) }
    }

    /// Whether the string with this index is the word, however it was escaped.
    #[inline]
    pub(in crate::heap) fn is(&mut self, string: u32) -> bool {
        let index = string as usize;
        if index >= self.strings.len() {
            return self.word.is_empty();
        }
        if self.asked.insert(index) && is(self.strings, string, self.word) {
            self.yes.set(index);
        }
        self.yes.get(index)
    }
}

/// Whether a string is this text, without remembering the answer.
pub(in crate::heap) fn is(strings: &Strings, string: u32, word: &str) -> bool {
    let raw = strings.raw(string);
    // An escape is at most six bytes for one. Do not unescape what is longer.
    raw == word.as_bytes()
        || (raw.len() > word.len()
            && raw.len() <= 6 * word.len()
            && *strings.text(string) == *word.as_bytes())
}

/// "Which is the first string that was asked about and has the same text?" V8 writes each text once, others may not.
pub(in crate::heap) struct Canonical<'a> {
    strings: &'a Strings,
    first: Vec<u32>,
    /// (hash, string): half of the hash is enough, there are at most 2³² strings.
    index: HashTable<(u32, u32)>,
    seed: RandomState,
}

/// Not asked yet.
const NEW: u32 = u32::MAX;

impl<'a> Canonical<'a> {
    pub(in crate::heap) fn new(strings: &'a Strings) -> Self {
        Self::with_capacity(strings, 0)
    }

    /// With room for that many different texts.
    pub(in crate::heap) fn with_capacity(strings: &'a Strings, texts: usize) -> Self {
        let first = vec![NEW; strings.len()];
        let index = HashTable::with_capacity(texts.min(strings.len()));
        Self { strings, first, index, seed: RandomState::default() }
    }

    /// An index that stands for all strings of the same text.
    #[inline]
    pub(in crate::heap) fn of(&mut self, string: u32) -> u32 {
        match self.first.get(string as usize) {
            Some(&NEW) => self.ask(string),
            Some(first) => *first,
            None => string,
        }
    }

    /// For [`Self::find`].
    pub(in crate::heap) fn hash(&self, text: &[u8]) -> u64 {
        self.seed.hash_one(text)
    }

    /// The index that stands for this text, if a string of that text was asked about. `hash` is the text's.
    pub(in crate::heap) fn find(&self, hash: u64, text: &[u8]) -> Option<u32> {
        let hash = hash as u32;
        let same = |(other, first): &(u32, u32)| *other == hash && *self.strings.text(*first) == *text;
        self.index.find(spread(hash), same).map(|(_, first)| *first)
    }

    fn ask(&mut self, string: u32) -> u32 {
        let text = self.strings.text(string);
        let hash = self.seed.hash_one(&*text) as u32;
        let same = |(other, first): &(u32, u32)| *other == hash && *self.strings.text(*first) == *text;
        let first = match self.index.find(spread(hash), same) {
            Some((_, first)) => *first,
            None => {
                self.index.insert_unique(spread(hash), (hash, string), |(hash, _)| spread(*hash));
                string
            }
        };
        self.first[string as usize] = first;
        first
    }
}

/// All 64 bits that a table looks at.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings() -> Strings {
        let mut strings = Strings::default();
        for raw in ["Object", "Objects", r"\u004fbject", "", r"Obj\\ct"] {
            strings.add_raw(&[raw.as_bytes()]);
        }
        strings
    }

    #[test]
    fn words_are_known_through_escapes() {
        let strings = strings();
        let mut word = TextIs::new(&strings, "Object");
        for _ in 0..2 {
            assert_eq!(
                [0, 1, 2, 3, 4, 9].map(|index| word.is(index)),
                [true, false, true, false, false, false]
            );
        }
    }

    #[test]
    fn equal_texts_have_one_index() {
        let strings = strings();
        let mut canon = Canonical::new(&strings);
        for _ in 0..2 {
            assert_eq!([2, 0, 1, 3].map(|index| canon.of(index)), [2, 2, 1, 3]);
        }
        let find = |text: &[u8]| canon.find(canon.hash(text), text);
        assert_eq!((find(b"Object"), find(b"Obj\\ct")), (Some(2), None));
    }
}
