//! Rows two halves of a block at a time: fields between commas and, as V8 writes them, a line end behind each row.
//!
//! Each half goes into columns of its own, on a thread of its own where the host has one. Whatever is not as it should
//! be, in the order of the bytes or in what they say, makes a half nothing; it is then read row by row, and what is
//! wrong is told as if there were no halves.

use std::ops::Range;

use super::graph::{Graph, NodeKind};
use super::host::Host;
use super::meta::{EdgeLayout, FIELDS, NodeLayout};
use super::parse::{Ordinal, Widest};
use super::scan::{BLOCK, POWERS, eight};

/// Below this two threads are not worth it, bytes.
pub(super) const LEAST: usize = BLOCK / 16;

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
            let Some((number, digits)) = number(bytes, at) else { return false };
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

/// A number of at most fifteen digits, and how many they are.
#[inline]
fn number(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let (value, digits) = eight(bytes, at);
    if digits < 8 {
        return (digits > 0).then_some((value, digits));
    }
    let (more, digits) = eight(bytes, at + 8);
    (digits < 8).then(|| (value * POWERS[digits] + more, 8 + digits))
}

/// Nodes, as [`Graph`] has them. The two halves are apart, or their threads would wait for one cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Nodes {
    kinds: Vec<NodeKind>,
    names: Vec<u32>,
    ids: Vec<u32>,
    self_sizes: Vec<u32>,
    /// Edges of the rows before.
    first_edges: Vec<u32>,
    states: Vec<u8>,
    /// Edges of all rows.
    pub(super) edges: u64,
    /// The largest name, and where.
    pub(super) widest: Widest,
}

impl Columns for Nodes {
    type Layout = NodeLayout;

    #[inline]
    fn push(&mut self, row: &[u64; FIELDS], at: usize, of: &NodeLayout) -> bool {
        let (Some(kind), Ok(name), Ok(id), Ok(size)) = (
            of.kinds.get(row[of.kind % FIELDS] as usize),
            u32::try_from(row[of.name % FIELDS]),
            u32::try_from(row[of.id % FIELDS]),
            u32::try_from(row[of.self_size % FIELDS]),
        ) else {
            return false;
        };
        self.kinds.push(*kind);
        self.names.push(name);
        self.widest.see(u64::from(name), at as u64);
        self.ids.push(id);
        self.self_sizes.push(size);
        self.first_edges.push(self.edges as u32);
        if let Some(field) = of.detachedness {
            self.states.push((row[field % FIELDS] & 3) as u8);
        }
        self.edges += row[of.edge_count % FIELDS];
        self.edges < u64::from(u32::MAX)
    }

    fn clear(&mut self) {
        self.kinds.clear();
        self.names.clear();
        self.ids.clear();
        self.self_sizes.clear();
        self.first_edges.clear();
        self.states.clear();
        self.edges = 0;
        self.widest = Widest::default();
    }
}

impl Nodes {
    /// Appends them to those of the graph, which have `edges` edges.
    pub(super) fn append(&self, graph: &mut Graph, edges: u64) {
        graph.kinds.extend_from_slice(&self.kinds);
        graph.names.extend_from_slice(&self.names);
        graph.ids.extend(&self.ids);
        graph.self_sizes.extend(&self.self_sizes);
        graph.first_edges.extend(self.first_edges.iter().map(|first| first + edges as u32));
        if let Some(states) = &mut graph.detachedness {
            states.extend_from_slice(&self.states);
        }
    }
}

/// Edges, as [`Graph`] has them. Apart as nodes are.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Edges {
    targets: Vec<u32>,
    labels: Vec<u32>,
    /// The largest name, and where.
    pub(super) widest: Widest,
}

impl Columns for Edges {
    type Layout = (EdgeLayout, Ordinal);

    #[inline]
    fn push(&mut self, row: &[u64; FIELDS], at: usize, (of, node): &Self::Layout) -> bool {
        let (Some(kind), Some(target)) =
            (of.kinds.get(row[of.kind % FIELDS] as usize), node.of(row[of.target % FIELDS]))
        else {
            return false;
        };
        let name = row[of.label % FIELDS];
        let Some(label) = Graph::short_label(*kind, name) else { return false };
        if !kind.is_numbered() {
            self.widest.see(name, at as u64);
        }
        self.labels.push(label);
        self.targets.push(target);
        true
    }

    fn clear(&mut self) {
        self.targets.clear();
        self.labels.clear();
        self.widest = Widest::default();
    }
}

impl Edges {
    /// How many.
    pub(super) fn len(&self) -> usize {
        self.targets.len()
    }

    /// Appends them to those of the graph.
    pub(super) fn append(&self, graph: &mut Graph) {
        graph.targets.extend_from_slice(&self.targets);
        graph.labels.extend_from_slice(&self.labels);
    }
}

#[cfg(test)]
mod tests;
