//! A flat list of whole numbers, cut into rows of a known width, read in pieces of any size.
//!
//! `heap::read` has a reader of its own for the same lists (`cursor`, `parallel`): there the bytes stand in a window of
//! some MiB, so that it can take [eight digits at a time](super::digits) and two halves at once. `redact` sees each
//! byte once, in whatever pieces V8 gives, and must not write one that it has not understood; a window would be a copy
//! of the file on its way through.

use super::meta::FIELDS;
use super::step::{Fault, Scanned, Step};

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Before {
    /// Nothing: `]` or a number may come.
    #[default]
    Start,
    Comma,
    Digit,
    /// A blank after a number: only `,` or `]` may come.
    Gap,
}

/// The scanner, from behind the list's `[`.
#[derive(Default)]
pub struct Rows {
    row: [u64; FIELDS],
    column: usize,
    number: u64,
    before: Before,
}

impl Rows {
    /// Reads on in rows of `width` numbers (1 … [`FIELDS`]), calls `each` with every complete one.
    pub fn scan(
        &mut self,
        bytes: &[u8],
        width: usize,
        mut each: impl FnMut(&[u64; FIELDS]) -> Result<(), &'static str>,
    ) -> Scanned {
        // Locals: the loop runs once for each byte of most of the file.
        let (mut number, mut before, mut column) = (self.number, self.before, self.column);
        for (at, &byte) in bytes.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            let wrong = |what| Err(Fault { at, what });
            if digit < 10 {
                if before == Before::Gap {
                    return wrong("a comma is missing");
                }
                let next = number.checked_mul(10).and_then(|number| number.checked_add(digit.into()));
                let Some(next) = next else { return wrong("comes a number that is too large") };
                (number, before) = (next, Before::Digit);
                continue;
            }
            let complete = matches!(before, Before::Digit | Before::Gap);
            match byte {
                b',' | b']' if complete => {
                    self.row[column % FIELDS] = number;
                    (number, column) = (0, column + 1);
                    if column == width {
                        column = 0;
                        each(&self.row).map_err(|what| Fault { at, what })?;
                    }
                    before = Before::Comma;
                    if byte == b']' {
                        return if column == 0 {
                            Ok(Step::Done(at + 1))
                        } else {
                            wrong("ends a row too early")
                        };
                    }
                }
                b']' if before == Before::Start => return Ok(Step::Done(at + 1)),
                b' ' | b'\t' | b'\r' | b'\n' if before == Before::Digit => before = Before::Gap,
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => return wrong("comes a character that is of no list of whole numbers"),
            }
        }
        (self.number, self.before, self.column) = (number, before, column);
        Ok(Step::More)
    }
}
