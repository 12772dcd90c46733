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

/// Lends a second thread, hears of progress, can ask to stop.
pub trait Host: Sync {
    /// Runs both, perhaps at the same time.
    fn both(&self, a: &mut (dyn FnMut() + Send), b: &mut (dyn FnMut() + Send)) {
        a();
        b();
    }

    /// Called now and then.
    fn progress(&self, _stage: Stage, _done: u64, _total: u64) {}

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
