//! All strings of a snapshot in one arena, as they stood in the JSON; unescaped when somebody looks.
//!
//! JavaScript strings may hold lone surrogates, which UTF-8 cannot. Text is therefore WTF-8 (a lone surrogate
//! as its three-byte generalisation); [`Strings::show`] replaces those for human eyes.

use std::borrow::Cow;

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

/// WTF-8 for human eyes: one U+FFFD for each lone surrogate and each broken piece.
pub fn show(text: &[u8]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        match std::str::from_utf8(rest) {
            Ok(all) => {
                shown.push_str(all);
                break;
            }
            Err(error) => {
                let (good, bad) = rest.split_at(error.valid_up_to());
                shown.push_str(std::str::from_utf8(good).unwrap_or_default());
                shown.push(char::REPLACEMENT_CHARACTER);
                let skip = if is_surrogate(bad) { 3 } else { error.error_len().unwrap_or(bad.len()) };
                rest = &bad[skip..];
            }
        }
    }
    shown
}

/// Length in UTF-16 code units, which is what JavaScript calls a string's length.
pub fn utf16_len(text: &[u8]) -> usize {
    text.iter().map(|byte| usize::from(byte & 0xC0 != 0x80) + usize::from(*byte >= 0xF0)).sum()
}

/// Appends WTF-8 to WTF-8: a high surrogate before a low one becomes the character they are together.
pub fn append(text: &mut Vec<u8>, more: &[u8]) {
    let tail = text.len().wrapping_sub(3);
    if let (Some(&[0xED, high @ 0xA0..=0xAF, third]), Some(&[0xED, low @ 0xB0..=0xBF, last])) =
        (text.get(tail..), more.get(..3))
    {
        let high = u32::from(high & 0x0F) << 6 | u32::from(third & 0x3F);
        let low = u32::from(low & 0x0F) << 6 | u32::from(last & 0x3F);
        text.truncate(tail);
        push(text, 0x1_0000 + (high << 10 | low));
        text.extend_from_slice(&more[3..]);
    } else {
        text.extend_from_slice(more);
    }
}

fn is_surrogate(bytes: &[u8]) -> bool {
    matches!(bytes, [0xED, 0xA0..=0xBF, 0x80..=0xBF, ..])
}

fn unescape(raw: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'\\', raw) else { return Cow::Borrowed(raw) };
    let mut text = Vec::with_capacity(raw.len());
    text.extend_from_slice(&raw[..first]);
    let mut rest = &raw[first..];
    while let [b'\\', after @ ..] = rest {
        let (code, used) = escaped(after);
        match code {
            // The two halves of a pair may stand in two escapes.
            Some(code @ 0xD800..=0xDFFF) => {
                let mut half = Vec::with_capacity(3);
                push(&mut half, code);
                append(&mut text, &half);
            }
            Some(code) => push(&mut text, code),
            None => text.push(b'\\'),
        }
        rest = &after[used..];
        let next = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        // A low half may also stand there as generalised UTF-8.
        append(&mut text, &rest[..next]);
        rest = &rest[next..];
    }
    Cow::Owned(text)
}

/// What stands behind a backslash: the code point or code unit, and how many bytes it took.
fn escaped(after: &[u8]) -> (Option<u32>, usize) {
    let Some(first) = after.first() else { return (None, 0) };
    let plain = match first {
        b'n' => 0x0A,
        b't' => 0x09,
        b'r' => 0x0D,
        b'b' => 0x08,
        b'f' => 0x0C,
        b'u' => {
            let hex = after.get(1..5).and_then(|digits| std::str::from_utf8(digits).ok());
            let code = hex.and_then(|digits| u32::from_str_radix(digits, 16).ok());
            return if code.is_some() { (code, 5) } else { (None, 0) };
        }
        b'"' | b'\\' | b'/' => u32::from(*first),
        _ => return (None, 0),
    };
    (Some(plain), 1)
}

fn push(text: &mut Vec<u8>, code: u32) {
    match char::from_u32(code) {
        Some(char) => text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        None => text.extend_from_slice(&[
            0xE0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3F) as u8,
            0x80 | (code & 0x3F) as u8,
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
