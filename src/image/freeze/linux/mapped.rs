//! The objects an image of this process would have.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::super::outcome::{Fault, Mapped, Step};
use super::base::Seams;
use super::kind::{Source, source};
use super::maps::parse;
use super::view::View;
use crate::error::Result;
use crate::image::elf;

/// The files with a build id that are mapped now, each once. Allocates.
///
/// # Errors
/// `CaptureFailed`: the mappings, or memory, cannot be read.
pub fn mapped() -> Result<Vec<Mapped>> {
    let maps = std::fs::read("/proc/self/maps")
        .map_err(|error| Fault::new(Step::Maps, error.raw_os_error().unwrap_or(0)).error())?;
    let view = View::open(&Seams::default()).map_err(|fault| fault.error())?;
    let mappings = || maps.split(|byte| *byte == b'\n').filter_map(parse);
    // Who prints a stack maps files of symbols, which have the id of what they describe, and none of its code.
    let code: Vec<_> = mappings()
        .filter(|mapping| mapping.protection & libc::PROT_EXEC as u32 != 0)
        .map(|mapping| (mapping.device, mapping.inode))
        .collect();
    let (mut seen, mut found) = (Vec::new(), Vec::new());
    for mapping in mappings() {
        let file = (mapping.device, mapping.inode);
        let is_first = source(&mapping) == Source::File && mapping.offset == 0 && !seen.contains(&file);
        if !is_first || !code.contains(&file) {
            continue;
        }
        seen.push(file);
        let read = |at: u64, into: &mut [u8]| {
            let end = at.checked_add(into.len() as u64);
            end.is_some_and(|end| end <= mapping.high - mapping.low) && view.whole(mapping.low + at, into)
        };
        if let Some(id) = elf::build_id(read) {
            let path = Path::new(OsStr::from_bytes(mapping.path)).to_owned();
            found.push(Mapped { id: id.bytes().to_vec(), path });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_and_its_libc() {
        let found = mapped().unwrap();
        let names: Vec<_> = found.iter().filter_map(|one| one.path.file_name()).collect();
        let program = std::env::current_exe().unwrap();
        assert!(names.contains(&program.file_name().unwrap()), "{names:?}");
        assert!(names.iter().any(|name| name.to_string_lossy().starts_with("libc.")), "{names:?}");
        assert!(found.iter().all(|one| !one.id.is_empty()));
    }

    #[test]
    fn no_file_that_is_only_read() {
        use std::os::fd::AsRawFd;
        let libc =
            mapped().unwrap().into_iter().find(|one| one.path.to_string_lossy().contains("libc.")).unwrap();
        let copy = tempfile::NamedTempFile::new().unwrap();
        std::fs::copy(&libc.path, copy.path()).unwrap();
        let size = copy.as_file().metadata().unwrap().len() as usize;
        let fd = copy.as_file().as_raw_fd();
        // SAFETY: a new mapping where the kernel likes, which nobody else knows.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), size, libc::PROT_READ, libc::MAP_PRIVATE, fd, 0) };
        assert_ne!(at, libc::MAP_FAILED);
        let found = mapped().unwrap();
        // SAFETY: the mapping just made.
        unsafe { libc::munmap(at, size) };
        assert!(found.iter().all(|one| one.path != copy.path()), "{found:?}");
    }
}
