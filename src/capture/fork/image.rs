//! The work of a child that is to freeze itself: an image of the process, in the time and memory that writing it takes.

use std::os::fd::RawFd;

use super::child::work::{ChildWork, ToFile};
use crate::capture::copy::freeze::Child;
use crate::error::Result;
use crate::v8::Isolate;

/// Freezes the child, straight into the file.
pub struct Image(Child);

impl Image {
    /// Makes ready, before the fork.
    ///
    /// # Errors
    /// There is no memory, or no freezing on this system.
    pub fn new() -> Result<Self> {
        Child::new().map(Self)
    }
}

impl ChildWork for Image {
    fn run(&mut self, isolate: &Isolate, file: &mut ToFile) -> Result<()> {
        let to: RawFd = file.raw_fd();
        let mut look = |raw_bytes| file.frozen(raw_bytes);
        // SAFETY: this is a forked child, which has one thread.
        let result = unsafe { self.0.freeze(isolate, to, &mut look) };
        let written = result.map_err(|error| file.take_error().unwrap_or(error))?;
        file.image(written);
        Ok(())
    }
}
