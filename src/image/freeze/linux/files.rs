//! The files that are mapped, by what the kernel calls them, and which of them an object stands for.

use super::super::outcome::Fault;
use super::kind::{Source, source};
use super::maps::{Mapping, Maps};
use super::view::View;
use crate::image::elf::{self, Id};
use crate::image::format::{OBJECTS, PATH};

/// A file, by device and inode.
pub(super) type Seen = (u64, u64);

/// The files that came so far.
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

/// The files some of which is mapped as code. Who prints a stack maps files of symbols, which have the build id of what they
/// describe and other bytes: no object stands for those.
pub(super) struct Code<'a>(Files<'a>);

impl<'a> Code<'a> {
    /// Goes through the whole list.
    pub fn of(seen: &'a mut [Seen; OBJECTS], maps: &mut Maps) -> Result<Self, Fault> {
        let mut files = Files::new(seen);
        while maps.advance()? {
            let mapping = maps.here()?;
            let is_code = mapping.protection & libc::PROT_EXEC as u32 != 0;
            if is_code && source(&mapping) == Source::File && files.known(&mapping).is_none() {
                // Of those that are too many all that is mapped is written.
                let _ = files.add(&mapping);
            }
        }
        Ok(Self(files))
    }

    /// The build id of the object that stands for the file of `mapping`, which is its beginning; none: its pages are in the image.
    pub fn object(&self, mapping: &Mapping, view: &View) -> Option<Id> {
        let begins = source(mapping) == Source::File && mapping.offset == 0 && mapping.path.len() <= PATH;
        if !begins || self.0.known(mapping).is_none() {
            return None;
        }
        let len = mapping.high - mapping.low;
        elf::build_id(|at, into| {
            let end = at.checked_add(into.len() as u64);
            end.is_some_and(|end| end <= len) && view.whole(mapping.low + at, into)
        })
    }
}
