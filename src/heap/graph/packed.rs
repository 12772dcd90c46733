//! A column of numbers that nearly all fit in 32 bits.

use std::collections::HashMap;

/// Marks a value that is in `high`.
const HIGH: u32 = u32::MAX;

/// `u64` at the price of `u32`: self sizes above 4 GiB and ids beyond V8's are rare, but they must be right.
#[derive(Clone, Debug, Default)]
pub struct PackedU64 {
    low: Vec<u32>,
    high: HashMap<usize, u64>,
}

impl PackedU64 {
    /// Makes room for `more` values.
    pub fn reserve(&mut self, more: usize) {
        self.low.reserve_exact(more);
    }

    /// Appends.
    #[inline]
    pub fn push(&mut self, value: u64) {
        match u32::try_from(value) {
            Ok(low) if low != HIGH => self.low.push(low),
            _ => {
                self.high.insert(self.low.len(), value);
                self.low.push(HIGH);
            }
        }
    }

    /// Appends all.
    pub fn extend(&mut self, values: &[u32]) {
        if values.contains(&HIGH) {
            values.iter().for_each(|value| self.push(u64::from(*value)));
        } else {
            self.low.extend_from_slice(values);
        }
    }

    /// Replaces.
    #[inline]
    pub fn set(&mut self, index: usize, value: u64) {
        match u32::try_from(value) {
            Ok(low) if low != HIGH => self.low[index] = low,
            _ => {
                self.high.insert(index, value);
                self.low[index] = HIGH;
            }
        }
    }

    /// How many of the values are kept apart, at a far higher price.
    pub fn kept_apart(&self) -> usize {
        self.high.len()
    }

    /// Reads.
    #[inline]
    pub fn get(&self, index: usize) -> u64 {
        match self.low[index] {
            HIGH => self.high.get(&index).copied().unwrap_or(0),
            low => u64::from(low),
        }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.low.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.low.is_empty()
    }

    /// All values in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_beyond_32_bits_come_back() {
        let values = [0, 1, u64::from(u32::MAX) - 1, u64::from(u32::MAX), u64::from(u32::MAX) + 1, u64::MAX];
        let mut wide = PackedU64::default();
        values.iter().for_each(|value| wide.push(*value));
        assert_eq!(wide.iter().collect::<Vec<_>>(), values);
        for narrow in [[7, HIGH, 9], [1, 2, 3]] {
            let mut wide = wide.clone();
            wide.extend(&narrow);
            assert!(wide.iter().skip(values.len()).eq(narrow.map(u64::from)));
        }
        for (index, value) in values.iter().rev().enumerate() {
            wide.set(index, *value);
        }
        assert_eq!(wide.iter().collect::<Vec<_>>(), values.iter().rev().copied().collect::<Vec<_>>());
    }
}
