//! Whether there is room for an image: by a child what a fork takes before it does anything, in place the time for which
//! JavaScript stands still.

use std::sync::atomic::Ordering;

use super::{Known, PROMISED};
use crate::error::{Error, Result};
use crate::probe::cgroup::Cgroup;
use crate::probe::limits::{self, Room};
use crate::probe::process;
use crate::units::{print_bytes, print_duration};

/// Bytes of its own that a child takes which freezes itself, of any heap: its stack, zstd's tables, a frame.
const CHILD: u64 = 6 << 20;
/// Bytes that must stay free for the service meanwhile: little, as the child is gone in a moment and is ended before.
const RESERVE: u64 = 2 << 20;
/// The same where the kernel would end the service along with the child: what a service can change between two looks at what is left.
const RESERVE_AS_ONE: u64 = 32 << 20;
/// Bytes of page tables for each byte of memory where the kernel does not tell: most pages are neighbours.
const TABLES: u64 = 200;
/// With less than this free a child does not stand back for anybody: what the service changes meanwhile is copied for it, and the
/// sooner it is gone the less that is.
const SCARCE: u64 = 256 << 20;
/// Bytes a millisecond that are packed and written in place, before anybody has seen it here: 200 MB/s.
const FIRST_RATE: f64 = 200_000.0;

/// Lets a child be forked for an image if what that takes fits `budget` and what is left. What the service changes meanwhile
/// is copied for it, as much as it likes: the child is watched, and ended before there is too little. Says whether it has to
/// hurry.
///
/// # Errors
/// `MemoryBudget` with the figures.
pub fn admit(budget: Option<u64>) -> Result<Hurry> {
    let rss = process::process().map_or(0, |process| process.rss);
    let tables = process::page_tables().unwrap_or(rss / TABLES);
    let group = Cgroup::detect();
    admit_into(tables, budget, limits::room(group.as_ref()), reserve(group.as_ref()))
}

/// Bytes that must stay free for the service while a child freezes itself.
pub fn reserve(group: Option<&Cgroup>) -> u64 {
    if group.is_some_and(Cgroup::ends_as_one) { RESERVE_AS_ONE } else { RESERVE }
}

/// Whether a child has to be done before the service has changed much: it runs as the service does then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hurry {
    /// It stands back for others.
    No,
    /// It does not.
    Yes,
}

fn admit_into(tables: u64, budget: Option<u64>, room: Option<Room>, reserve: u64) -> Result<Hurry> {
    let need = CHILD + tables + tables / 4;
    let taken = reserve.saturating_add(PROMISED.load(Ordering::Relaxed));
    let left = room.map(|room| Room { bytes: room.bytes.saturating_sub(taken), ..room });
    let given = budget.map(|bytes| Room { bytes, whose: "memoryBudget allows" });
    match left.into_iter().chain(given).min_by_key(|room| room.bytes) {
        Some(Room { bytes, whose }) if bytes < need => {
            let but = if budget == Some(bytes) {
                String::new()
            } else {
                format!(" once {} are kept for the service", print_bytes(taken))
            };
            Err(Error::MemoryBudget(format!(
                "an image by fork needs about {}, {} of it for page tables, and {whose} {}{but}",
                print_bytes(need),
                print_bytes(need - CHILD),
                print_bytes(bytes),
            )))
        }
        _ if room.is_some_and(|room| room.bytes < SCARCE) => Ok(Hurry::Yes),
        _ => Ok(Hurry::No),
    }
}

/// How long JavaScript would stand still for an image in place, ms: by what this process has in memory, and by how fast the last
/// one was written.
pub fn pause(known: &Known) -> f64 {
    let process = process::process().unwrap_or_default();
    let bytes = process.anonymous.unwrap_or(process.rss) + process.swap.unwrap_or(0);
    pause_of(known, bytes)
}

fn pause_of(known: &Known, bytes: u64) -> f64 {
    bytes as f64 / known.image_rate()
}

/// Lets an image be written in place if JavaScript is predicted to stand still for no longer than `most` ms.
///
/// # Errors
/// `Timeout` with the figures.
pub fn admit_pause(known: &Known, most: f64) -> Result<()> {
    let pause = pause(known);
    if pause <= most {
        return Ok(());
    }
    known.forget_image_rate();
    Err(Error::Timeout(format!(
        "an image in place would stop JavaScript for about {}, and maxPause allows {}",
        print_duration(pause),
        print_duration(most)
    )))
}

impl Known {
    fn image_rate(&self) -> f64 {
        let rate = f64::from_bits(self.image_rate.load(Ordering::Relaxed));
        if rate > 0.0 { rate } else { FIRST_RATE }
    }

    /// One was refused for its pause, so nothing is learned: what was once slow is tried again after a few refusals.
    fn forget_image_rate(&self) {
        let rate = self.image_rate();
        if rate < FIRST_RATE {
            self.image_rate.store((rate * 1.25).min(FIRST_RATE).to_bits(), Ordering::Relaxed);
        }
    }
}

/// One has been written in place, for which JavaScript stood still for `ms`, or by a child, which took `ms` of a processor.
pub fn learn(known: &Known, raw_bytes: Option<u64>, ms: f64) {
    // A moment tells nothing, and it may be the next one's disk that is slow. One that was is not all that is believed.
    if let Some(bytes) = raw_bytes
        && ms > 1.0
    {
        let rate = (bytes as f64 / ms * 0.8).max(known.image_rate() / 2.0);
        known.image_rate.store(rate.to_bits(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn room(mib: u64) -> Option<Room> {
        Some(Room { bytes: mib * MIB, whose: "the test has left" })
    }

    #[test]
    fn a_child_needs_its_page_tables_and_little_else() {
        let error = admit_into(20 * MIB, None, room(30), RESERVE).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_MEMORY_BUDGET");
        let text = error.to_string();
        assert!(text.contains("about 31 MiB") && text.contains("the test has left 28 MiB"), "{text}");
        assert_eq!(admit_into(20 * MIB, None, room(33), RESERVE), Ok(Hurry::Yes), "before much is changed");
        assert_eq!(admit_into(20 * MIB, None, room(500), RESERVE), Ok(Hurry::No));
        assert_eq!(admit_into(20 * MIB, None, None, RESERVE), Ok(Hurry::No));
        let error = admit_into(2 * MIB, Some(8 * MIB), room(500), RESERVE).unwrap_err().to_string();
        assert!(error.contains("memoryBudget allows 8 MiB"), "{error}");
    }

    #[test]
    fn where_the_service_would_die_with_its_child_more_stays_free() {
        assert_eq!(reserve(None), RESERVE);
        let error = admit_into(2 * MIB, None, room(40), RESERVE_AS_ONE).unwrap_err().to_string();
        assert!(error.contains("left 8 MiB once 32 MiB are kept for the service"), "{error}");
    }

    #[test]
    fn a_pause_is_predicted_by_what_the_last_one_was() {
        let known = Known::default();
        assert_eq!(pause_of(&known, 100_000_000), 500.0);
        learn(&known, Some(100_000_000), 0.5);
        learn(&known, None, 50.0);
        assert_eq!(pause_of(&known, 100_000_000), 500.0, "nothing was learned");
        learn(&known, Some(100_000_000), 160.0);
        assert!((pause_of(&known, 100_000_000) - 200.0).abs() < 1e-6, "with a margin");
        learn(&known, Some(100_000_000), 60_000.0);
        assert!((pause_of(&known, 100_000_000) - 400.0).abs() < 1e-6, "one slow disk");
        learn(&known, Some(100_000_000), 60_000.0);
        for _ in 0..4 {
            admit_pause(&known, 0.0).unwrap_err();
        }
        assert_eq!(pause_of(&known, 100_000_000), 500.0, "what was refused is not refused for ever");
        let error = admit_pause(&known, 0.0).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_TIMEOUT");
        assert!(error.to_string().contains("maxPause allows 0ms"), "{error}");
    }
}
