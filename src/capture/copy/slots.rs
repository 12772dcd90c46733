//! Functions of the C library that a copy has others for: where the process's objects keep their addresses.

use std::ffi::CStr;

use crate::capture::fork::relocations;

/// A function's name, and the address of what takes its place.
pub(super) type Replacement = (&'static CStr, usize);

/// Each slot, and what takes its place there.
#[derive(Debug, Default)]
pub(super) struct Slots(Vec<(usize, usize)>);

impl Slots {
    /// Looks through all loaded objects. Takes the loader's lock: before a process is frozen.
    pub fn find(replacements: &[Replacement]) -> Self {
        let mut slots = Vec::new();
        relocations::each(&mut |name, slot| {
            slots.extend(replacements.iter().find(|(one, _)| *one == name).map(|(_, by)| (slot, *by)));
        });
        Self(slots)
    }

    /// From now on the process calls these.
    ///
    /// # Safety
    /// Only in a copy, which has one thread. Each replacement takes what the function of its name takes.
    pub unsafe fn replace(&self) {
        for (slot, by) in &self.0 {
            // SAFETY: found in a loaded object; the rest as the caller vouches.
            unsafe { relocations::point(*slot, *by) };
        }
    }
}
