//! What a caller may say about a thaw, and what he hears meanwhile.

use std::path::PathBuf;
use std::time::Duration;

use crossbeam_channel::Receiver;

use crate::file::reader::Stop;
use crate::image::request::Request;

/// Time a thaw may take if nobody says: V8's snapshot of some GB takes minutes.
pub const TIMEOUT: Duration = Duration::from_secs(1800);

/// How to thaw.
#[derive(Clone, Debug)]
pub struct ThawOptions {
    /// The loader, `native/heapwarden-thaw-linux-x64` of the package.
    pub loader: PathBuf,
    /// Bytes of memory the copy may take, its image's own included, and what had to be unpacked of its files. `None`: what the
    /// container or the machine leaves.
    pub memory: Option<u64>,
    /// From the call to its end; in a session from each request to its answer.
    pub timeout: Duration,
    /// More folders or files to look for the image's files in.
    pub objects: Vec<PathBuf>,
    /// Ends it from another thread: `Aborted`.
    pub stop: Stop,
    /// Beside a service, which comes first: it is refused where the service might miss what it takes.
    pub beside: bool,
}

impl ThawOptions {
    /// The usual ones.
    pub fn new(loader: PathBuf) -> Self {
        Self {
            loader,
            memory: None,
            timeout: TIMEOUT,
            objects: Vec::new(),
            stop: Stop::default(),
            beside: false,
        }
    }
}

/// What the copy is to do.
#[derive(Clone, Debug)]
pub enum Requests<'a> {
    /// These, one after the other; then nothing more comes.
    Given(&'a [Request]),
    /// Whatever comes, each with one answer, until the sender is gone. The copy waits for them without a limit of time.
    Session(Receiver<Request>),
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The image is being read: bytes of both readings together.
    Loading {
        /// Bytes.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The copy is at work, in its own units.
    Working {
        /// Done.
        done: u64,
        /// In all.
        total: u64,
    },
}
