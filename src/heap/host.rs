//! What pure code needs of its surroundings.

use crate::error::{Error, Result};

/// Where the work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Bytes of JSON are read: `done` of `total` bytes, 0 = the total is not known.
    Reading,
    /// Flags, shallow sizes, distances, class names.
    Rules,
    /// Dominators and retained sizes.
    Dominators,
    /// Tables for the reader.
    Tables,
}

impl Stage {
    /// A word for a progress bar.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Rules => "rules",
            Self::Dominators => "dominators",
            Self::Tables => "tables",
        }
    }
}

/// What a snapshot that is being read holds by now, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Rows of nodes.
    pub nodes: u64,
    /// Rows of edges.
    pub edges: u64,
    /// Strings, however short.
    pub strings: u64,
    /// Bytes of their texts.
    pub text: u64,
    /// Rows of locations.
    pub locations: u64,
    /// Numbers too large for their column, which are kept apart.
    pub large_numbers: u64,
}

/// Lends a second thread, hears of progress, can ask to stop.
pub trait Host: Sync {
    /// Runs both, perhaps at the same time.
    fn both(&self, a: &mut (dyn FnMut() + Send), b: &mut (dyn FnMut() + Send)) {
        a();
        b();
    }

    /// Called now and then.
    fn progress(&self, _stage: Stage, _done: u64, _total: u64) {}

    /// Asked now and then while a snapshot is read; an error, which says what is too much, ends that.
    fn admit(&self, _held: &Held) -> Result<()> {
        Ok(())
    }

    /// Asked now and then; the work ends with `Aborted` soon after this is true.
    fn cancelled(&self) -> bool {
        false
    }
}

/// No second thread, no progress, never cancelled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Host for Quiet {}

/// `Aborted` when the host wants an end.
pub(crate) fn check(host: &dyn Host) -> Result<()> {
    if host.cancelled() { Err(Error::Aborted("the analysis was aborted".to_owned())) } else { Ok(()) }
}
