//! Whether this machine has what an image needs: its CPU, its files, its memory.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use super::options::ThawOptions;
use super::survey::Survey;
use crate::error::{Error, Result};
use crate::image::cpu;
use crate::image::objects::{Finder, folder_of};
use crate::probe::cgroup::Cgroup;
use crate::probe::limits::{self, Room};

const MIB: u64 = 1 << 20;
/// Bytes that stay free for everybody else.
pub(super) const RESERVE: u64 = 64 * MIB;
/// V8's snapshot takes 6 to 14 times the heap, and an image is more than its heap.
const TIMES: u64 = 7;

/// Whether code that was chosen for the CPU there runs on this one.
///
/// # Errors
/// `Unsupported`, with what is missing.
pub(super) fn check_cpu(path: &Path, survey: &Survey) -> Result<()> {
    let missing: Vec<_> = cpu::missing(survey.start.cpu, cpu::words()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::Unsupported(format!(
        "{} was frozen on a CPU that has {}, and this one has not: thaw it on a machine like the one it comes from",
        path.display(),
        missing.join(", ")
    )))
}

/// Whether the system's own files are there: a copy's memory is watched by them, and an image's files are opened through them.
///
/// # Errors
/// `Unsupported`, with what is missing.
pub(super) fn check_proc(path: &Path) -> Result<()> {
    check_proc_at(Path::new("/proc"), path)
}

fn check_proc_at(proc: &Path, path: &Path) -> Result<()> {
    let own = proc.join("self/fd");
    std::fs::metadata(&own).map(drop).map_err(|error| {
        Error::Unsupported(format!(
            "{} cannot be thawed here: that needs {}, and {} cannot be looked at ({error}); mount it (mount -t proc proc /proc)",
            path.display(),
            proc.display(),
            own.display()
        ))
    })
}

/// What an image may use here.
pub(super) struct Granted {
    /// Its files, in the order of their numbers.
    pub objects: Vec<Arc<OwnedFd>>,
    /// Bytes of memory the copy may take.
    pub memory: u64,
}

/// The image's files, and its memory. What has to be unpacked of the files takes from what the copy may have.
///
/// # Errors
/// `NotFound`, with the file and where it was looked for; `MemoryBudget` where not even the image itself has room; what
/// `go_on` says.
pub(super) fn grant(
    path: &Path,
    survey: &Survey,
    options: &ThawOptions,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<Granted> {
    let most = memory(path, survey, options)?;
    let room = most.min(left()).saturating_sub(survey.bytes);
    let mut finder = Finder::new(folder_of(path), &options.objects, room, go_on);
    let find = survey.objects.iter().map(|object| finder.find(&object.id, &object.path));
    let objects = find.collect::<Result<_>>()?;
    let taken = room - finder.room();
    Ok(Granted { objects, memory: most - taken })
}

/// Bytes that are to be had, besides those for everybody else.
pub(super) fn left() -> u64 {
    limits::room(Cgroup::detect().as_ref()).map_or(u64::MAX, |room| room.bytes.saturating_sub(RESERVE))
}

/// Bytes the copy may take.
fn memory(path: &Path, survey: &Survey, options: &ThawOptions) -> Result<u64> {
    let group = Cgroup::detect();
    let room = limits::room(group.as_ref());
    let left = room.as_ref().map_or(u64::MAX, |room| room.bytes.saturating_sub(RESERVE));
    let most = options.memory.unwrap_or(left);
    if most.min(left) < survey.bytes + RESERVE {
        let whose = match &room {
            Some(room) if left < most => left_of(room, RESERVE, "others"),
            _ => format!("it may have {} MB (memory)", most / 1_000_000),
        };
        return Err(Error::MemoryBudget(format!(
            "{} cannot be thawed here: {}, and {whose}",
            path.display(),
            about(survey.bytes)
        )));
    }
    Ok(most)
}

/// Bytes that an image of `bytes` is predicted to take with V8's snapshot.
pub(super) fn needed(bytes: u64) -> u64 {
    bytes.saturating_mul(TIMES)
}

/// In words.
pub(super) fn about(bytes: u64) -> String {
    // What is needed is rounded up, what there is is rounded down: so that what is refused is more.
    let (own, all) = (bytes / 1_000_000, needed(bytes).div_ceil(1_000_000));
    format!("the image has {own} MB, and with V8's snapshot it needs about {all} MB")
}

/// What there is, and what of it is `kept` for `others`, in words.
pub(super) fn left_of(room: &Room, kept: u64, others: &str) -> String {
    let (bytes, kept) = (room.bytes / 1_000_000, kept.div_ceil(1_000_000));
    format!("{} {bytes} MB, of which {kept} MB stay free for {others}", room.whose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_proc_it_is_proc_that_is_missed() {
        let image = Path::new("image");
        assert_eq!(check_proc(image), Ok(()));
        let empty = tempfile::tempdir().unwrap();
        let error = check_proc_at(empty.path(), image).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_UNSUPPORTED");
        let words = error.to_string();
        let needs = format!("image cannot be thawed here: that needs {}, and ", empty.path().display());
        assert!(words.starts_with(&needs) && words.contains("os error 2"), "{words}");
    }
}
