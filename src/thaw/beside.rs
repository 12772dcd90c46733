//! Thawing beside a service, which comes first: in the very container, perhaps, that had no room for a snapshot.

use std::path::Path;

use super::needs::{RESERVE, about, left_of, needed};
use crate::error::{Error, Result};
use crate::probe::cgroup::Cgroup;
use crate::probe::cpu::{self, Spare};
use crate::probe::limits::{self, Room};

/// The nice value of whoever thaws: the kernel's last.
const NICE: i32 = 19;
/// Processors that have to be left over of a quota: what a copy takes of it, the service is held up for.
const PROCESSORS: f64 = 1.0;

/// Everybody else goes first, from here on. Threads and processes that this thread starts inherit it.
pub fn stand_back() {
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// Lets the thawing of `image`, of `bytes`, begin where it takes nothing that the service needs. The memory it may have then.
/// Looks for a third of a second where there is a quota of CPU.
///
/// # Errors
/// `MemoryBudget`, `Unsupported` with the figures.
pub(super) fn admit(image: &Path, bytes: u64, most: Option<u64>) -> Result<u64> {
    let group = Cgroup::detect();
    if group.as_ref().is_some_and(Cgroup::ends_as_one) {
        return Err(Error::Unsupported(format!(
            "{} is not thawed beside the service: if memory ran out the kernel would end both (memory.oom.group)",
            image.display()
        )));
    }
    let memory = memory(image, bytes, most, limits::room(group.as_ref()))?;
    cpu::spare().map_or(Ok(()), |spare| processor(image, spare))?;
    Ok(memory)
}

/// All that is predicted to be needed has to be there, and what others keep twice.
fn memory(image: &Path, bytes: u64, most: Option<u64>, room: Option<Room>) -> Result<u64> {
    let free = room.map_or(u64::MAX, |room| room.bytes.saturating_sub(RESERVE * 2));
    let memory = most.map_or(free, |most| most.min(free));
    if memory >= needed(bytes) {
        return Ok(memory);
    }
    let whose = match &room {
        Some(room) if memory == free => left_of(room, RESERVE * 2, "the service"),
        _ => format!("it may have {} MB (memory)", memory / 1_000_000),
    };
    Err(Error::MemoryBudget(format!(
        "{} is not thawed beside the service: {}, and {whose}",
        image.display(),
        about(bytes)
    )))
}

fn processor(image: &Path, spare: Spare) -> Result<()> {
    if spare.left >= PROCESSORS {
        return Ok(());
    }
    Err(Error::Unsupported(format!(
        "{} is not thawed beside the service: it takes a whole processor, and of the {:.2} that the container may use {:.2} are left over",
        image.display(),
        spare.quota,
        // Not rounded up to what it is short of.
        (spare.left * 100.0).floor() / 100.0
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_needs_stays_its_own() {
        let image = Path::new("image");
        let room = |bytes| Some(Room { bytes, whose: "the container or the machine has left" });
        let need = needed(100 << 20);
        assert_eq!(memory(image, 100 << 20, None, room(need + RESERVE * 2)), Ok(need));
        let error = memory(image, 100 << 20, None, room(need + RESERVE * 2 - 1)).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_MEMORY_BUDGET");
        let words = error.to_string();
        assert!(words.contains("the container or the machine has left"), "{words}");
        // Its own figures say why.
        let figure = |behind: &str| -> u64 {
            let rest = words.split_once(behind).unwrap().1;
            rest.split_once(" MB").unwrap().0.parse().unwrap()
        };
        assert_eq!(figure("of which "), 135, "{words}");
        assert!(figure("needs about ") > figure("has left ") - figure("of which "), "{words}");
        let error = memory(image, 100 << 20, Some(1 << 20), room(u64::MAX)).unwrap_err().to_string();
        assert!(error.contains("it may have 1 MB (memory)"), "{error}");
        assert_eq!(memory(image, 100 << 20, Some(need), None), Ok(need));
        assert_eq!(memory(image, 100 << 20, None, None), Ok(u64::MAX));
    }

    #[test]
    fn a_quota_that_the_service_uses_is_not_taken_from_it() {
        let error = processor(Path::new("image"), Spare { left: 0.4, quota: 1.0 }).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_UNSUPPORTED");
        assert!(
            error.to_string().contains("of the 1.00 that the container may use 0.40 are left over"),
            "{error}"
        );
        assert_eq!(processor(Path::new("image"), Spare { left: 1.2, quota: 2.0 }), Ok(()));
    }

    #[test]
    fn only_this_thread_stands_back() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        std::thread::spawn(move || {
            stand_back();
            assert_eq!((nice(), std::thread::spawn(nice).join().unwrap()), (NICE, NICE));
        })
        .join()
        .unwrap();
        assert!(nice() < NICE);
    }
}
