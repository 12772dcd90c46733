//! The bytes of a snapshot, block by block. Knows at which byte it stands; reads only what it is asked for.

use std::io::{self, Read};

use super::parallel::{self, Columns};
use crate::error::{Error, Result};
use crate::heap::host::{self, Held, Host, Stage};
use crate::json::digits::{POWERS, eight};

/// Bytes asked of the source at a time. Tests have many blocks in little text, and fuzzers little text.
pub(super) const BLOCK: usize = if cfg!(fuzzing) {
    1 << 10
} else if cfg!(test) {
    64 << 10
} else {
    2 << 20
};
/// Below this two threads are not worth it, bytes.
const LEAST: usize = BLOCK / 16;
/// Bytes between two looks at what is held. No row or string takes four times its bytes.
const LOOK: u64 = if cfg!(test) { 1 << 10 } else { 1 << 20 };
/// Zero bytes behind the last one read: eight can be loaded at once wherever one stands.
const PAD: usize = 8;

/// What stands behind a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Comma,
    /// `]` or `}`
    End,
}

/// A window over the source: `window[at..len]` is read and not yet used.
pub(super) struct Cursor<'a, R> {
    source: R,
    window: Vec<u8>,
    at: usize,
    len: usize,
    /// Bytes before the window.
    before: u64,
    ended: bool,
    total: u64,
    /// From this byte on it is looked at again.
    look: u64,
    host: &'a dyn Host,
}

impl<'a, R: Read> Cursor<'a, R> {
    /// `total`: bytes there will be, if that is known.
    pub(super) fn new(source: R, total: Option<u64>, host: &'a dyn Host) -> Self {
        let window = vec![0; 2 * BLOCK + PAD];
        let total = total.unwrap_or(0);
        Self { source, window, at: 0, len: 0, before: 0, ended: false, total, look: LOOK, host }
    }

    /// Which byte the window begins with.
    pub(super) fn base(&self) -> u64 {
        self.before
    }

    /// Which byte comes next.
    pub(super) fn offset(&self) -> u64 {
        self.before + self.at as u64
    }

    /// Bytes that can still come, if that is known.
    pub(super) fn left(&self) -> Option<u64> {
        if self.ended {
            return Some((self.len - self.at) as u64);
        }
        (self.total > 0).then(|| self.total.saturating_sub(self.offset()))
    }

    /// Lets the host know now and then what is held, so that it can end this while there still is memory.
    #[inline]
    pub(super) fn weigh(&mut self, held: impl FnOnce() -> Held) -> Result<()> {
        let at = self.offset();
        if at < self.look {
            return Ok(());
        }
        self.look = at + LOOK;
        self.host.admit(&held())
    }

    pub(super) fn corrupt(&self, what: impl std::fmt::Display) -> Error {
        corrupt(self.offset(), what)
    }

    /// Makes `count` bytes (at most a block) ready in `rest()`, fewer only at the end of the source.
    #[inline]
    pub(super) fn need(&mut self, count: usize) -> Result<()> {
        if self.len - self.at >= count || self.ended { Ok(()) } else { self.fill(count) }
    }

    #[cold]
    fn fill(&mut self, count: usize) -> Result<()> {
        self.window.copy_within(self.at..self.len, 0);
        self.before += self.at as u64;
        self.len -= self.at;
        self.at = 0;
        while self.len < count && !self.ended {
            host::check(self.host)?;
            match self.source.read(&mut self.window[self.len..self.len + BLOCK]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.len += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unwrap(error, self.before + self.len as u64)),
            }
        }
        self.window[self.len..self.len + PAD].fill(0);
        self.host.progress(Stage::Reading, self.offset(), self.total);
        Ok(())
    }

    /// What is ready; zeros behind it are not part of it.
    pub(super) fn rest(&self) -> &[u8] {
        &self.window[self.at..self.len]
    }

    /// Reads rows, both halves of what is ready at the same time, see [`parallel`]: how many bytes they are. The caller goes on behind them when it has taken them.
    pub(super) fn rows_in_parallel<C: Columns>(
        &mut self,
        fields: usize,
        of: &C::Layout,
        columns: &mut [C; 2],
    ) -> Result<usize> {
        self.need(BLOCK)?;
        if self.len - self.at < LEAST {
            return Ok(0);
        }
        Ok(parallel::read(&self.window, self.at..self.len, fields, of, self.host, columns))
    }

    /// Goes on behind `count` bytes that are ready.
    pub(super) fn advance(&mut self, count: usize) {
        self.at = (self.at + count).min(self.len);
    }

    /// The next byte, without taking it.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<Option<u8>> {
        self.need(1)?;
        Ok(self.rest().first().copied())
    }

    /// The next byte that is no white space, without taking it.
    #[inline]
    pub(super) fn token(&mut self) -> Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                byte => return Ok(byte),
            }
        }
    }

    /// Takes this byte, or fails.
    pub(super) fn expect(&mut self, byte: u8) -> Result<()> {
        match self.token()? {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            found => Err(self.unexpected(found, &format!("'{}'", char::from(byte)))),
        }
    }

    pub(super) fn unexpected(&self, found: Option<u8>, instead_of: &str) -> Error {
        match found {
            None => self.corrupt(format_args!("it ends where {instead_of} belongs")),
            Some(byte) => {
                self.corrupt(format_args!("'{}' stands where {instead_of} belongs", byte.escape_ascii()))
            }
        }
    }

    /// What stands behind a value: a comma is taken, an end (`end` or nothing else) as well.
    #[inline]
    pub(super) fn after(&mut self, end: u8) -> Result<After> {
        match self.token()? {
            Some(b',') => {
                self.at += 1;
                Ok(After::Comma)
            }
            Some(byte) if byte == end => {
                self.at += 1;
                Ok(After::End)
            }
            found => Err(self.unexpected(found, &format!("',' or '{}'", char::from(end)))),
        }
    }

    /// Fills `row` with unsigned integers up to its length; what stands behind the last. The caller has seen
    /// that the row begins.
    #[inline]
    pub(super) fn row(&mut self, row: &mut [u64]) -> Result<After> {
        // 20 digits, a comma and a few spaces each: nearly every row is ready as a whole.
        self.need(row.len() * 32)?;
        let last = row.len() - 1;
        for (index, value) in row.iter_mut().enumerate() {
            *value = self.number()?;
            match self.comma()? {
                After::Comma if index < last => {}
                After::End if index < last => return Err(self.corrupt("a row ends in its middle")),
                after => {
                    if index == last {
                        return Ok(after);
                    }
                }
            }
        }
        Err(self.corrupt("a row has no fields"))
    }

    #[inline]
    fn comma(&mut self) -> Result<After> {
        if self.window[self.at] == b',' && self.at < self.len {
            self.at += 1;
            return Ok(After::Comma);
        }
        self.after(b']')
    }

    /// An unsigned integer.
    #[inline]
    pub(super) fn number(&mut self) -> Result<u64> {
        let (value, digits) = eight(&self.window, self.at);
        if digits > 0 && digits < 8 && self.at + digits < self.len {
            self.at += digits;
            return Ok(value);
        }
        if digits == 8 {
            let (more, digits) = eight(&self.window, self.at + 8);
            if digits < 8 && self.at + 8 + digits < self.len {
                self.at += 8 + digits;
                return Ok(value * POWERS[digits] + more);
            }
        }
        self.long_number()
    }

    /// More than fifteen digits, space before it, or the end of what is ready.
    #[inline(never)]
    fn long_number(&mut self) -> Result<u64> {
        self.token()?;
        self.need(32)?;
        let rest = self.rest();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            let found = rest.first().copied();
            return Err(self.unexpected(found, "an unsigned integer"));
        }
        let value = rest[..digits]
            .iter()
            .try_fold(0_u64, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
        let Some(value) = value else { return Err(self.corrupt("a number is too large")) };
        self.at += digits;
        Ok(value)
    }
}

pub(super) fn corrupt(at: u64, what: impl std::fmt::Display) -> Error {
    Error::CorruptSnapshot(format!("the snapshot is damaged at byte {at} of its JSON: {what}"))
}

/// Our own error travels through `Read` inside an [`io::Error`].
fn unwrap(error: io::Error, at: u64) -> Error {
    if let Some(ours) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return ours.clone();
    }
    corrupt(at, format_args!("it cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::host::Quiet;

    /// Gives a byte at a time.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut out[..1])
        }
    }

    fn rows(text: &str, fields: usize) -> Result<Vec<u64>> {
        let mut cursor = Cursor::new(Drip(text.as_bytes()), None, &Quiet);
        let mut all = Vec::new();
        loop {
            let mut row = vec![0; fields];
            let after = cursor.row(&mut row)?;
            all.extend(row);
            if after == After::End {
                return Ok(all);
            }
        }
    }

    #[test]
    fn numbers_of_every_length() {
        let mut value = 1_u64;
        let mut expected = vec![0];
        while let Some(next) = value.checked_mul(10) {
            expected.extend([value - 1, value, value + 7]);
            value = next;
        }
        expected.push(u64::MAX);
        let text = expected.iter().map(u64::to_string).collect::<Vec<_>>();
        assert_eq!(rows(&format!("{}]", text.join(",")), 1), Ok(expected.clone()));
        assert_eq!(rows(&format!(" {} ] ", text.join(" ,\n")), 1), Ok(expected));
    }

    #[test]
    fn what_is_no_row() {
        for text in ["", "1", "1,", "1,2", "1,2]", "-1,2,3]", "1.5,2,3]", "1,2,x]", "1,,2]", "1e3,1,1]"] {
            let error = rows(text, 3).map_err(|error| error.code());
            assert_eq!(error, Err("HEAPWARDEN_CORRUPT_SNAPSHOT"), "{text}");
        }
        assert!(rows("99999999999999999999,1,1]", 3).is_err());
        assert_eq!(rows("1,2,3,4,5,6]", 3), Ok(vec![1, 2, 3, 4, 5, 6]));
    }
}
