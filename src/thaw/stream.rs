//! From record to record of an image's raw bytes. Lengths are bounded here; what a record may say, `check` knows.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::file::fault;
use crate::image::format::{ID, OBJECT, Object, PATH, RUN, Record, Start};

/// Bytes of a [`Start`].
pub(super) const START: usize = size_of::<Start>();
/// Bytes of a [`Record`].
pub(super) const RECORD: usize = size_of::<Record>();

/// A file that the image has mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapped {
    /// Its build id.
    pub id: Vec<u8>,
    /// Where it was.
    pub path: PathBuf,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Part {
    Object(Mapped),
    /// Any other. The pages of a run are [`Stream::pages`] then.
    Record(Record),
}

/// An image's raw bytes.
pub(super) struct Stream<R> {
    raw: R,
    start: Start,
    at: u64,
    pages: u64,
}

impl<R: Read> Stream<R> {
    /// Reads its first bytes.
    ///
    /// # Errors
    /// Those of `raw`; `CorruptSnapshot` if it ends.
    pub fn new(raw: R) -> Result<Self> {
        let mut stream = Self { raw, start: start(&[0; START]), at: 0, pages: 0 };
        let mut bytes = [0; START];
        stream.fill(&mut bytes)?;
        stream.start = start(&bytes);
        Ok(stream)
    }

    /// Where the process stood.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// Raw bytes so far.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The next one; pages that nobody has read are passed over.
    pub fn next(&mut self) -> Result<Part> {
        let mut void = [0; 64 << 10];
        while self.pages(&mut void)? > 0 {}
        let mut bytes = [0; RECORD];
        self.fill(&mut bytes)?;
        let record = record(&bytes);
        match record.tag {
            OBJECT => self.object(&record).map(Part::Object),
            RUN => {
                self.pages = record.b;
                Ok(Part::Record(record))
            }
            _ => Ok(Part::Record(record)),
        }
    }

    /// The next pages of the run at hand; 0: that was all of them.
    pub fn pages(&mut self, into: &mut [u8]) -> Result<usize> {
        let most = into.len().min(usize::try_from(self.pages).unwrap_or(usize::MAX));
        self.fill(&mut into[..most])?;
        self.pages -= most as u64;
        Ok(most)
    }

    /// That it ends here: reads to the end, where the file's own checks stand.
    pub fn finish(mut self) -> Result<u64> {
        let mut byte = [0];
        match self.raw.read(&mut byte).map_err(fault::unwrap)? {
            0 => Ok(self.at),
            _ => Err(Error::CorruptSnapshot(format!("bytes follow the image's end at byte {}", self.at))),
        }
    }

    fn object(&mut self, record: &Record) -> Result<Mapped> {
        let mut lengths = [0; size_of::<Object>()];
        self.fill(&mut lengths)?;
        let (id, path) = (u32_at(&lengths, 0), u32_at(&lengths, 4));
        let whole = (id as usize).saturating_add(path as usize).saturating_add(lengths.len());
        if id == 0 || id as usize > ID || path as usize > PATH || whole != record.payload as usize {
            let at = self.at;
            return Err(Error::CorruptSnapshot(format!(
                "the image's file of {whole} bytes before byte {at} is damaged"
            )));
        }
        let mut text = vec![0; id as usize + path as usize];
        self.fill(&mut text)?;
        let path = PathBuf::from(OsString::from_vec(text.split_off(id as usize)));
        Ok(Mapped { id: text, path })
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<()> {
        self.raw.read_exact(into).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof && error.get_ref().is_none_or(|e| !e.is::<Error>()) {
                return Error::CorruptSnapshot(format!(
                    "the image ends in the middle of a record or its pages, after byte {} of its unpacked bytes",
                    self.at
                ));
            }
            fault::unwrap(error)
        })?;
        self.at += into.len() as u64;
        Ok(())
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|eight| eight.try_into().ok()).map_or(0, u64::from_le_bytes)
}

pub(super) fn start(bytes: &[u8; START]) -> Start {
    let word = |index: usize| u64_at(bytes, 56 + 8 * index);
    Start {
        magic: u64_at(bytes, 0).to_le_bytes(),
        version: u32_at(bytes, 8),
        moment: u32_at(bytes, 12),
        resume: u64_at(bytes, 16),
        stack: u64_at(bytes, 24),
        fs: u64_at(bytes, 32),
        gs: u64_at(bytes, 40),
        pid: u32_at(bytes, 48),
        tid: u32_at(bytes, 52),
        cpu: [word(0), word(1), word(2), word(3)],
    }
}

pub(super) fn start_bytes(start: &Start) -> Vec<u8> {
    let Start { magic, version, moment, resume, stack, fs, gs, pid, tid, cpu } = start;
    let halves = |a: &u32, b: &u32| [a.to_le_bytes(), b.to_le_bytes()].concat();
    let words = [*resume, *stack, *fs, *gs].map(u64::to_le_bytes).concat();
    let features = cpu.map(u64::to_le_bytes).concat();
    [magic.to_vec(), halves(version, moment), words, halves(pid, tid), features].concat()
}

pub(super) fn record(bytes: &[u8; RECORD]) -> Record {
    Record {
        tag: u32_at(bytes, 0),
        payload: u32_at(bytes, 4),
        a: u64_at(bytes, 8),
        b: u64_at(bytes, 16),
        c: u64_at(bytes, 24),
        protection: u32_at(bytes, 32),
        kind: u32_at(bytes, 36),
        object: u32_at(bytes, 40),
        reserved: u32_at(bytes, 44),
    }
}

pub(super) fn record_bytes(record: &Record) -> Vec<u8> {
    let Record { tag, payload, a, b, c, protection, kind, object, reserved } = *record;
    let words = [a, b, c].map(u64::to_le_bytes).concat();
    let halves = [protection, kind, object, reserved].map(u32::to_le_bytes).concat();
    [[tag, payload].map(u32::to_le_bytes).concat(), words, halves].concat()
}
