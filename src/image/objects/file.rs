//! An ELF file on disk.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::super::elf;

/// Opens a regular file, and nothing that could make us wait or do something by being opened: what it is, is looked at first,
/// and what was looked at is opened.
#[cfg(target_os = "linux")]
pub(super) fn open(path: &Path) -> io::Result<File> {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;
    let place = File::options().read(true).custom_flags(libc::O_PATH).open(path)?;
    regular(&place)?;
    File::open(format!("/proc/self/fd/{}", place.as_raw_fd()))
}

/// Opens a regular file.
#[cfg(not(target_os = "linux"))]
pub(super) fn open(path: &Path) -> io::Result<File> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let file = File::open(path)?;
    regular(&file)?;
    Ok(file)
}

fn regular(file: &File) -> io::Result<()> {
    match file.metadata()?.is_file() {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")),
    }
}

/// Its build id; empty: it has none, or is no such file.
pub(super) fn id(file: &File) -> Vec<u8> {
    elf::build_id(|at, into| read(file, at, into)).map_or_else(Vec::new, |id| id.bytes().to_vec())
}

/// Bytes of it that loading maps; 0: it is no such file.
pub(super) fn loaded(file: &File) -> io::Result<u64> {
    Ok(to_load(file).unwrap_or(0).min(file.metadata()?.len()))
}

/// The same by its headers, if all of them are there.
pub(super) fn to_load(file: &File) -> Option<u64> {
    elf::loaded(|at, into| read(file, at, into))
}

/// Whether it begins as such a file.
#[cfg(target_os = "linux")]
pub(super) fn is_elf(file: &File) -> bool {
    let mut begin = [0; 4];
    read(file, 0, &mut begin) && begin == *b"\x7fELF"
}

fn read(mut file: &File, at: u64, into: &mut [u8]) -> bool {
    file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(into)).is_ok()
}
