//! What the watch over one heap limit knows: what is wanted, and how far the dump of a ramp is.
//!
//! Architecture invariant: a function of its arguments, as V8 asks inside a collection. The tests below would tell.

use std::time::Duration;

use serde::Deserialize;

use crate::capture::budget::RESERVE;
use crate::capture::options::CaptureOptions;
use crate::probe::limits::Room;
use crate::units::print_bytes;

/// Bytes in all: enough to reach a stack guard, in 8 of 8 tries.
const EXTEND: u64 = 32 << 20;
/// Given in so many steps: what is not needed to get there only makes the dying longer, at the slowest.
pub(super) const STEPS: u32 = 4;
const MOST_EXTEND: u64 = 1 << 30;
/// ms that the first process of a container waits for the child, which dies with it.
const WAIT_MS: f64 = 60_000.0;
/// A snapshot in this process collects garbage, and so meets the limit again: so many more steps.
pub(super) const INLINE_STEPS: u32 = 16;
/// Where there is no room for a step, V8 is still to ask whoever stands below us.
pub(super) const NEXT_ONE_ASKED: usize = 1 << 20;
/// So much more has a worker thread to come to its end in, in which it allocates until it looks whether it is to end, and a collection may
/// promote a young generation: at its limit then V8 would end the process.
pub(super) const TO_END_WORKER: usize = 64 << 20;
/// The heap has recovered when a full collection leaves less than this share of the limit.
const RECOVERED: f64 = 0.75;

/// `nearHeapLimit` of the watch options.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum NearHeapLimit {
    /// On with defaults, or off.
    Switch(bool),
    /// On.
    #[serde(rename_all = "camelCase")]
    Values {
        /// Bytes the limit is raised by, at most.
        extend: Option<u64>,
        /// ms the first process of a container waits for its child.
        wait_ms: Option<f64>,
    },
}

impl Default for NearHeapLimit {
    fn default() -> Self {
        Self::Switch(false)
    }
}

/// What is to be done at the limit.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Those who hear of it; the dump is the first one's.
    pub(super) monitors: Vec<u64>,
    pub(super) extend: usize,
    /// Somebody has said that the limit is to be raised, and by how much.
    pub(super) extend_asked: bool,
    /// An image, not a snapshot by a child: who watches says so.
    pub(super) image: bool,
    pub(super) wait: Duration,
    pub(super) options: CaptureOptions,
}

impl NearHeapLimit {
    /// For `monitor`, whose snapshots are made with `options`; `None`: off.
    pub fn wanted(self, monitor: u64, options: &CaptureOptions) -> Option<Wanted> {
        let (extend, wait_ms) = match self {
            Self::Switch(false) => return None,
            Self::Switch(true) => (None, None),
            Self::Values { extend, wait_ms } => (extend, wait_ms),
        };
        let wait_ms = wait_ms.filter(|ms| ms.is_finite() && *ms >= 0.0).unwrap_or(WAIT_MS);
        Some(Wanted {
            monitors: vec![monitor],
            extend_asked: extend.is_some(),
            image: false,
            extend: extend.unwrap_or(EXTEND).clamp(1 << 20, MOST_EXTEND) as usize,
            wait: Duration::from_secs_f64(wait_ms.min(24.0 * 3.6e6) / 1e3),
            options: CaptureOptions { trigger: Some("nearHeapLimit".into()), ..options.clone() },
        })
    }
}

impl Wanted {
    /// The monitors of `other` hear of it too.
    #[must_use]
    pub fn heard_by(mut self, other: &Self) -> Self {
        self.monitors.extend(&other.monitors);
        self
    }

    /// Whose dump it is.
    pub(super) fn monitor(&self) -> u64 {
        self.monitors.first().copied().unwrap_or_default()
    }
}

/// How far the dump of this ramp is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dump {
    /// The interrupt has been asked for.
    Asked,
    /// JavaScript stands still for it.
    Inline,
    /// A child takes it, or it is being finished.
    Running(u64),
    /// The process was frozen, or could not be: that has been told.
    Frozen,
    /// There is none.
    Refused,
}

#[derive(Debug)]
pub(super) struct Ramp {
    /// The limit before we raised it, bytes.
    pub(super) before: usize,
    /// Steps it was raised by.
    pub(super) steps: u32,
    pub(super) dump: Dump,
    /// The process's last words have told of it.
    pub(super) announced: bool,
    /// Why there is none.
    pub(super) why: Option<String>,
}

/// One environment's watch over its limit. Only its own thread comes here.
#[derive(Debug, Default)]
pub struct LimitWatch {
    pub(super) wanted: Option<Wanted>,
    pub(super) ramp: Option<Ramp>,
}

impl LimitWatch {
    /// Sets what is wanted; the limit to go back to if the watch ends in the middle of a ramp, else 0.
    pub fn set(&mut self, wanted: Option<Wanted>) -> usize {
        self.wanted = wanted;
        if self.wanted.is_some() { 0 } else { self.ramp.take().map_or(0, |ramp| ramp.before) }
    }

    /// Whether `heap_used`, what a full collection left, ends the ramp.
    pub fn recovered(&self, heap_used: u64) -> bool {
        // A dump that has not been carried out yet is carried out all the same.
        self.ramp.as_ref().is_some_and(|ramp| {
            (heap_used as f64) < ramp.before as f64 * RECOVERED
                && !matches!(ramp.dump, Dump::Asked | Dump::Inline)
        })
    }

    /// Ends the ramp: the limit to go back to. `None`: there is none, or `heap_used` has grown again since, and V8, which
    /// leaves a quarter free, would not go back all the way. The next full collection decides then.
    pub fn restore(&mut self, heap_used: u64) -> Option<usize> {
        self.ramp
            .take_if(|ramp| heap_used.saturating_mul(5) / 4 <= ramp.before as u64)
            .map(|ramp| ramp.before)
    }
}

/// Why the heap must not be let grow beyond its limit, if so: the container would be full before V8's limit is reached, and
/// the kernel would end what V8 would have ended with a word.
pub(super) fn too_tight(room: Option<Room>, extend: usize) -> Option<String> {
    // One step to reach a stack guard, and one for whoever is asked after us.
    let least = RESERVE.saturating_add((extend / STEPS as usize * 2) as u64);
    room.filter(|room| room.bytes < least).map(|room| {
        format!(
            "{} only {}, too little to let the heap grow until a snapshot can be begun",
            room.whose,
            print_bytes(room.bytes)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(dump: Dump) -> LimitWatch {
        let ramp = Ramp { before: 1000, steps: 1, dump, announced: false, why: None };
        LimitWatch {
            wanted: NearHeapLimit::Switch(true).wanted(1, &CaptureOptions::default()),
            ramp: Some(ramp),
        }
    }

    #[test]
    fn a_ramp_ends_when_the_heap_has_recovered_and_its_dump_was_carried_out() {
        assert!(!limit(Dump::Running(1)).recovered(800), "still near");
        assert!(!limit(Dump::Asked).recovered(100), "not yet carried out");
        assert!(limit(Dump::Refused).recovered(700));
        let mut running = limit(Dump::Running(1));
        assert!(running.recovered(700));
        assert_eq!(running.restore(801), None, "it has grown since");
        assert!(running.recovered(700), "the next collection sees it again");
        assert_eq!(running.restore(700), Some(1000));
        assert!(!running.recovered(700), "once");
        assert_eq!(running.restore(700), None, "once");
    }

    #[test]
    fn a_full_container_is_no_place_to_grow_in() {
        let room = |mib: u64| Some(Room { bytes: mib << 20, whose: "the test has left" });
        assert_eq!(too_tight(None, 32 << 20), None, "nobody knows");
        assert_eq!(too_tight(room(48), 32 << 20), None);
        let why = too_tight(room(47), 32 << 20).unwrap();
        assert!(why.starts_with("the test has left only 47 MiB, too little"), "{why}");
    }

    #[test]
    fn settings_are_bounded() {
        let options = CaptureOptions::default();
        assert!(NearHeapLimit::Switch(false).wanted(1, &options).is_none());
        let setting: NearHeapLimit = serde_json::from_str(r#"{"extend":1,"waitMs":-5}"#).unwrap();
        let wanted = setting.wanted(1, &options).unwrap();
        assert_eq!((wanted.extend, wanted.wait), (1 << 20, Duration::from_secs(60)));
        assert_eq!(wanted.options.trigger(), "nearHeapLimit");
        assert_eq!(serde_json::from_str::<NearHeapLimit>("true").unwrap(), NearHeapLimit::Switch(true));
    }
}
