//! The objects an image of this process would have.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::super::outcome::{Fault, Mapped};
use super::base::Seams;
use super::files::{Code, Files};
use super::maps::{self, Maps};
use super::view::View;
use crate::error::Result;
use crate::image::format::OBJECTS;

/// The files that objects would stand for, each once. Allocates.
///
/// # Errors
/// `CaptureFailed`: the mappings, or memory, cannot be read.
pub fn mapped() -> Result<Vec<Mapped>> {
    list().map_err(|fault| fault.error())
}

fn list() -> std::result::Result<Vec<Mapped>, Fault> {
    let (mut room, view) = (vec![0; maps::ROOM], View::open(&Seams::default())?);
    let (mut code, mut seen) = (Box::new([(0, 0); OBJECTS]), Box::new([(0, 0); OBJECTS]));
    let code = Code::of(&mut code, &mut Maps::open(&mut room)?)?;
    let (mut files, mut found) = (Files::new(&mut seen), Vec::new());
    let mut maps = Maps::open(&mut room)?;
    while maps.advance()? {
        let mapping = maps.here()?;
        if files.known(&mapping).is_none()
            && let Some(id) = code.object(&mapping, &view)
            && files.add(&mapping).is_some()
        {
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
