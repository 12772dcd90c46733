//! A packed executable or library, into memory: no more of it than its ELF headers say is ever mapped.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::file;
use crate::error::{Error, Result};

/// No executable or library is larger.
const LARGEST: u64 = 2 << 30;
/// Bytes between two questions whether it may go on. The headers are in the first, as linkers write them.
const PIECE: u64 = 1 << 20;

pub(super) fn is_packed(mut file: &File) -> bool {
    let mut start = [0; 4];
    let packed = file.read_exact(&mut start).is_ok() && start == crate::file::frames::DATA.to_le_bytes();
    packed & file.rewind().is_ok()
}

/// Into memory, which is a file only by its descriptor: `taken` bytes of the `room` there is. What is no ELF file is left
/// after its beginning.
pub(super) fn unpack(
    file: File,
    place: &Path,
    room: u64,
    go_on: &dyn Fn() -> Result<()>,
    taken: &mut u64,
) -> Result<File> {
    let wrong = |error: io::Error| failed(place, &error);
    let memory = rustix::fs::memfd_create("heapwarden-object", rustix::fs::MemfdFlags::CLOEXEC)
        .map_err(|error| wrong(error.into()))?;
    let mut memory = File::from(memory);
    let mut decoder = zstd::stream::read::Decoder::new(file).map_err(wrong)?;
    let mut piece = Vec::with_capacity(PIECE as usize);
    let mut most = None;
    loop {
        go_on()?;
        piece.clear();
        let left = most.unwrap_or(LARGEST).saturating_sub(*taken);
        decoder.by_ref().take(left.min(PIECE)).read_to_end(&mut piece).map_err(wrong)?;
        if piece.is_empty() {
            // What was packed ends here, and only then its sum is compared; what somebody has put behind it is left.
            decoder.read(&mut [0]).map_err(wrong)?;
            return Ok(memory);
        }
        *taken += piece.len() as u64;
        if *taken > room {
            return Err(Error::MemoryBudget(format!(
                "{} cannot be unpacked: the image's executable and libraries take more memory than there is for it",
                place.display()
            )));
        }
        memory.write_all(&piece).map_err(wrong)?;
        if most.is_none() {
            if !file::is_elf(&memory) {
                return Ok(memory);
            }
            most = file::to_load(&memory).map(|most| most.min(LARGEST));
            memory.seek(io::SeekFrom::End(0)).map_err(wrong)?;
        }
    }
}

fn failed(place: &Path, error: &io::Error) -> Error {
    let words = format!("{} cannot be unpacked: {error}", place.display());
    match error.raw_os_error() {
        Some(libc::ENOMEM | libc::ENOSPC | libc::EFBIG) => Error::MemoryBudget(words),
        Some(_) => Error::CaptureFailed(words),
        None => Error::CorruptSnapshot(words),
    }
}
