//! Bytes → file, without taking the disk's last room.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use crate::capture::fault;
use crate::capture::folder::{self, Folder, Room};
use crate::error::{Error, Result};

/// Default of `minFreeDisk`: 64 MiB, what an ordinary server's own logs and sockets need for a while.
pub const MIN_FREE_DISK: u64 = 64 << 20;

/// The disk is looked at again after at most this many bytes: others write to it too.
const STEP: u64 = 4 << 20;

/// Bytes that stay free: what was asked for, as it was asked; else [`MIN_FREE_DISK`], but not more than a
/// twentieth of the file system, or nothing could ever be written to a small one.
pub fn reserve(asked: Option<u64>, total: u64) -> u64 {
    asked.unwrap_or_else(|| MIN_FREE_DISK.min(total / 20))
}

/// Refuses before anything is created.
pub(super) fn check_before(folder: &Folder, asked: Option<u64>) -> Result<()> {
    // A file system that does not tell its room is written to until it refuses.
    let Ok(room) = folder.room() else { return Ok(()) };
    spare(room, asked, 1)
        .map(drop)
        .map_err(|missing| missing.in_words(folder.path().display(), "needs to be"))
}

pub(super) struct Output {
    path: PathBuf,
    asked: Option<u64>,
    // Bytes that may be written before the disk is looked at again.
    allowance: u64,
    written: u64,
}

impl Output {
    pub fn new(path: PathBuf, asked: Option<u64>) -> Self {
        Self { path, asked, allowance: 0, written: 0 }
    }

    pub fn written(&self) -> u64 {
        self.written
    }

    pub fn put(&mut self, mut file: &File, bytes: &[u8]) -> Result<()> {
        for piece in bytes.chunks(STEP as usize / 4) {
            let n = piece.len() as u64;
            if n > self.allowance {
                self.allowance = match folder::room(file) {
                    Ok(room) => spare(room, self.asked, n)
                        .map_err(|missing| missing.in_words(self.path.display(), "has to stay"))?
                        .min(STEP),
                    Err(_) => STEP,
                };
            }
            file.write_all(piece).map_err(|e| fault::at("cannot write", &self.path, &e))?;
            self.allowance -= n;
            self.written += n;
        }
        Ok(())
    }

    pub fn sync(&self, file: &File) -> Result<()> {
        file.sync_all().map_err(|e| fault::at("cannot sync", &self.path, &e))
    }
}

struct Missing {
    available: u64,
    reserve: u64,
}

impl Missing {
    fn in_words(self, place: impl std::fmt::Display, verb: &str) -> Error {
        Error::NoSpace(format!(
            "{place}: {} bytes are free on the disk, {} {verb} free (minFreeDisk)",
            self.available, self.reserve
        ))
    }
}

// Bytes that may be written, at least `need`.
fn spare(room: Room, asked: Option<u64>, need: u64) -> Result<u64, Missing> {
    if room.total == 0 {
        return Ok(u64::MAX);
    }
    let reserve = reserve(asked, room.total);
    let spare = room.available.saturating_sub(reserve);
    if spare < need { Err(Missing { available: room.available, reserve }) } else { Ok(spare) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_twentieth_of_a_small_disk() {
        assert_eq!(reserve(None, 100 << 30), MIN_FREE_DISK);
        assert_eq!(reserve(None, MIB), MIB / 20);
        assert_eq!(reserve(Some(MIB * 5), MIB), MIB * 5, "asked for is asked for");
        assert_eq!(reserve(Some(0), 100 << 30), 0);
    }

    #[test]
    fn spare_is_what_is_above_the_reserve() {
        let room = Room { available: 100 * MIB, total: 1 << 40 };
        assert_eq!(spare(room, None, 1).ok(), Some(36 * MIB));
        assert_eq!(spare(room, None, 36 * MIB).ok(), Some(36 * MIB));
        assert!(spare(room, None, 36 * MIB + 1).is_err());
        assert!(spare(room, Some(u64::MAX), 1).is_err());
        assert!(
            spare(Room { available: 0, total: 0 }, None, MIB).is_ok(),
            "a file system that does not tell"
        );
    }

    #[test]
    fn refuses_in_the_middle_and_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let file = File::create(dir.path().join("x")).unwrap();
        let mut output = Output::new("x".into(), Some(u64::MAX));
        let error = output.put(&file, b"abc").unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_NO_SPACE");
        assert!(error.to_string().contains("minFreeDisk"), "{error}");
        assert_eq!(file.metadata().unwrap().len(), 0);
    }
}
