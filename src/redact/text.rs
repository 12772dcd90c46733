//! One text of `strings`: reads it piece by piece, writes it masked or not.

use std::io::Write as _;

use memchr::{memchr2, memmem};

use crate::json::step::{Fault, Scanned, Step};
use crate::json::text::is_short_escape;
use crate::json::weak_pair::{ID, KEY_BEGINS, TABLE, VALUE_BEGINS};

/// Bytes of a text that are held to be judged. Enough for any that may stay: V8 builds names, also those of WeakMap
/// pairs, in 1,024 bytes, which JSON's escapes make six times as many.
pub const HELD: usize = 8 << 10;

/// The text at hand, as JSON writes it, without its quotes.
#[derive(Default)]
pub(super) struct Text {
    held: Vec<u8>,
    too_long: bool,
    chars: u64,
    escape: Escape,
}

#[derive(Clone, Copy, Default)]
enum Escape {
    #[default]
    None,
    /// Behind a backslash.
    Begun,
    /// So many hexadecimal digits are to come.
    Hex(u8),
}

impl Text {
    /// Reads up to the closing quote and past it.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Scanned {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let misplaced = Err(Fault { at, what: "comes no escape that JSON has" });
            self.escape = match self.escape {
                Escape::None => {
                    let rest = &bytes[at..];
                    let end = memchr2(b'"', b'\\', rest);
                    let plain = &rest[..end.unwrap_or(rest.len())];
                    self.hold(plain);
                    // All but the bytes that go on with a character of UTF-8.
                    self.chars += plain.iter().filter(|&&byte| byte & 0xC0 != 0x80).count() as u64;
                    let Some(end) = end else { return Ok(Step::More) };
                    at += end + 1;
                    if rest[end] == b'"' {
                        return Ok(Step::Done(at));
                    }
                    self.hold(b"\\");
                    self.chars += 1;
                    Escape::Begun
                }
                state => {
                    at += 1;
                    self.hold(&[byte]);
                    match (state, byte) {
                        (Escape::Begun, b'u') => Escape::Hex(4),
                        (Escape::Begun, _) if is_short_escape(byte) => Escape::None,
                        (Escape::Hex(1), _) if byte.is_ascii_hexdigit() => Escape::None,
                        (Escape::Hex(left), _) if byte.is_ascii_hexdigit() => Escape::Hex(left - 1),
                        _ => return misplaced,
                    }
                }
            };
        }
        Ok(Step::More)
    }

    fn hold(&mut self, bytes: &[u8]) {
        self.too_long |= self.held.len() + bytes.len() > HELD;
        // Without the memory to judge it, a text is masked, as one that is too long.
        self.too_long |= !self.too_long && self.held.try_reserve(bytes.len()).is_err();
        if !self.too_long {
            self.held.extend_from_slice(bytes);
        }
    }

    /// All of it, if it is not too long to be kept.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        (!self.too_long).then_some(&self.held)
    }

    /// Characters, an escape being one.
    pub(super) fn chars(&self) -> u64 {
        self.chars
    }

    /// Ready for the next.
    pub(super) fn clear(&mut self) {
        self.held.clear();
        (self.too_long, self.chars, self.escape) = (false, 0, Escape::None);
    }
}

/// Writes a text as it is.
pub(super) fn keep(text: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
    if text.iter().any(|byte| *byte < b' ') {
        return Err("ends a text with a control character");
    }
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
    Ok(())
}

/// Writes what stands for the text at `index`.
pub(super) fn mask(chars: u64, index: u64, out: &mut Vec<u8>) {
    // To a vector it cannot fail.
    let _ = write!(out, "\"(redacted #{index}, length {chars})\"");
}

/// Whether a slot's name is that of a WeakMap's pair. V8 builds it from the names of two nodes:
/// `1 / part of key (Session @5) -> value (secret @7) pair in WeakMap (table @9)`.
pub(super) fn is_pair(text: &[u8]) -> bool {
    memmem::find(text, KEY_BEGINS.as_bytes()).is_some()
        || memmem::find(text, VALUE_BEGINS.as_bytes()).is_some()
}

/// Writes a pair's name without the names of nodes that are values; `false`, and nothing written, if it is not as V8 builds it.
pub(super) fn keep_pair(text: &[u8], out: &mut Vec<u8>, is_value: impl Fn(u64) -> bool) -> bool {
    let Some(pair) = Pair::read(text) else { return false };
    let shown = |name, id| if pair.is_plain && !is_value(id) { name } else { "(redacted)" };
    let (key, value) = (shown(pair.key.0, pair.key.1), shown(pair.value.0, pair.value.1));
    let Pair { number, key: (_, key_id), value: (_, value_id), table, .. } = pair;
    let _ = write!(
        out,
        "\"{number}{KEY_BEGINS}{key}{ID}{key_id}{VALUE_BEGINS}{value}{ID}{value_id}{TABLE}{ID}{table})\""
    );
    true
}

struct Pair<'a> {
    number: u64,
    key: (&'a str, u64),
    value: (&'a str, u64),
    table: u64,
    /// Where the key's name ends is beyond doubt.
    is_plain: bool,
}

impl<'a> Pair<'a> {
    /// From both ends, since names may hold anything.
    fn read(text: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok().filter(|text| !text.contains(|c| c < ' '))?;
        let (number, rest) = text.split_once(KEY_BEGINS)?;
        let (rest, table_id) = rest.strip_suffix(')')?.rsplit_once(ID)?;
        let (before, after) = rest.strip_suffix(TABLE)?.split_once(VALUE_BEGINS)?;
        Some(Self {
            number: digits(number)?,
            key: named(before)?,
            value: named(after)?,
            table: digits(table_id)?,
            is_plain: !after.contains(VALUE_BEGINS),
        })
    }
}

/// `Session @5`.
fn named(text: &str) -> Option<(&str, u64)> {
    let (name, id) = text.rsplit_once(ID)?;
    Some((name, digits(id)?))
}

fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
