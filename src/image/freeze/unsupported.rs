//! Elsewhere nothing is frozen.

use super::outcome::{Fault, Frozen, How, Mapped, Small, Step};
use crate::error::{Error, Result};

/// Writes this process's memory as an image; not here.
pub struct Freezer {
    _none: (),
}

impl Freezer {
    /// `Unsupported`.
    pub fn new(_level: i32) -> Result<Self> {
        Err(Error::Unsupported("heap images are written on Linux x64 only".into()))
    }

    /// Never called: there is no freezer.
    pub fn on_thread(&mut self, _thread: u32) {}

    /// Never called: there is no freezer.
    pub fn leave_out(&mut self, _range: std::ops::Range<u64>) -> bool {
        false
    }

    /// Never called: there is no freezer.
    pub fn leave_out_small(&mut self, _small: Small) {}

    /// Never called: there is no freezer.
    pub fn leave_out_memories(&mut self) {}

    /// Never called: there is no freezer.
    pub fn leave_nothing_out(&mut self) {}

    /// Never called: there is no freezer.
    ///
    /// # Safety
    /// None is needed here.
    pub unsafe fn freeze(
        &mut self,
        _to: std::ffi::c_int,
        _how: How,
        _moment: u32,
        _pid: u32,
        _look: &mut dyn FnMut(u64) -> bool,
    ) -> Frozen {
        Frozen::Failed(Fault::new(Step::Maps, 0))
    }
}

/// None is known.
pub fn is_guarded(_memory: u64) -> bool {
    false
}

/// No object is told.
pub fn mapped() -> Result<Vec<Mapped>> {
    Ok(Vec::new())
}
