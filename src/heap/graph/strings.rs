//! All strings of a snapshot in one arena, as they stood in the JSON; unescaped when somebody looks.
//!
//! Unescaped they are WTF-8, for JavaScript strings may hold lone surrogates; [`Strings::show`] replaces those for
//! human eyes.

use std::borrow::Cow;

use crate::json::text::{show, unescape};

/// The strings' JSON texts, without the quotes.
#[derive(Debug, Default)]
pub struct Strings {
    bytes: Vec<u8>,
    ends: Vec<u64>,
}

impl Strings {
    /// With room for `count` strings of `bytes` bytes altogether.
    pub fn with_capacity(count: usize, bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ends: Vec::with_capacity(count) }
    }

    /// Number of strings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes held by all the texts.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Appends bytes of the string that is being read.
    pub(in crate::heap) fn extend(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// What was read of the string that is being read.
    pub(in crate::heap) fn open_text(&self) -> &[u8] {
        &self.bytes[self.ends.last().map_or(0, |end| *end as usize)..]
    }

    /// Forgets it.
    pub(in crate::heap) fn drop_open_text(&mut self) {
        self.bytes.truncate(self.ends.last().map_or(0, |end| *end as usize));
    }

    /// Gives back what was reserved for more.
    pub(in crate::heap) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// Ends the string that is being read.
    pub(in crate::heap) fn end(&mut self) {
        self.ends.push(self.bytes.len() as u64);
    }

    /// The string as it stood in the JSON, still escaped. An index beyond the table gives an empty one.
    pub fn raw(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let begin = if index == 0 { 0 } else { self.ends.get(index - 1).map_or(0, |end| *end as usize) };
        let end = self.ends.get(index).map_or(begin, |end| *end as usize);
        &self.bytes[begin..end]
    }

    /// Adds the JSON text (escaped, without quotes) of a string made from others; its index.
    pub fn add_raw(&mut self, parts: &[&[u8]]) -> u32 {
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.end();
        (self.ends.len() - 1) as u32
    }

    /// The string, unescaped, as WTF-8; equal texts are equal bytes, whichever escapes were used.
    pub fn text(&self, index: u32) -> Cow<'_, [u8]> {
        unescape(self.raw(index))
    }

    /// Indexes of the strings that stand in the JSON just like this (V8 writes each text once).
    pub fn find(&self, raw: &[u8]) -> Vec<u32> {
        (0..self.len() as u32).filter(|index| self.raw(*index) == raw).collect()
    }

    /// The first `most` characters for human eyes, with `…` behind them if there are more; in time that does not
    /// depend on how many more.
    pub fn show_start(&self, index: u32, most: usize) -> String {
        let raw = self.raw(index);
        // A character is at most two escapes. What is cut in two by this is not among the first.
        let text = unescape(&raw[..raw.len().min((most + 1) * 12)]);
        let mut shown = show(&text);
        if let Some((end, _)) = shown.char_indices().nth(most) {
            shown.truncate(end);
            shown.push('…');
        }
        shown
    }

    /// The string for human eyes: a lone surrogate becomes U+FFFD.
    pub fn show(&self, index: u32) -> Cow<'_, str> {
        match self.text(index) {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(show(&bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::text::{append, utf16_len};

    fn one(json: &str) -> Strings {
        let mut strings = Strings::default();
        strings.add_raw(&[json.as_bytes()]);
        strings
    }

    #[test]
    fn every_escape() {
        let strings = one(r#"a\"b\\c\/d\n\t\r\b\f\u0041\u00e9\u20ac"#);
        assert_eq!(strings.show(0), "a\"b\\c/d\n\t\r\u{8}\u{c}Aé€");
    }

    #[test]
    fn pairs_and_lone_surrogates() {
        assert_eq!(one(r"\ud83d\ude00").show(0), "😀");
        assert_eq!(*one(r"\ud83d\ude00").text(0), *"😀".as_bytes());
        assert_eq!(*one(r"x\ud83dy").text(0), [b'x', 0xED, 0xA0, 0xBD, b'y']);
        assert_eq!(one(r"x\ud83dy\ude00").show(0), "x\u{FFFD}y\u{FFFD}");
        assert_eq!(one(r"\ude00\ud83d").show(0), "\u{FFFD}\u{FFFD}");
        let mut text = one(r"\ud83d").text(0).into_owned();
        append(&mut text, &one(r"\ude00!").text(0));
        assert_eq!(show(&text), "😀!");
        assert_eq!(utf16_len("a😀€é".as_bytes()), 5);
        assert_eq!(utf16_len(&one(r"\ud83d").text(0)), 1);
    }

    #[test]
    fn broken_escapes_and_bytes_do_no_harm() {
        for raw in ["\\", "\\u", "\\u12", "\\uzzzz", "\\q", "a\\"] {
            assert!(!one(raw).show(0).is_empty());
        }
        assert_eq!(show(b"a\xFFb\xE2\x82"), "a\u{FFFD}b\u{FFFD}");
        assert_eq!(one("x").show(7), "");
    }

    #[test]
    fn the_start_of_a_text() {
        for (json, most, start) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "abc…"),
            (r"\ud83d\ude00\ud83d\ude00x", 2, "😀😀…"),
            (r"\ud83d\ude00\ud83d\ude00", 2, "😀😀"),
            ("", 0, ""),
            ("é", 0, "…"),
        ] {
            assert_eq!(one(json).show_start(0, most), start, "{json}");
        }
        assert_eq!(one(&r"\ud83d\ude00".repeat(1_000)).show_start(0, 2), "😀😀…");
        assert_eq!(one(&"é".repeat(1_000)).show_start(0, 70), "é".repeat(70) + "…");
    }

    #[test]
    fn indexes() {
        let mut strings = one("a");
        strings.add_raw(&[b"b", b"c"]);
        strings.add_raw(&[]);
        assert_eq!(["a", "bc", ""].map(str::as_bytes), [0, 1, 2].map(|index| strings.raw(index)));
    }
}
