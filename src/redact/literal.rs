//! A JSON value of any kind, by its brackets and quotes only.
//!
//! Three places follow brackets and quotes, for they want something else of each byte. Here it must be decided whether
//! the byte may be written; `heap::read::section` takes one value out of a window that it can fill again;
//! `json::outline` goes over every byte of every file that is written, and leaps over texts.

use crate::json::step::{Fault, Scanned, Step};

/// What stands for a text outside `strings`, where V8 writes none.
const MASK: &[u8] = b"\"(redacted)\"";

/// The scanner. Its first byte is the value's first.
#[derive(Default)]
pub(super) struct Literal {
    depth: u32,
    in_text: bool,
    escaped: bool,
    begun: bool,
}

impl Literal {
    /// Keeps the value in `held` as it is, up to `limit` bytes.
    pub(super) fn keep(&mut self, bytes: &[u8], held: &mut Vec<u8>, limit: usize) -> Scanned {
        let step = self.scan(bytes, |_| {})?;
        let used = step.used(bytes);
        if held.len() + used > limit {
            return Err(Fault { at: used, what: "the section \"snapshot\" is too long" });
        }
        held.try_reserve(used)
            .map_err(|_| Fault { at: used, what: "no memory is left for the section \"snapshot\"" })?;
        held.extend_from_slice(&bytes[..used]);
        Ok(step)
    }

    /// Writes the value without its texts.
    pub(super) fn mask(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Scanned {
        self.scan(bytes, |byte| match byte {
            b'"' => out.extend_from_slice(MASK),
            _ => out.push(byte),
        })
    }

    /// Calls `outside` for each byte outside the texts, and with the quote at the end of each.
    fn scan(&mut self, bytes: &[u8], mut outside: impl FnMut(u8)) -> Scanned {
        for (at, &byte) in bytes.iter().enumerate() {
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_text = false;
                        outside(byte);
                        if self.depth == 0 {
                            return Ok(Step::Done(at + 1));
                        }
                    }
                    _ => {}
                }
                continue;
            }
            match byte {
                // A bare number or word has ended with the byte before.
                b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => {
                    return if self.begun { Ok(Step::Done(at)) } else { Err(misplaced(at)) };
                }
                b'"' if self.depth == 0 && self.begun => return Err(misplaced(at)),
                b'"' => self.in_text = true,
                b'[' | b'{' if self.depth == 0 && self.begun => return Err(misplaced(at)),
                b'[' | b'{' => {
                    self.depth = self.depth.checked_add(1).ok_or_else(|| misplaced(at))?;
                    outside(byte);
                }
                b']' | b'}' => {
                    self.depth -= 1;
                    outside(byte);
                    if self.depth == 0 {
                        return Ok(Step::Done(at + 1));
                    }
                }
                // Of numbers, `true`, `false` and `null`: no words but these can pass.
                b'0'..=b'9' | b'+' | b'-' | b'.' | b'E' | b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => {
                    outside(byte)
                }
                b'a' | b'e' | b'f' | b'l' | b'n' | b'r' | b's' | b't' | b'u' => outside(byte),
                _ => return Err(misplaced(at)),
            }
            self.begun = true;
        }
        Ok(Step::More)
    }
}

fn misplaced(at: usize) -> Fault {
    Fault { at, what: "comes a character that does not belong there" }
}
