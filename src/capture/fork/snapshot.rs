//! The work of a child that is to write a snapshot of the heap.

use super::child::work::{ChildOutput, ChildWork};
use crate::error::{Error, Result};
use crate::v8::Isolate;
use crate::v8::profiler::{Contents, Ending, snapshot};

/// Takes V8's snapshot of the copied heap, straight into the file.
pub struct Snapshot(pub Contents);

impl ChildWork for Snapshot {
    fn run(&mut self, isolate: &Isolate, file: &mut ChildOutput) -> Result<()> {
        if snapshot(isolate, self.0, file) == Ending::Complete {
            return Ok(());
        }
        let unknown = || Error::CaptureFailed("V8 ended the snapshot before it was complete".into());
        Err(file.take_error().unwrap_or_else(unknown))
    }
}
