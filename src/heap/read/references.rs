//! What rows refer to by number: strings, which come later in the file, and nodes.

/// The largest string index seen, and where: strings come last.
#[derive(Debug, Default)]
pub(super) struct LargestName {
    /// An index into the strings.
    pub(super) index: u64,
    /// Where the row begins that has it.
    pub(super) at: u64,
}

impl LargestName {
    /// A name that stands in the row at `at`.
    #[inline]
    pub(super) fn see(&mut self, index: u64, at: u64) {
        if index > self.index {
            *self = Self { index, at };
        }
    }

    /// What was seen in bytes that begin at `base`.
    pub(super) fn see_all(&mut self, other: &Self, base: u64) {
        self.see(other.index, base + other.at);
    }
}

/// Index into the flat array of nodes → ordinal, without a division for each edge.
pub(super) struct NodeIndex {
    fields: u64,
    nodes: u64,
    magic: u64,
}

impl NodeIndex {
    /// For a section of `nodes` rows of `fields` numbers.
    pub(super) fn new(fields: u64, nodes: u64) -> Self {
        Self { fields, nodes, magic: u64::MAX / fields.max(1) + 1 }
    }

    /// The ordinal; `None` where no row of a node begins.
    #[inline]
    pub(super) fn of(&self, index: u64) -> Option<u32> {
        // Exact for multiples: magic × fields is at most `fields` above 2⁶⁴.
        let ordinal = if self.fields == 1 {
            index
        } else {
            ((u128::from(index) * u128::from(self.magic)) >> 64) as u64
        };
        (ordinal < self.nodes && ordinal * self.fields == index).then_some(ordinal as u32)
    }
}
