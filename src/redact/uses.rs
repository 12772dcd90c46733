//! What each text is used for, and what follows for it.

use super::columns::{Edges, KEY, NAME, Nodes, SLOT, Traces, VALUE};
use super::text::{Text, is_pair};
use crate::json::meta::FIELDS;

/// Characters of a class, function or script name that is kept. V8 cuts texts at 1,024, so a longer name is
/// incomplete anyway, and `data:` URLs are among them.
pub const NAME_LIMIT: u64 = 1_000;
/// Characters of a property or variable name that is kept: DevTools too takes no longer one for an interface's.
pub const KEY_LIMIT: u64 = 120;
/// Digits from which on a slot's number may be taken for somebody's.
const SECRET_DIGITS: usize = 4;

/// What V8 writes as the name of a value that it does not spell out, and its unused first text.
const LABELS: &[&[u8]] = &[
    b"",
    b"<dummy>",
    b"(concatenated string)",
    b"(sliced string)",
    b"bigint",
    b"heap number",
    b"smi number",
    b"symbol",
];

/// V8 numbers texts in the order of their first use, so none is further than the rows before it. The rest is for
/// other orders; a limit there must be, or a damaged number asks for any amount of memory.
const SLACK: u64 = 1 << 16;
/// Said of the byte where it happened.
const NO_MEMORY: &str = "no memory is left to note what texts are used for";
/// Bits for nodes at most (16 MiB).
const MOST_BITS: u64 = 1 << 27;

/// What to write for a text.
pub(super) enum Verdict<'a> {
    /// As it is.
    Keep(&'a [u8]),
    /// A WeakMap's pair: in parts.
    Pair(&'a [u8]),
    /// Nothing of it.
    Mask,
}

/// What was seen in the rows.
#[derive(Default)]
pub(super) struct Uses {
    /// By text.
    texts: Vec<u8>,
    rows: u64,
    /// Whether a node is a value, by id. Two nodes may share a bit, which at worst masks a class in a pair.
    values: Vec<u64>,
    has_ids: bool,
}

impl Uses {
    /// So many nodes will come, as the preamble says; without ids every one may be a value.
    pub(super) fn expect(&mut self, nodes: u64, has_ids: bool) -> Result<(), &'static str> {
        self.has_ids = has_ids;
        let words = (nodes.min(MOST_BITS).next_power_of_two().max(64) / 64) as usize;
        self.values.clear();
        self.values.try_reserve_exact(words).map_err(|_| NO_MEMORY)?;
        self.values.resize(words, 0);
        Ok(())
    }

    pub(super) fn node(&mut self, layout: &Nodes, row: &[u64; FIELDS]) -> Result<(), &'static str> {
        let used = used(&layout.uses, row[layout.kind]).unwrap_or(VALUE);
        if let Some(id) = layout.id.filter(|_| used == VALUE) {
            let (word, bit) = self.place(row[id]);
            if let Some(word) = self.values.get_mut(word) {
                *word |= bit;
            }
        }
        self.mark(row[layout.name], used)
    }

    pub(super) fn edge(&mut self, layout: &Edges, row: &[u64; FIELDS]) -> Result<(), &'static str> {
        match used(&layout.uses, row[layout.kind]).unwrap_or(0) {
            0 => {
                self.rows += 1;
                Ok(())
            }
            used => self.mark(row[layout.name], used),
        }
    }

    pub(super) fn trace(&mut self, layout: &Traces, row: &[u64; FIELDS]) -> Result<(), &'static str> {
        layout.names.iter().try_for_each(|&column| self.mark(row[column], NAME))
    }

    fn mark(&mut self, text: u64, used: u8) -> Result<(), &'static str> {
        self.rows += 1;
        let at = text as usize;
        if at >= self.texts.len() {
            if text > self.rows + SLACK {
                return Err("ends a row with an impossible number of a text");
            }
            self.texts.try_reserve(at + 1 - self.texts.len()).map_err(|_| NO_MEMORY)?;
            self.texts.resize(at + 1, 0);
        }
        self.texts[at] |= used;
        Ok(())
    }

    /// V8 counts ids of the heap in steps of two.
    fn place(&self, id: u64) -> (usize, u64) {
        let at = (id / 2) % (self.values.len().max(1) as u64 * 64);
        ((at / 64) as usize, 1 << (at % 64))
    }

    /// Whether the node of this id is, or may be, a value.
    pub(super) fn is_value(&self, id: u64) -> bool {
        let (word, bit) = self.place(id);
        !self.has_ids || self.values.get(word).is_none_or(|word| word & bit != 0)
    }

    /// What to write for the text at `index`.
    pub(super) fn judge<'a>(&self, index: u64, text: &'a Text) -> Verdict<'a> {
        let used = usize::try_from(index).ok().and_then(|at| self.texts.get(at)).copied().unwrap_or(0);
        let Some(bytes) = text.whole() else { return Verdict::Mask };
        if used & SLOT != 0 && is_pair(bytes) {
            return Verdict::Pair(bytes);
        }
        let is_number = bytes.len() >= SECRET_DIGITS && bytes.iter().all(u8::is_ascii_digit);
        let keep = LABELS.contains(&bytes)
            || used & NAME != 0 && text.chars() <= NAME_LIMIT
            || used & KEY != 0 && text.chars() <= KEY_LIMIT
            || used & SLOT != 0 && text.chars() <= KEY_LIMIT && !(used & VALUE != 0 && is_number);
        if keep { Verdict::Keep(bytes) } else { Verdict::Mask }
    }
}

fn used(uses: &[u8], kind: u64) -> Option<u8> {
    uses.get(usize::try_from(kind).ok()?).copied()
}
