//! Rows two halves of a block at a time: fields between commas and, as V8 writes them, a line end behind each row.
//!
//! Each half goes into columns of its own, on a thread of its own where the host has one. Whatever is not as it should
//! be, in the order of the bytes or in what they say, makes a half nothing; it is then read row by row, and what is
//! wrong is told as if there were no halves.

use std::ops::Range;

use crate::heap::host::Host;
use crate::json::digits;
use crate::json::meta::FIELDS;

/// Columns of some rows.
pub(super) trait Columns: Default + Send {
    /// What the rows mean.
    type Layout: Sync;

    /// Takes a row, or does not. `at`: where it stands.
    fn push(&mut self, row: &[u64; FIELDS], at: usize, of: &Self::Layout) -> bool;

    fn clear(&mut self);
}

/// Where the two halves end, each before the comma behind a row. The fields are counted by their commas.
fn split(bytes: &[u8], fields: usize) -> Option<(usize, usize)> {
    let middle = bytes.len() / 2;
    let before = memchr::memchr_iter(b',', &bytes[..middle]).count();
    let missing = fields - before % fields;
    let first = middle + memchr::memchr_iter(b',', &bytes[middle..]).nth(missing - 1)?;
    let behind = memchr::memchr_iter(b',', &bytes[first + 1..]).count();
    let rest = behind % fields;
    let second = first + 1 + memchr::memrchr_iter(b',', &bytes[first + 1..]).nth(rest)?;
    Some((first, second))
}

/// Reads rows in `window[ready]`. How many bytes were used: those of both halves, of the first, or none.
pub(super) fn read<C: Columns>(
    window: &[u8],
    ready: Range<usize>,
    fields: usize,
    of: &C::Layout,
    host: &dyn Host,
    [one, two]: &mut [C; 2],
) -> usize {
    one.clear();
    two.clear();
    let begin = ready.start;
    let Some((first, second)) = split(&window[ready], fields) else { return 0 };
    let (mut one_is_good, mut two_is_good) = (false, false);
    host.both(&mut || one_is_good = rows(window, begin, begin + first, fields, of, one), &mut || {
        two_is_good = rows(window, begin + first + 1, begin + second, fields, of, two)
    });
    if !one_is_good {
        one.clear();
    }
    if !(one_is_good && two_is_good) {
        two.clear();
    }
    match (one_is_good, two_is_good) {
        (true, true) => second,
        (true, false) => first,
        (false, _) => 0,
    }
}

/// Takes the rows in `bytes[begin..end]`, behind which a comma stands; whether there was nothing else.
fn rows<C: Columns>(
    bytes: &[u8],
    begin: usize,
    end: usize,
    fields: usize,
    of: &C::Layout,
    columns: &mut C,
) -> bool {
    // With their number known each field has code of its own, and the processor learns how long it mostly is. Other
    // numbers V8 has never had.
    match fields {
        3 => rows_of::<C, 3>(bytes, begin, end, of, columns),
        5 => rows_of::<C, 5>(bytes, begin, end, of, columns),
        6 => rows_of::<C, 6>(bytes, begin, end, of, columns),
        7 => rows_of::<C, 7>(bytes, begin, end, of, columns),
        _ => false,
    }
}

fn rows_of<C: Columns, const N: usize>(
    bytes: &[u8],
    mut at: usize,
    end: usize,
    of: &C::Layout,
    columns: &mut C,
) -> bool {
    let mut row = [0; FIELDS];
    loop {
        let begin = at;
        for (field, value) in row[..N].iter_mut().enumerate() {
            let Some((number, digits)) = digits::up_to_fifteen(bytes, at) else { return false };
            *value = number;
            at += digits;
            if field + 1 < N {
                if bytes.get(at) != Some(&b',') {
                    return false;
                }
                at += 1;
            }
        }
        // V8's own way.
        if bytes.get(at) == Some(&b'\n') {
            at += 1;
        }
        if at > end || bytes.get(at) != Some(&b',') || !columns.push(&row, begin, of) {
            return false;
        }
        if at == end {
            return true;
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests;
