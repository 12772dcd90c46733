//! What a forked child is for, given to it from outside, so that a child that does something else with the heap's copy (a
//! report) needs no new arrow in this room; and the file it writes, or what it keeps to read it.

use std::os::fd::RawFd;
use std::sync::Arc;

use crate::capture::fork::answer::Answer;
use crate::capture::fork::shared_page::SharedPage;
use crate::capture::fork::system::lost;
use crate::capture::fork::target::Target;
use crate::capture::intake::{Intake, Mask};
use crate::capture::packed::{Packed, Packer};
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
    fn run(&mut self, isolate: &Isolate, file: &mut ChildOutput) -> Result<()>;
}

/// So many bytes of an image, a sixth as many when they are packed, may be memory still: an image is left where there is none.
const WRITE_BACK: u64 = 8 << 20;

/// Where a child writes, as V8's profiler and a [`ChildWork`] see it: bytes of JSON go in, the parent sees how far it
/// is, and whoever does not want it any more ends it.
pub struct ChildOutput {
    to: To,
    shared: Arc<SharedPage>,
    error: Option<Error>,
    /// Bytes of an image, before they were packed, that the disk has.
    on_disk: u64,
    /// Looks whether there is still memory for an image, now and then.
    look: fn(),
}

enum To {
    /// A file, with what was written to it if that is no JSON but an image.
    File(Box<Intake>, Option<Written>),
    /// This process's memory, to be read by itself.
    Memory(Box<Memory>),
}

struct Memory {
    answer: Answer,
    mask: Mask,
    packer: Option<Packer>,
    raw_bytes: u64,
}

/// What a child leaves.
pub(super) enum Left {
    File(Box<Intake>, Option<Written>),
    /// Nothing: it has said what was to be said.
    Nothing,
}

impl ChildOutput {
    pub(super) fn new(target: Target, redact: bool, shared: Arc<SharedPage>, look: fn()) -> Self {
        let to = match target {
            Target::File(intake) => To::File(intake, None),
            Target::Answer(answer) => {
                let memory = Memory { answer, mask: Mask::new(redact), packer: None, raw_bytes: 0 };
                To::Memory(Box::new(memory))
            }
        };
        Self { to, shared, error: None, on_disk: 0, look }
    }

    pub(super) fn into_parts(self) -> (Left, Arc<SharedPage>) {
        let left = match self.to {
            To::File(intake, image) => Left::File(intake, image),
            To::Memory(memory) => {
                // The parent has its answer.
                std::mem::forget(memory);
                Left::Nothing
            }
        };
        (left, self.shared)
    }

    fn intake(&self) -> Option<&Intake> {
        match &self.to {
            To::File(intake, _) => Some(intake),
            To::Memory(_) => None,
        }
    }

    /// What was written, where that was to be kept in memory; and a question whether to go on.
    ///
    /// # Errors
    /// `CaptureFailed` where it is in a file; as [`Packer::finish`].
    pub fn packed(&mut self) -> Result<(Packed, impl Fn() -> bool + Sync + use<>)> {
        let To::Memory(memory) = &mut self.to else {
            return Err(Error::CaptureFailed("what was written is in a file".into()));
        };
        memory.mask.finish()?;
        let packer = memory.packer.take().map_or_else(Packer::new, Ok)?;
        memory.raw_bytes = packer.raw_bytes();
        let shared = self.shared.clone();
        let go_on = move || {
            // Whoever watches sees that it gets on.
            shared.step();
            !shared.ended()
        };
        Ok((packer.finish()?, go_on))
    }

    /// Says what was found; whether there was room for that.
    pub fn say(&mut self, bytes: &[u8]) -> bool {
        match &mut self.to {
            To::Memory(memory) => memory.answer.write(bytes),
            To::File(..) => false,
        }
    }

    /// Where a work writes that writes no JSON, but a process's memory.
    pub fn raw_fd(&self) -> RawFd {
        self.intake().map_or(-1, |intake| intake.sink().raw_fd())
    }

    /// Whether the contents of Buffers belong into an image.
    pub fn has_buffers(&self) -> bool {
        self.intake().is_some_and(|intake| intake.sink().header().buffers)
    }

    /// So many bytes of memory are written there; whether to go on.
    pub fn frozen(&mut self, raw_bytes: u64) -> bool {
        self.shared.write(raw_bytes);
        (self.look)();
        if raw_bytes.saturating_sub(self.on_disk) >= WRITE_BACK {
            let written = self.intake().and_then(|intake| intake.sink().write_back());
            if let Some(errno) = written.filter(|errno| lost(*errno)) {
                self.error = Some(disk_failed(errno));
            }
            self.on_disk = raw_bytes;
        }
        if self.shared.ended() {
            self.error = Some(unwanted());
        } else if self.intake().is_some_and(|intake| !intake.sink().has_room()) {
            self.error = Some(no_room());
        }
        self.error.is_none()
    }

    /// All of it is.
    pub fn image(&mut self, written: Written) {
        if let To::File(_, image) = &mut self.to {
            *image = Some(written);
        }
    }

    /// Why it has refused bytes, or told V8 not to proceed, if it has.
    pub fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }
}

impl Output for ChildOutput {
    fn write(&mut self, bytes: &[u8]) -> bool {
        let result = if self.shared.ended() { Err(unwanted()) } else { self.to.write(bytes) };
        self.shared.write(self.to.raw_bytes());
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

impl To {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::File(intake, _) => intake.write(bytes),
            Self::Memory(memory) => {
                let Memory { mask, packer, .. } = &mut **memory;
                let packer = match packer {
                    Some(packer) => packer,
                    None => packer.insert(Packer::new()?),
                };
                packer.write(mask.pass(bytes)?)
            }
        }
    }

    fn raw_bytes(&self) -> u64 {
        match self {
            Self::File(intake, _) => intake.sink().raw_bytes(),
            Self::Memory(memory) => memory.packer.as_ref().map_or(memory.raw_bytes, Packer::raw_bytes),
        }
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
