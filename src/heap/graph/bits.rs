//! A set of small numbers, one bit each.

/// One bit for each number below a length.
#[derive(Clone, Debug, Default)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// All clear; numbers below `len` can be set.
    pub fn new(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    /// Whether `index` is in it.
    #[inline]
    pub fn get(&self, index: usize) -> bool {
        self.0[index >> 6] >> (index & 63) & 1 == 1
    }

    /// Puts `index` in.
    #[inline]
    pub fn set(&mut self, index: usize) {
        self.0[index >> 6] |= 1 << (index & 63);
    }

    /// Puts `index` in; whether it was not there before.
    #[inline]
    pub fn insert(&mut self, index: usize) -> bool {
        let word = &mut self.0[index >> 6];
        let bit = 1 << (index & 63);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Takes `index` out.
    #[inline]
    pub fn clear(&mut self, index: usize) {
        self.0[index >> 6] &= !(1 << (index & 63));
    }
}
