//! The last samples.

use super::sample::Sample;
use std::collections::VecDeque;

/// A ring: the newest sample pushes the oldest out. Memory grows with what was pushed, not with the
/// capacity that was asked for.
#[derive(Clone, Debug)]
pub struct History {
    samples: VecDeque<Sample>,
    capacity: usize,
}

impl History {
    /// Keeps the last `capacity` samples; at least one, because there is always a latest.
    pub fn new(capacity: usize) -> Self {
        Self { samples: VecDeque::new(), capacity: capacity.max(1) }
    }

    /// Adds the newest sample.
    pub fn push(&mut self, sample: Sample) {
        while self.samples.len() >= self.capacity {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// The samples, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Sample> + ExactSizeIterator {
        self.samples.iter()
    }

    /// The newest sample.
    pub fn latest(&self) -> Option<&Sample> {
        self.samples.back()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether none was pushed yet.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// How many are kept.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Changes how many are kept. The newest stay; what a smaller ring does not need is given back.
    pub fn resize(&mut self, capacity: usize) {
        self.capacity = capacity.max(1);
        let surplus = self.samples.len().saturating_sub(self.capacity);
        self.samples.drain(..surplus);
        self.samples.shrink_to(self.capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Act {
        Push,
        Resize(usize),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![8 => Just(Act::Push), 1 => (0..12usize).prop_map(Act::Resize)]
    }

    proptest! {
        /// The twin is a plain vector that is cut after each act.
        #[test]
        fn keeps_the_newest(capacity in 0..12usize, acts in prop::collection::vec(act(), 0..200)) {
            let mut history = History::new(capacity);
            let mut twin: Vec<f64> = Vec::new();
            let mut kept = capacity.max(1);
            for (at, act) in acts.into_iter().enumerate() {
                match act {
                    Act::Push => {
                        history.push(Sample { at: at as f64, ..Sample::default() });
                        twin.push(at as f64);
                    }
                    Act::Resize(capacity) => {
                        history.resize(capacity);
                        kept = capacity.max(1);
                    }
                }
                twin.drain(..twin.len().saturating_sub(kept));
                let have: Vec<f64> = history.iter().map(|sample| sample.at).collect();
                prop_assert_eq!(&have, &twin);
                prop_assert_eq!(history.latest().map(|sample| sample.at), twin.last().copied());
                prop_assert_eq!((history.len(), history.is_empty()), (twin.len(), twin.is_empty()));
                prop_assert_eq!(history.capacity(), kept);
            }
        }
    }

    #[test]
    fn an_absurd_capacity_costs_nothing() {
        let mut history = History::new(usize::MAX);
        history.push(Sample::default());
        history.resize(usize::MAX);
        assert_eq!(history.len(), 1);
    }
}
