//! The work of a child that is to make a report: it takes V8's snapshot of the copied heap into its own memory, packed, and
//! reads it there. Nothing goes to a disk, and a few KB come back.
//!
//! When V8 has written the snapshot it gives back what it took for it, which is several times what reading takes: a report
//! needs no more memory than a snapshot does.

use super::child::work::{ChildOutput, ChildWork};
use super::snapshot::Snapshot;
use crate::capture::reading::{About, Heap, Reading};
use crate::error::{Error, Result};
use crate::v8::Isolate;
use crate::v8::profiler::Contents;

/// Takes the heap and reads it.
pub struct Report {
    /// What V8 is asked for.
    pub contents: Contents,
    /// Who reads it.
    pub reading: Box<dyn Reading>,
    /// What is known of it.
    pub about: About,
}

impl ChildWork for Report {
    fn run(&mut self, isolate: &Isolate, to: &mut ChildOutput) -> Result<()> {
        Snapshot(self.contents).run(isolate, to)?;
        give_back();
        let (packed, go_on) = to.packed()?;
        let raw_bytes = packed.raw_bytes;
        let heap = Heap::Here { json: Box::new(packed), raw_bytes, go_on: &go_on };
        let answer = self.reading.read(heap, &self.about)?;
        if to.say(&answer) {
            return Ok(());
        }
        Err(Error::AnalysisFailed(format!("a report of {} bytes is too long", answer.len())))
    }
}

/// The pages of what V8 has freed go back to the kernel, or what is read next would come on top of them.
#[cfg(target_env = "gnu")]
fn give_back() {
    // SAFETY: takes malloc's own locks, which are free in a child.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(target_env = "gnu"))]
fn give_back() {}
