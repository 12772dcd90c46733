//! Object ids that match between snapshots, and their price: V8 tracks every object move from the first such
//! snapshot on, which makes allocation-heavy code several times slower. So it ends with the next one.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock;
use crate::error::Error;
use crate::v8::{Isolate, StableIds};

/// ms after which a tracking that nobody ended is ended: somebody has forgotten the second snapshot.
const LONGEST: f64 = 3_600_000.0;

/// One environment's tracking. Only its own thread changes it.
#[derive(Debug, Default)]
pub struct Ids {
    /// Since when, epoch ms as f64 bits; 0 = not.
    since: AtomicU64,
}

impl Ids {
    /// Before a snapshot: starts the tracking if it is wanted and not there. Whether the ids are to be kept
    /// after it: another snapshot that asks for none must not end a comparison that is under way, nor what somebody
    /// else began (an inspector's client, another copy of this addon). `by_fork`: a child's ids die with it, so they must
    /// be given before the fork.
    pub fn before(&self, isolate: &Isolate, wanted: StableIds, by_fork: bool) -> bool {
        let tracking = self.are_kept();
        if !tracking && isolate.has_object_ids() {
            // Theirs to end. Until then ids match anyway.
            return true;
        }
        let keep = keep_after(wanted, tracking);
        if wanted != StableIds::No && !tracking && by_fork {
            isolate.start_tracking();
        }
        if wanted != StableIds::No {
            let since = if keep { clock::now().to_bits() } else { 0 };
            self.since.store(since, Ordering::Relaxed);
        }
        keep
    }

    /// Whether they are kept by us since an earlier snapshot. From any thread.
    pub fn are_kept(&self) -> bool {
        self.since.load(Ordering::Relaxed) != 0
    }

    /// Forgets the ids: full speed again.
    pub fn end(&self, isolate: &Isolate) {
        self.since.store(0, Ordering::Relaxed);
        isolate.stop_tracking();
    }

    /// Whether it has lasted too long.
    pub fn expired(&self, now: f64) -> bool {
        match self.since.load(Ordering::Relaxed) {
            0 => false,
            since => now - f64::from_bits(since) > LONGEST,
        }
    }
}

fn keep_after(wanted: StableIds, tracking: bool) -> bool {
    match wanted {
        StableIds::No => tracking,
        StableIds::Pair => !tracking,
        StableIds::Keep => true,
    }
}

/// What is said when [`Ids::expired`] ended it.
pub fn too_long() -> Error {
    Error::CaptureFailed(
        "object ids were kept for an hour after a snapshot with stableIds and no second one came; they are \
         forgotten now, because keeping them slows the process down"
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_pays_between_its_two_and_others_do_not_disturb_it() {
        assert!(keep_after(StableIds::Pair, false), "the first keeps");
        assert!(!keep_after(StableIds::Pair, true), "the second ends");
        assert!(keep_after(StableIds::No, true), "one between them keeps");
        assert!(!keep_after(StableIds::No, false));
        assert!(keep_after(StableIds::Keep, true) && keep_after(StableIds::Keep, false));
    }

    #[test]
    fn it_ends_by_itself_after_an_hour() {
        let ids = Ids { since: AtomicU64::new(1e12f64.to_bits()) };
        assert!(!ids.expired(1e12 + 3.5e6));
        assert!(ids.expired(1e12 + 3.7e6));
        assert!(!Ids::default().expired(1e13));
    }
}
