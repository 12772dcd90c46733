//! Texts: as JSON writes them, with escapes, and as they are.
//!
//! JavaScript strings may hold lone surrogates, which UTF-8 cannot. A text as it is is therefore WTF-8: a lone
//! surrogate is its three-byte generalisation.
//!
//! What reads a text up to its closing quote stands in two places. `heap::read` keeps what V8 wrote and looks through
//! it afterwards, as a whole, so that it can say at which byte an escape is none. `redact` may have the text in pieces
//! and must know its length, even where it is too long to be kept; so it counts as the bytes go by.

use std::borrow::Cow;

/// Whether this byte behind a backslash names a character.
pub fn is_short_escape(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')
}

/// Where a backslash begins no escape.
pub fn wrong_escape(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(next) = memchr::memchr(b'\\', &text[at..]) {
        at += next;
        at += match &text[at + 1..] {
            [b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => 6,
            [short, ..] if is_short_escape(*short) => 2,
            _ => return Some(at),
        };
    }
    None
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

/// The text that JSON writes so, without its quotes, as WTF-8: equal texts are equal bytes, whichever escapes were
/// used. A backslash that begins no escape stands for itself.
pub fn unescape(raw: &[u8]) -> Cow<'_, [u8]> {
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

/// `JSON.stringify` of a text.
pub fn quote(text: &[u8]) -> Vec<u8> {
    let mut json = Vec::with_capacity(text.len() + 2);
    json.push(b'"');
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0C => b'f',
            b'\r' => b'r',
            _ => 0,
        };
        rest = after;
        if short != 0 {
            json.extend_from_slice(&[b'\\', short]);
        } else if byte < 0x20 {
            json.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else if let (0xED, &[second @ 0xA0..=0xBF, third, ..]) = (byte, after) {
            // WTF-8 has a surrogate only where it is alone.
            let unit = 0xD000 | u32::from(second & 0x3F) << 6 | u32::from(third & 0x3F);
            json.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            rest = &after[2..];
        } else {
            json.push(byte);
        }
    }
    json.push(b'"');
    json
}
