//! Bytes that may be written, so that the disk's last room stays free.

use std::fs::File;
use std::io::{self, Write};

use crate::error::{Error, Result};
use crate::file::fault;
use crate::file::folder::DiskRoom;
use crate::file::sink::reserve;

/// What is left of them, and why there are no more.
pub struct Budget {
    /// Of a file system that does not tell its room: it is written to until it refuses.
    left: Option<u64>,
    /// What comes before and behind the bytes that were too many.
    refusal: [&'static str; 2],
}

impl Budget {
    /// What is free beside what has to stay free (`min_free_disk`). `refusal` stands around the number of bytes that were too many.
    pub fn of(room: io::Result<DiskRoom>, min_free_disk: Option<u64>, refusal: [&'static str; 2]) -> Self {
        let room = room.ok().filter(|room| room.total > 0);
        let left = room.map(|room| room.available.saturating_sub(reserve(min_free_disk, room.total)));
        Self { left, refusal }
    }

    /// No more than so many besides.
    pub fn at_most(self, bytes: u64) -> Self {
        Self { left: self.left.map(|left| left.min(bytes)), ..self }
    }

    /// Whether so many would be left to be written.
    ///
    /// # Errors
    /// `NoSpace`: they are not.
    pub fn check(&self, bytes: u64) -> Result<()> {
        let [before, behind] = self.refusal;
        match self.left {
            Some(left) if left < bytes => {
                Err(Error::NoSpace(format!("{before}: {bytes} bytes more would be {behind}")))
            }
            _ => Ok(()),
        }
    }

    fn take(&mut self, bytes: u64) -> Result<()> {
        self.check(bytes)?;
        self.left = self.left.map(|left| left - bytes);
        Ok(())
    }
}

/// A file that takes from the budget as it grows.
pub struct Limited<'a> {
    /// The file.
    pub target: &'a File,
    /// What it takes from.
    pub budget: &'a mut Budget,
}

impl Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.budget.take(bytes.len() as u64).map_err(fault::wrap)?;
        (&mut &*self.target).write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 2] = ["it is not written", "more than is free"];

    fn of(available: u64, total: u64, min_free_disk: Option<u64>) -> Budget {
        Budget::of(Ok(DiskRoom { available, total }), min_free_disk, WORDS)
    }

    #[test]
    fn what_has_to_stay_free_stays_free() {
        let mut budget = of(1000, 10_000, Some(900));
        assert!(budget.check(100).is_ok() && budget.check(101).is_err());
        let mut file = tempfile::tempfile().unwrap();
        let mut limited = Limited { target: &file, budget: &mut budget };
        limited.write_all(&[7; 60]).unwrap();
        let error = fault::unwrap(limited.write_all(&[7; 41]).unwrap_err());
        assert_eq!(
            (
                error.code(),
                error.to_string().contains("it is not written: 41 bytes more would be more than is free")
            ),
            ("HEAPWARDEN_NO_SPACE", true)
        );
        assert_eq!(file.metadata().unwrap().len(), 60);
        assert!(io::Seek::rewind(&mut file).is_ok());
        assert!(
            of(1000, 10_000, None).at_most(250).check(251).is_err(),
            "a twentieth of the disk, and no more than asked for"
        );
        assert!(of(1000, 10_000, None).at_most(250).check(250).is_ok());
    }

    #[test]
    fn where_no_room_is_told_it_is_written_until_the_system_refuses() {
        assert!(of(0, 0, Some(u64::MAX)).check(u64::MAX).is_ok());
        assert!(Budget::of(Err(io::ErrorKind::Unsupported.into()), None, WORDS).at_most(1).check(2).is_ok());
    }
}
