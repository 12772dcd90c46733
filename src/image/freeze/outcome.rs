//! What comes of a freezing, on every platform.

use std::fmt;

use crate::error::Error;

/// Who else runs while memory is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Nobody: a forked child. Memory is read where it lies.
    Alone,
    /// Other threads: memory is read through the kernel, and what vanishes meanwhile becomes zeros, never a fault.
    Beside,
}

/// zstd's level where a forked child writes and its service goes on. Of 155 MB of a Node 22 heap: 0.27 s of CPU, 23.6 MB;
/// level 3 takes 0.38 s for 23.7 MB. (The test `measured` prints such figures for any heap.)
pub const BY_CHILD: i32 = 1;
/// zstd's level where the service waits. Of 132 MB of a Node 20 heap of small objects 77 ms for 16.6 MB; level −1 takes 99 ms for
/// 12.9 MB, level 1 112 ms for 10.8 MB, −7 70 ms for 19.8 MB. Of 473 MB of TypeScript's compiler 0.55 s for 138 MB; −1 0.64 s for
/// 112 MB, 1 0.74 s for 91 MB. A bare `write` takes 30 ms for 132 MB.
pub const IN_PLACE: i32 = -4;

/// The freezing returns twice: once where it was called, once more in each copy that is thawed from the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frozen {
    /// The image is in the file.
    Written(Written),
    /// This is the copy.
    Thawed,
    /// It is not, and the file is cut.
    Failed(Fault),
}

/// Figures of an image that was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Bytes of the stream before it was packed.
    pub raw_bytes: u64,
    /// Bytes that went to the file.
    pub data_bytes: u64,
    /// Packed frames among them.
    pub frames: u64,
    /// Pages in the stream.
    pub pages: u64,
    /// How it was known which pages there are.
    pub presence: Presence,
    /// Bytes of mapped files that no object stands for and that were too many to be in the image, and of huge pages that only
    /// their file system gives: zeros in the copy.
    pub left_out: u64,
}

/// How the freezer knew which pages are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// By `/proc/self/pagemap`: exact.
    #[default]
    Pagemap,
    /// By `mincore`, and by comparing mapped files with memory: exact too where nothing is swapped out.
    Mincore,
    /// Neither would do: all memory that may be read was read.
    Everything,
}

/// A file of which this process has a private mapping, and which has a build id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// Its build id.
    pub id: Vec<u8>,
    /// Its path when it was mapped; something else may be there now.
    pub path: std::path::PathBuf,
}

/// How contents that are to be left out look where they lie amid other memory: a word that is `mark`, then the address of a
/// block, plus one. The block begins with `head`, a number of bytes in the upper half of a word, and these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Small {
    /// What stands before the address.
    pub mark: u64,
    /// What the block begins with.
    pub head: u64,
    /// The most bytes of one.
    pub most: u64,
}

/// What was being done when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reading the list of mappings.
    Maps,
    /// Reading memory through the kernel.
    Memory,
    /// Telling the memory of WebAssembly from other memory.
    Memories,
    /// Packing.
    Pack,
    /// Writing to the file.
    Write,
    /// A mapping lies where the loader has to be.
    Place,
    /// Whoever looked on said so.
    Stopped,
}

/// Why there is no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What was being done.
    pub step: Step,
    /// The system's number for it; 0 where it had no part in it.
    pub errno: i32,
    /// The address it was at.
    pub at: u64,
}

impl Fault {
    /// At no address in particular.
    pub(super) fn new(step: Step, errno: i32) -> Self {
        Self { step, errno, at: 0 }
    }

    /// As an error of this crate. Not for where nothing may be allocated.
    pub fn error(&self) -> Error {
        let text = self.to_string();
        #[cfg(unix)]
        if self.step == Step::Write && [libc::ENOSPC, libc::EDQUOT, libc::EFBIG].contains(&self.errno) {
            return Error::NoSpace(text);
        }
        if self.step == Step::Stopped { Error::Aborted(text) } else { Error::CaptureFailed(text) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.step {
            Step::Maps => "the process could not be frozen: the list of its mappings could not be read",
            Step::Memory => {
                "the process could not be frozen: its memory could not be read beside its other threads"
            }
            Step::Memories => {
                "the process could not be frozen without the contents of Buffers: a memory of WebAssembly could not be told from \
                 other memory"
            }
            Step::Pack => "the process could not be frozen: zstd refused",
            Step::Write => "the image could not be written",
            Step::Place => "the process could not be frozen: a mapping lies where a copy's loader has to be",
            Step::Stopped => "the freezing was stopped",
        })?;
        if self.at != 0 {
            write!(f, ", at 0x{:x}", self.at)?;
        }
        if self.errno != 0 {
            write!(f, ": {}", std::io::Error::from_raw_os_error(self.errno))?;
        }
        Ok(())
    }
}
