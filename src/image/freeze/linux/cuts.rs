//! Addresses whose bytes are zeros in an image, in memory that nobody's allocator gives: they are noted where nothing may be
//! allocated, as many as there are.

use std::ops::Range;

use super::base::PAGE;
use super::sys;

/// Bytes that it begins with.
const FIRST: usize = 16 * PAGE;

/// Ranges of addresses. None: no memory is taken.
pub(super) struct Cuts {
    at: *mut Range<u64>,
    /// Bytes that are mapped there.
    mapped: usize,
    count: usize,
}

impl Cuts {
    /// None.
    pub const fn new() -> Self {
        Self { at: std::ptr::null_mut(), mapped: 0, count: 0 }
    }

    /// Notes one more; false: the kernel gives no memory for that.
    pub fn push(&mut self, range: Range<u64>) -> bool {
        if range.is_empty() {
            return true;
        }
        if (self.count + 1) * size_of::<Range<u64>>() > self.mapped && !self.grow() {
            return false;
        }
        // SAFETY: within the mapping, as was just seen, behind those that are there.
        unsafe { self.at.add(self.count).write(range) };
        self.count += 1;
        true
    }

    fn grow(&mut self) -> bool {
        let wanted = if self.mapped == 0 { FIRST } else { self.mapped * 2 };
        // SAFETY: what was mapped here, which is nobody else's; nobody has a reference into it.
        let Ok(at) = (unsafe { sys::grow(self.at as usize, self.mapped, wanted) }) else { return false };
        self.at = at as *mut Range<u64>;
        self.mapped = wanted;
        true
    }

    /// How many were noted.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether one of the first `count` of them goes from the first page of `range` to its last one.
    pub fn fill(&self, count: usize, range: Range<u64>) -> bool {
        if self.at.is_null() {
            return false;
        }
        // SAFETY: no more than were written there.
        let all = unsafe { std::slice::from_raw_parts(self.at, count.min(self.count)) };
        let page = PAGE as u64;
        let begins = |start| (range.start..range.start + page).contains(&start);
        all.iter().any(|one| begins(one.start) && one.end + page > range.end)
    }

    /// None any more.
    pub fn clear(&mut self) {
        self.count = 0;
    }

    /// All of them, ascending and apart. Where they are noted is one of them: nobody needs it in a copy.
    pub fn settle(&mut self) -> &[Range<u64>] {
        if self.count > 0 {
            // One that does not fit any more moves all: without it a copy has addresses that nobody looks at.
            let own = self.at as u64;
            self.push(own..own + self.mapped as u64);
        }
        let all = self.all();
        // Not the one that allocates.
        all.sort_unstable_by_key(|range| range.start);
        let mut last = 0;
        for next in 1..all.len() {
            let (done, rest) = all.split_at_mut(next);
            let (Some(before), Some(range)) = (done.get_mut(last), rest.first()) else { break };
            if range.start <= before.end {
                before.end = before.end.max(range.end);
            } else {
                let range = range.clone();
                last += 1;
                if let Some(place) = all.get_mut(last) {
                    *place = range;
                }
            }
        }
        self.count = self.count.min(last + 1);
        self.all()
    }

    /// As they were noted.
    pub fn all(&mut self) -> &mut [Range<u64>] {
        if self.at.is_null() {
            return &mut [];
        }
        // SAFETY: so many were written there.
        unsafe { std::slice::from_raw_parts_mut(self.at, self.count) }
    }
}

impl Drop for Cuts {
    fn drop(&mut self) {
        if self.mapped > 0 {
            // SAFETY: the mapping of its own, which nothing uses any more.
            unsafe { libc::munmap(self.at.cast(), self.mapped) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascending_and_apart() {
        let mut cuts = Cuts::new();
        assert!(cuts.settle().is_empty());
        for range in [7..7, 50..60, 10..20, 15..17, 20..25, 58..61] {
            assert!(cuts.push(range));
        }
        let all = cuts.settle();
        assert_eq!(all[..2], [10..25, 50..61]);
        // Its own.
        assert!(all.len() == 3 && all[2].contains(&(all.as_ptr() as u64)));
        assert_eq!(cuts.settle().len(), 3);
        cuts.clear();
        assert!(cuts.settle().is_empty());
    }

    #[test]
    fn as_many_as_there_are() {
        let mut cuts = Cuts::new();
        for number in (0..100_000_u64).rev() {
            assert!(cuts.push(number * 10..number * 10 + 5));
        }
        let all = cuts.settle();
        assert_eq!(all.len(), 100_001);
        assert!(all.windows(2).all(|pair| pair[0].end < pair[1].start));
    }
}
