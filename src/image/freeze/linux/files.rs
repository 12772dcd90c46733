//! The files that came so far, by what the kernel calls them.

use super::maps::Mapping;
use crate::image::format::OBJECTS;

/// A file, by device and inode.
pub(super) type Seen = (u64, u64);

pub(super) struct Files<'a> {
    seen: &'a mut [Seen; OBJECTS],
    count: usize,
}

impl<'a> Files<'a> {
    pub fn new(seen: &'a mut [Seen; OBJECTS]) -> Self {
        Self { seen, count: 0 }
    }

    /// The number of the mapping's file.
    pub fn known(&self, mapping: &Mapping) -> Option<u32> {
        let file = (mapping.device, mapping.inode);
        self.seen.iter().take(self.count).position(|seen| *seen == file).map(|number| number as u32)
    }

    /// Gives it one; none where there are too many.
    pub fn add(&mut self, mapping: &Mapping) -> Option<u32> {
        *self.seen.get_mut(self.count)? = (mapping.device, mapping.inode);
        self.count += 1;
        Some(self.count as u32 - 1)
    }
}
