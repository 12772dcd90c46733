//! The parts of a snapshot that are not rows of nodes and edges: keys, values that are kept or skipped,
//! locations, strings.

use std::io::Read;

use super::cursor::{After, Cursor, corrupt};
use super::layout::LocationLayout;
use crate::error::Result;
use crate::heap::graph::{Graph, Location};
use crate::json::meta::FIELDS;
use crate::json::text::wrong_escape;

/// V8's preamble is 2 kB; nothing that has a reason to be larger than this is read whole.
const LARGEST_VALUE: usize = 1 << 20;

/// The next key of the snapshot, without its quotes.
pub(super) fn key<R: Read>(cursor: &mut Cursor<R>) -> Result<Vec<u8>> {
    if cursor.token()? != Some(b'"') {
        let found = cursor.token()?;
        return Err(cursor.unexpected(found, "the name of a section"));
    }
    let key = value(cursor)?;
    Ok(key[1..key.len() - 1].to_vec())
}

/// Opens an array; whether it has anything in it.
pub(super) fn open<R: Read>(cursor: &mut Cursor<R>) -> Result<bool> {
    cursor.expect(b'[')?;
    if cursor.token()? == Some(b']') {
        cursor.advance(1);
        return Ok(false);
    }
    Ok(true)
}

/// Takes a JSON value whole.
pub(super) fn value<R: Read>(cursor: &mut Cursor<R>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    walk(cursor, |cursor, piece| {
        if bytes.len() + piece.len() > LARGEST_VALUE {
            return Err(cursor.corrupt("a value of the header is too large"));
        }
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

/// Goes past a JSON value, however deep it is.
pub(super) fn skip<R: Read>(cursor: &mut Cursor<R>) -> Result<()> {
    walk(cursor, |_, _| Ok(()))
}

/// Follows brackets and strings of one value (why this stands in three places, `redact::literal` says); a number or word ends before what cannot belong to it.
fn walk<R: Read>(
    cursor: &mut Cursor<R>,
    mut take: impl FnMut(&Cursor<R>, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut depth = 0_u64;
    let (mut in_string, mut escaped, mut begun) = (false, false, false);
    cursor.token()?;
    loop {
        cursor.need(1)?;
        if cursor.rest().is_empty() {
            return Err(cursor.corrupt("it ends within a value"));
        }
        let mut used = 0;
        let mut done = false;
        for byte in cursor.rest() {
            let ends_before = depth == 0 && !in_string && matches!(byte, b',' | b'}' | b']' | b':');
            if ends_before {
                done = true;
                break;
            }
            used += 1;
            if escaped {
                escaped = false;
            } else if in_string {
                match byte {
                    b'\\' => escaped = true,
                    b'"' => in_string = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => in_string = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
            }
            begun |= !byte.is_ascii_whitespace();
            if depth == 0 && !in_string && matches!(byte, b'"' | b'}' | b']') {
                done = true;
                break;
            }
        }
        let piece = cursor.rest()[..used].to_vec();
        take(cursor, &piece)?;
        cursor.advance(used);
        if done && begun {
            return Ok(());
        }
        if done {
            let found = cursor.peek()?;
            return Err(cursor.unexpected(found, "a value"));
        }
    }
}

/// Reads rows of locations.
pub(super) fn locations<R: Read>(
    cursor: &mut Cursor<R>,
    of: &LocationLayout,
    graph: &mut Graph,
    node: impl Fn(u64) -> Option<u32>,
) -> Result<()> {
    let mut row = [0; FIELDS];
    let mut more = open(cursor)?;
    while more {
        let at = cursor.offset();
        more = cursor.row(&mut row[..of.fields])? == After::Comma;
        let Some(node) = node(row[of.node]) else {
            return Err(corrupt(at, format_args!("there is no node at {}", row[of.node])));
        };
        let [script, line, column] =
            [of.script, of.line, of.column].map(|field| u32::try_from(row[field]).unwrap_or(u32::MAX));
        graph.locations.push(Location { node, script, line, column });
        cursor.weigh(|| graph.held())?;
    }
    // The last one counts, as in DevTools.
    let locations = &mut graph.locations;
    if !locations.is_sorted_by(|one, next| one.node < next.node) {
        locations.reverse();
        locations.sort_by_key(|location| location.node);
        locations.dedup_by_key(|location| location.node);
    }
    locations.shrink_to_fit();
    Ok(())
}

/// Reads the strings into the arena.
pub(super) fn strings<R: Read>(cursor: &mut Cursor<R>, graph: &mut Graph) -> Result<()> {
    let mut more = open(cursor)?;
    while more {
        string(cursor, graph)?;
        more = cursor.after(b']')? == After::Comma;
    }
    graph.strings.shrink();
    Ok(())
}

fn string<R: Read>(cursor: &mut Cursor<R>, graph: &mut Graph) -> Result<()> {
    cursor.expect(b'"')?;
    let begin = cursor.offset();
    let mut escapes = false;
    loop {
        // A single one may be all of the file.
        cursor.weigh(|| graph.held())?;
        cursor.need(1)?;
        let (rest, strings) = (cursor.rest(), &mut graph.strings);
        if rest.is_empty() {
            return Err(cursor.corrupt("it ends within a string"));
        }
        let Some(found) = memchr::memchr2(b'"', b'\\', rest) else {
            let used = rest.len();
            strings.extend(rest);
            cursor.advance(used);
            continue;
        };
        if rest[found] == b'"' {
            strings.extend(&rest[..found]);
            cursor.advance(found + 1);
            break;
        }
        escapes = true;
        strings.extend(&rest[..=found]);
        cursor.advance(found + 1);
        // What is escaped cannot end the string.
        let Some(byte) = cursor.peek()? else { return Err(cursor.corrupt("it ends within a string")) };
        strings.extend(&[byte]);
        cursor.advance(1);
    }
    let text = graph.strings.open_text();
    if let Err(error) = std::str::from_utf8(text) {
        return Err(corrupt(begin + error.valid_up_to() as u64, "a string is not UTF-8"));
    }
    if escapes && let Some(wrong) = wrong_escape(text) {
        return Err(corrupt(begin + wrong as u64, "a string has an escape that JSON has not"));
    }
    graph.strings.end();
    Ok(())
}
