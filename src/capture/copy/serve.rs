//! Does what a copy is asked, and leaves.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{alarm, wire};
use crate::capture::answering;
use crate::error::{Error, Result};
use crate::image::format::status;
use crate::image::request::Request;
use crate::v8::Isolate;
use crate::v8::profiler::{Contents, Ending, Output, snapshot};

/// Reads what it is asked, does it and leaves. Only in a copy, on the isolate's thread, outside collections; the heap has
/// no limit by now.
pub fn serve(isolate: &Isolate) -> ! {
    alarm::stop();
    let status = match catch_unwind(AssertUnwindSafe(|| work(isolate))) {
        Ok(Ok(())) => status::DONE,
        Ok(Err(error)) => {
            wire::fail(&error);
            status::FAILED
        }
        Err(_) => {
            wire::fail(&Error::CaptureFailed("a thawed process stopped in the middle of its work".into()));
            status::FAILED
        }
    };
    // SAFETY: no destructor of the old process may run.
    unsafe { libc::_exit(status) }
}

fn work(isolate: &Isolate) -> Result<()> {
    while let Some(request) = wire::next()? {
        match &request {
            Request::Snapshot { numeric_values } => {
                let contents = Contents { numeric_values: *numeric_values, keep_ids: true };
                // Then it leaves: whoever thaws waits for the end of what it reads.
                return take(isolate, contents);
            }
            Request::Ask { most, .. } => {
                isolate.allow_javascript();
                wire::give_answer(&answering::answer(isolate, &request)?, *most)?;
            }
        }
    }
    Ok(())
}

fn take(isolate: &Isolate, contents: Contents) -> Result<()> {
    let mut output = ToWire::default();
    if snapshot(isolate, contents, &mut output) == Ending::Complete {
        return Ok(());
    }
    let unknown = || Error::CaptureFailed("V8 ended the snapshot before it was complete".into());
    Err(output.error.unwrap_or_else(unknown))
}

#[derive(Default)]
struct ToWire {
    told: u32,
    error: Option<Error>,
}

impl Output for ToWire {
    fn write(&mut self, bytes: &[u8]) -> bool {
        self.error = wire::give(bytes).err();
        self.error.is_none()
    }

    fn proceed(&mut self, done: u32, total: u32) -> bool {
        // A hundred lines are enough.
        if done >= self.told || done < self.told.saturating_sub(total) {
            self.told = done.saturating_add((total / 100).max(1));
            wire::progress(done.into(), total.into());
        }
        true
    }
}
