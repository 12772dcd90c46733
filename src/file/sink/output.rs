//! Bytes → file, without taking the disk's last room.

use std::fs::File;
use std::io::{self, Write};

use super::temp::Temp;
use crate::error::{Error, Result};
use crate::file::fault;
use crate::file::folder::{self, DiskRoom, Folder};
use crate::file::store::Retention;

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
pub(super) fn check_before(folder: &Folder, asked: Option<u64>, retention: Option<&Retention>) -> Result<()> {
    loop {
        // A file system that does not tell its room is written to until it refuses.
        let Ok(room) = folder.room() else { return Ok(()) };
        let Err(missing) = spare(room, asked, 1) else { return Ok(()) };
        if !gives_way(folder, retention, 0, missing.bytes()) {
            return Err(missing.in_words(folder.path().display(), "cannot begin"));
        }
    }
}

/// Before a file of about `expected` bytes is written by somebody who does not ask for room on the way: what would not be kept
/// beside it goes now, no more of it than has to.
pub(super) fn make_way(folder: &Folder, asked: Option<u64>, retention: Option<&Retention>, expected: u64) {
    let (Some(retention), Ok(room)) = (retention, folder.room()) else { return };
    if let Err(missing) = spare(room, asked, expected.max(STEP)) {
        retention.make_room_before(folder, missing.bytes());
    }
}

/// Whether what would not be kept beside a new file of `written` bytes made room for `missing` more: an old snapshot
/// must not stand in the way of a new one for the sake of which it would go anyway.
pub(super) fn gives_way(folder: &Folder, retention: Option<&Retention>, written: u64, missing: u64) -> bool {
    retention.is_some_and(|retention| retention.make_room(folder, written, missing))
}

pub(super) struct Output {
    asked: Option<u64>,
    // Bytes that may be written before the disk is looked at again.
    allowance: u64,
    written: u64,
    retention: Option<Retention>,
}

impl Output {
    pub fn new(asked: Option<u64>, retention: Option<Retention>) -> Self {
        Self { asked, allowance: 0, written: 0, retention }
    }

    pub fn written(&self) -> u64 {
        self.written
    }

    pub fn into_retention(self) -> Option<Retention> {
        self.retention
    }

    pub fn put(&mut self, temp: &Temp, bytes: &[u8]) -> Result<()> {
        for piece in bytes.chunks(STEP as usize / 4) {
            let n = piece.len() as u64;
            if n > self.allowance {
                self.allowance = self.look(temp, n)?;
            }
            self.write(temp, piece)?;
            self.allowance -= n;
            self.written += n;
        }
        Ok(())
    }

    /// Bytes that may be written now, at least `need`.
    fn look(&self, temp: &Temp, need: u64) -> Result<u64> {
        loop {
            let Ok(room) = folder::room(temp.file()) else { return Ok(STEP.max(need)) };
            let missing = match spare(room, self.asked, need) {
                Ok(spare) => return Ok(spare.min(STEP)),
                Err(missing) => missing,
            };
            if !gives_way(temp.folder(), self.retention.as_ref(), self.written, missing.bytes()) {
                return Err(missing.in_words(temp.path().display(), "cannot go on"));
            }
        }
    }

    /// A quota, and who was faster, are only seen when the system refuses.
    fn write(&self, temp: &Temp, mut piece: &[u8]) -> Result<()> {
        let mut file: &File = temp.file();
        while !piece.is_empty() {
            let error = match file.write(piece) {
                Ok(0) => io::ErrorKind::WriteZero.into(),
                Ok(count) => {
                    piece = &piece[count..];
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            let full = fault::is_full(&error);
            let missing = piece.len() as u64;
            if !full || !gives_way(temp.folder(), self.retention.as_ref(), self.written, missing) {
                return Err(fault::at("cannot write", &temp.path(), &error));
            }
        }
        Ok(())
    }

    /// Whether the disk's last room is still untouched, where another writes to the file. Allocates nothing.
    pub fn has_room(&self, temp: &Temp) -> bool {
        folder::room(temp.file()).map_or(true, |room| spare(room, self.asked, STEP).is_ok())
    }

    /// What makes a file whole whose data is there: for its few bytes no room is kept.
    pub fn put_last(&self, temp: &Temp, bytes: &[u8]) -> Result<()> {
        self.write(temp, bytes)
    }

    pub fn sync(&self, temp: &Temp) -> Result<()> {
        temp.file().sync_all().map_err(|e| fault::at("cannot sync", &temp.path(), &e))
    }
}

struct Missing {
    available: u64,
    reserve: u64,
    need: u64,
}

impl Missing {
    /// So many would have to be freed.
    fn bytes(&self) -> u64 {
        self.reserve.saturating_add(self.need).saturating_sub(self.available)
    }

    // Says all three figures: two of them alone can seem to fit.
    fn in_words(self, place: impl std::fmt::Display, what: &str) -> Error {
        let Self { available, reserve, need } = self;
        let next = if need == 1 { "1 byte is".to_owned() } else { format!("{need} bytes are") };
        Error::NoSpace(format!(
            "{place}: the snapshot {what}: {next} to be written, {reserve} have to stay free (minFreeDisk), \
             and the disk has {available} bytes free"
        ))
    }
}

// Bytes that may be written, at least `need`.
fn spare(room: DiskRoom, asked: Option<u64>, need: u64) -> Result<u64, Missing> {
    if room.total == 0 {
        return Ok(u64::MAX);
    }
    let reserve = reserve(asked, room.total);
    let spare = room.available.saturating_sub(reserve);
    if spare < need { Err(Missing { available: room.available, reserve, need }) } else { Ok(spare) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::info::{Header, Mode};

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
        let room = DiskRoom { available: 100 * MIB, total: 1 << 40 };
        assert_eq!(spare(room, None, 1).ok(), Some(36 * MIB));
        assert_eq!(spare(room, None, 36 * MIB).ok(), Some(36 * MIB));
        assert!(spare(room, None, 36 * MIB + 1).is_err());
        assert!(spare(room, Some(u64::MAX), 1).is_err());
        assert!(
            spare(DiskRoom { available: 0, total: 0 }, None, MIB).is_ok(),
            "a file system that does not tell"
        );
    }

    #[test]
    fn refuses_in_the_middle_and_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let (temp, _) = Temp::create(folder, &Header::new(1.0, Mode::Inline, "x"), true, |_| false).unwrap();
        let mut output = Output::new(Some(u64::MAX), None);
        let error = output.put(&temp, b"abc").unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_NO_SPACE");
        assert!(error.to_string().contains("minFreeDisk"), "{error}");
        assert_eq!(temp.file().metadata().unwrap().len(), 0);
    }

    #[test]
    fn the_words_do_not_contradict_themselves() {
        // More is free than has to stay free: what is to be written is the reason, and has to be said.
        let error = spare(DiskRoom { available: 100, total: 1 << 40 }, Some(60), 41).err().unwrap();
        assert_eq!(error.bytes(), 1);
        assert_eq!(
            error.in_words("/d", "cannot go on").to_string(),
            "/d: the snapshot cannot go on: 41 bytes are to be written, 60 have to stay free (minFreeDisk), \
             and the disk has 100 bytes free"
        );
    }
}
