//! What a forked child is for, given to it from outside, so that a child that does something else with the heap's copy (a
//! report) needs no new arrow in this room; and the file it writes.

use std::os::fd::RawFd;
use std::sync::Arc;

use crate::capture::fork::shared_page::SharedPage;
use crate::capture::fork::system::lost;
use crate::capture::intake::Intake;
use crate::error::{Error, Result};
use crate::image::freeze::Written;
use crate::v8::Isolate;
use crate::v8::profiler::Output;

/// The work of a child: made by its service before the fork, done in the child's copy of the process.
pub trait ChildWork {
    /// Reads the copied heap, writes what `file` is to hold, and says that it is whole by `Ok`; then the child ends the file
    /// and sees that it gets its name. In the child, on the isolate's thread, outside collections. As everything in a
    /// child it must not allocate JavaScript, nor take a lock that another thread may have held at the fork, nor start a
    /// thread; it may allocate memory, within what the child was admitted for.
    ///
    /// # Errors
    /// Why there is no file: its service hears the code and the words.
    fn run(&mut self, isolate: &Isolate, file: &mut ToFile) -> Result<()>;
}

/// So many bytes of an image, a sixth as many when they are packed, may be memory still: an image is left where there is none.
const WRITE_BACK: u64 = 8 << 20;

/// The file that a child writes, as V8's profiler and a [`ChildWork`] see it: bytes of JSON go in, the parent sees how far it
/// is, and whoever does not want it any more ends it.
pub struct ToFile {
    intake: Intake,
    shared: Arc<SharedPage>,
    error: Option<Error>,
    /// Not JSON, but an image was written.
    image: Option<Written>,
    /// Bytes of an image, before they were packed, that the disk has.
    on_disk: u64,
    /// Looks whether there is still memory for an image, now and then.
    look: fn(),
}

impl ToFile {
    pub(super) fn new(intake: Intake, shared: Arc<SharedPage>, look: fn()) -> Self {
        Self { intake, shared, error: None, image: None, on_disk: 0, look }
    }

    pub(super) fn into_parts(self) -> (Intake, Arc<SharedPage>, Option<Written>) {
        (self.intake, self.shared, self.image)
    }

    /// Where a work writes that writes no JSON, but a process's memory.
    pub fn raw_fd(&self) -> RawFd {
        self.intake.sink().raw_fd()
    }

    /// Whether the contents of Buffers belong into an image.
    pub fn has_buffers(&self) -> bool {
        self.intake.sink().header().buffers
    }

    /// So many bytes of memory are written there; whether to go on.
    pub fn frozen(&mut self, raw_bytes: u64) -> bool {
        self.shared.write(raw_bytes);
        (self.look)();
        if raw_bytes.saturating_sub(self.on_disk) >= WRITE_BACK {
            if let Some(errno) = self.intake.sink().write_back().filter(|errno| lost(*errno)) {
                self.error = Some(disk_failed(errno));
            }
            self.on_disk = raw_bytes;
        }
        if self.shared.ended() {
            self.error = Some(unwanted());
        } else if !self.intake.sink().has_room() {
            self.error = Some(no_room());
        }
        self.error.is_none()
    }

    /// All of it is.
    pub fn image(&mut self, written: Written) {
        self.image = Some(written);
    }

    /// Why it has refused bytes, or told V8 not to proceed, if it has.
    pub fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }
}

impl Output for ToFile {
    fn write(&mut self, bytes: &[u8]) -> bool {
        let result = if self.shared.ended() { Err(unwanted()) } else { self.intake.write(bytes) };
        self.shared.write(self.intake.sink().raw_bytes());
        self.error = result.err();
        self.error.is_none()
    }

    fn proceed(&mut self, done: u32, total: u32) -> bool {
        self.shared.walk(done, total);
        if self.shared.ended() {
            self.error = Some(unwanted());
        }
        self.error.is_none()
    }
}

/// What has to stay free on the disk would not.
pub fn no_room() -> Error {
    Error::NoSpace(
        "the image was given up: the disk has no more room above what has to stay free (minFreeDisk, and 4 MiB for what \
         is being written)"
            .into(),
    )
}

/// The disk has said so of what was written.
pub fn disk_failed(errno: i32) -> Error {
    let words = format!("the disk could not take the image: {}", std::io::Error::from_raw_os_error(errno));
    match errno {
        libc::ENOSPC | libc::EDQUOT => Error::NoSpace(words),
        _ => Error::CaptureFailed(words),
    }
}

/// Whoever ordered it does not want it any more.
pub(super) fn unwanted() -> Error {
    Error::Aborted("the snapshot was given up while its child took it".into())
}
