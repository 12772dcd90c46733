//! Whoever makes reports of captured heaps, as this room sees it: it never sees `heap`.

use std::io::Read;
use std::path::Path;

use crate::error::Result;

/// Makes reports of the heap of one JavaScript thread, and remembers of each what the next is compared with.
pub trait Reports: Send + Sync {
    /// Makes ready for a report, with what is known of the earlier ones. Before the fork: what is given takes no lock.
    fn begin(&self) -> Box<dyn Reading>;

    /// Takes what a [`Reading`] has given: keeps what the next report is compared with, gives the report as JSON.
    ///
    /// # Errors
    /// `AnalysisFailed`: it is none.
    fn keep(&self, answer: &[u8]) -> Result<String>;
}

/// Reads one heap.
pub trait Reading: Send {
    /// Reads it and says what is found: bytes for [`Reports::keep`], at most [`MOST`].
    ///
    /// # Errors
    /// `MemoryBudget`, `Aborted`, `AnalysisFailed`.
    fn read(&self, heap: Heap<'_>, about: &About) -> Result<Vec<u8>>;
}

/// Bytes of an answer: a report of tens of KB, and what the next is compared with.
pub const MOST: usize = 4 << 20;

/// Where the heap is.
pub enum Heap<'a> {
    /// The JSON, in a forked child: no thread may be started, no lock taken that another thread may have held. `raw_bytes` of
    /// it. The function hears of each step, and says whether to go on.
    Here {
        /// The JSON.
        json: Box<dyn Read + Send>,
        /// Its bytes.
        raw_bytes: u64,
        /// Asked now and then whether to go on.
        go_on: &'a (dyn Fn() -> bool + Sync),
    },
    /// A snapshot's file, in the service.
    File {
        /// Where it is.
        path: &'a Path,
        /// Asked now and then whether to go on.
        go_on: &'a (dyn Fn() -> bool + Sync),
    },
}

/// What is known of it from outside.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// When it was ordered, ms since 1970.
    pub at: f64,
    /// Texts in it are masked.
    pub redacted: bool,
}
