//! The work of a child that is to freeze itself: an image of the process, in the time and memory that writing it takes.

use std::os::fd::RawFd;

use super::child::work::{ChildOutput, ChildWork};
use super::protocol::AMID;
use crate::capture::copy::freeze::Child;
use crate::error::{Error, Result};
use crate::v8::{Isolate, Unknown};

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
    fn run(&mut self, isolate: &Isolate, file: &mut ChildOutput) -> Result<()> {
        let to: RawFd = file.raw_fd();
        if !file.has_buffers() {
            // SAFETY: this is a forked child.
            match unsafe { self.0.leave_out_buffers() } {
                Ok(()) => {}
                Err(Unknown::Sweeping | Unknown::Torn) => {
                    // Another moment will do, which is another fork.
                    // SAFETY: ends the child and runs nothing of it.
                    unsafe { libc::_exit(AMID) }
                }
                Err(why) => return Err(Error::CaptureFailed(why.to_string())),
            }
        }
        let mut look = |raw_bytes| file.frozen(raw_bytes);
        // SAFETY: this is a forked child, which has one thread.
        let result = unsafe { self.0.freeze(isolate, to, &mut look) };
        let written = result.map_err(|error| file.take_error().unwrap_or(error))?;
        file.image(written);
        Ok(())
    }
}
