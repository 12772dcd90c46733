//! An ELF file on disk.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::super::elf;

/// Opens a regular file, and nothing that could make us wait or do something by being opened.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
    }
}

/// Its build id; empty: it has none, or is no such file.
pub(super) fn id(file: &File) -> Vec<u8> {
    elf::build_id(|at, into| read(file, at, into)).map_or_else(Vec::new, |id| id.bytes().to_vec())
}

/// Bytes of it that loading maps; 0: it is no such file.
pub(super) fn loaded(file: &File) -> io::Result<u64> {
    let end = elf::loaded(|at, into| read(file, at, into)).unwrap_or(0);
    Ok(end.min(file.metadata()?.len()))
}

fn read(mut file: &File, at: u64, into: &mut [u8]) -> bool {
    file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(into)).is_ok()
}
