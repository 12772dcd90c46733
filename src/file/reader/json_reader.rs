//! Gives a snapshot's JSON back, from every kind of file and from pipes, and knows when it is not all there.
//!
//! Memory is bounded by the zstd window: at most 8 MiB for files of ours, 128 MiB (what `zstd -d` accepts
//! too) for a file somebody compressed with the largest settings.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::input::open_regular;
use super::walk::Frames;
use super::{gzip, kind, opening};
use crate::error::{Error, Result};
use crate::file::fault;
use crate::file::frames::{self, Survey};
use crate::file::info::{Header, Trailer};
use crate::file::sink::LEVEL;
use crate::json::outline::Balance;

/// Streams the plain JSON of a snapshot file. The last `read` (which returns 0) fails with `CorruptSnapshot`
/// when the file was cut or damaged; [`fault::unwrap`] takes that out of the `io::Error`. Bytes that came
/// before it are right as far as frame checksums reach: a frame's own is checked after its bytes were given.
pub struct Reader {
    path: PathBuf,
    pub(super) source: Source,
    survey: Survey,
    // What comes through a pipe or out of a gzip has no size and no end to look at first.
    pub(super) stream: Option<Layer>,
    // Nothing has been given yet.
    fresh: bool,
    // What the first frame of another program's file says of its content.
    content: Option<u64>,
    // `None`: whoever parses the JSON sees for himself whether it is closed.
    balance: Option<Balance>,
    raw_bytes: u64,
    // Salvaging: JSON bytes that whole frames give, and why it is not more.
    pub(super) limit: Option<u64>,
    pub(super) damage: Option<Error>,
}

pub(super) type Bytes = Box<dyn Read + Send>;

/// Whose bytes a stream's are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    Outer,
    Gunzipped,
}

pub(super) enum Source {
    Plain(Bytes),
    Frames(Frames),
}

/// Bytes that are looked at first: the longest header a zstd frame has.
pub(super) const START: usize = 18;
/// No more bytes than this come from one compressed byte, whatever a file says: a block of 128 KiB takes four.
const LARGEST_RATIO: u64 = 1 << 15;

/// What [`verify`] found in a whole file.
#[derive(Debug, PartialEq)]
pub struct Verified {
    /// Bytes of JSON.
    pub raw_bytes: u64,
    /// Data frames; 0 for a plain file.
    pub frames: u64,
    /// Our metadata, when the file is ours.
    pub header: Option<Header>,
    /// Our metadata, when the file is ours.
    pub trailer: Option<Trailer>,
}

/// Opens a snapshot, plain or packed as zstd or gzip, by what is in it and not by its name; files that other
/// programs wrote are fine. `NotFound`, `InvalidOption` for what is not a regular file or may not be read,
/// `CorruptSnapshot` when the first bytes are no kind's.
pub fn open(path: &Path) -> Result<Reader> {
    Reader::new(open_regular(path)?, path)
}

/// The JSON of `reader` as one zstd frame without metadata, for HTTP clients: many a decoder, that of Node 22 and 24
/// among them, ends without a word after the first frame, and a file of ours has several.
///
/// # Errors
/// `CaptureFailed` when zstd gives no encoder.
pub fn one_frame(reader: Reader) -> Result<impl Read + Send> {
    zstd::stream::read::Encoder::new(reader, LEVEL)
        .map_err(|error| Error::CaptureFailed(format!("no zstd encoder: {error}")))
}

/// Reads the whole file: every checksum, the metadata, that the JSON is closed. `CorruptSnapshot` says at
/// which byte of the file it is cut or damaged.
pub fn verify(path: &Path) -> Result<Verified> {
    let mut reader = open(path)?;
    io::copy(&mut reader, &mut io::sink()).map_err(fault::unwrap)?;
    let frames = match &reader.source {
        Source::Plain(_) => 0,
        Source::Frames(frames) => frames.count(),
    };
    let Survey { header, trailer, .. } = reader.survey;
    let (header, trailer) = (header.map(|(h, _)| h), trailer.map(|(t, _)| t));
    Ok(Verified { raw_bytes: reader.raw_bytes, frames, header, trailer })
}

impl Reader {
    /// From an open file; `path` is for messages.
    pub fn new(mut file: File, path: &Path) -> Result<Self> {
        let failed = |e: io::Error| fault::at("cannot read", path, &e);
        let survey = frames::survey(&mut file).map_err(failed)?;
        let mut start = [0; START];
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let n = file.by_ref().read(&mut start).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        Self::begin(Box::new(file), &start[..n], survey, None, path)
    }

    // `source` stands at its first byte.
    pub(super) fn begin(
        source: Bytes,
        start: &[u8],
        survey: Survey,
        stream: Option<Layer>,
        path: &Path,
    ) -> Result<Self> {
        let magic = frames::u32_at(start, 0);
        let source = if magic == frames::DATA || frames::is_skippable(magic) {
            Source::Frames(Frames::new(source).map_err(|e| fault::at("cannot read", path, &e))?)
        } else if start.starts_with(&gzip::MAGIC) && stream != Some(Layer::Gunzipped) {
            return opening::gunzip(source, path);
        } else if start.trim_ascii_start().first().is_some_and(|b| *b == b'{') {
            Source::Plain(source)
        } else {
            return Err(no_snapshot(source, start, stream, path));
        };
        Ok(Self {
            path: path.to_owned(),
            source,
            survey,
            stream,
            fresh: true,
            content: zstd::zstd_safe::get_frame_content_size(start).ok().flatten(),
            balance: Some(Balance::default()),
            raw_bytes: 0,
            limit: None,
            damage: None,
        })
    }

    /// For a reader of the JSON that notices by itself where it ends: following the brackets of plain JSON
    /// costs as much as parsing it.
    #[must_use]
    pub fn for_parser(mut self) -> Self {
        self.balance = None;
        self
    }

    /// Metadata in front, when the file is ours.
    pub fn header(&self) -> Option<&Header> {
        self.survey.header.as_ref().map(|(header, _)| header)
    }

    /// Metadata behind, when the file is ours and whole.
    pub fn trailer(&self) -> Option<&Trailer> {
        self.survey.trailer.as_ref().map(|(trailer, _)| trailer)
    }

    /// The file's size in bytes; of a stream what has been read.
    pub fn bytes(&self) -> u64 {
        match &self.source {
            _ if self.stream.is_none() => self.survey.size,
            Source::Plain(_) => self.raw_bytes,
            Source::Frames(frames) => frames.offset(),
        }
    }

    /// Bytes of JSON that it should give; `None` when only reading it tells. A file may say what it likes, within what
    /// its size allows.
    pub fn json_bytes(&self) -> Option<u64> {
        let said = match &self.source {
            _ if self.limit.is_some_and(|limit| limit < u64::MAX) => return self.limit,
            _ if self.stream.is_some() => return None,
            Source::Plain(_) => return Some(self.survey.size),
            Source::Frames(_) => self.trailer().map(|trailer| trailer.raw_bytes).or(self.content),
        };
        said.filter(|said| said / LARGEST_RATIO <= self.survey.size)
    }

    /// Only from [`salvage`](super::salvage): what is wrong with the file; `None` when it is whole.
    pub fn damage(&self) -> Option<&Error> {
        self.damage.as_ref()
    }

    fn next(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut n = self.pull(out)?;
        if self.fresh {
            self.fresh = false;
            // A pipe's bytes come as they come: enough of them to tell what they are.
            let most = out.len().min(kind::LOOK);
            while n > 0 && n < most {
                match self.pull(&mut out[n..most])? {
                    0 => break,
                    more => n += more,
                }
            }
            if let Some(what) = kind::of(&out[..n]) {
                return Err(foreign(&self.path, what));
            }
        }
        // Salvaging never fails here: it stops before the place where it would.
        if self.limit.is_none() {
            self.judge(&out[..n])?;
        }
        self.raw_bytes += n as u64;
        Ok(n)
    }

    fn pull(&mut self, out: &mut [u8]) -> Result<usize> {
        let layer = self.stream.unwrap_or(Layer::Outer);
        match &mut self.source {
            Source::Plain(file) => {
                file.read(out).map_err(|e| unreadable(&self.path, layer, self.raw_bytes, e))
            }
            Source::Frames(frames) => {
                frames.read(out).map_err(|(at, e)| unreadable(&self.path, layer, at, e))
            }
        }
    }

    // The last call has no bytes.
    fn judge(&mut self, bytes: &[u8]) -> Result<()> {
        let plain = matches!(self.source, Source::Plain(_));
        if let Some((trailer, _)) = self.survey.trailer.as_ref().filter(|_| !plain) {
            // Ours and whole by its ends: its length says the rest, and counting is cheaper than brackets.
            let expected = trailer.raw_bytes;
            return if bytes.is_empty() && self.raw_bytes != expected {
                Err(self
                    .corrupt(format_args!("{} bytes of JSON instead of {expected}, it ends", self.raw_bytes)))
            } else {
                Ok(())
            };
        }
        if let Some(i) = self.balance.as_mut().and_then(|balance| balance.push(bytes)) {
            let at = self.raw_bytes + i as u64;
            let outer = plain && self.stream != Some(Layer::Gunzipped);
            let of = if outer { "" } else { " of its decompressed bytes" };
            let path = self.path.display();
            return Err(Error::CorruptSnapshot(format!(
                "{path} is damaged at byte {at}{of}: the JSON ends there"
            )));
        }
        if !bytes.is_empty() {
            return Ok(());
        }
        if self.balance.as_ref().is_some_and(|balance| !balance.whole()) {
            return Err(self.corrupt(format_args!("its JSON is not closed, it is cut off")));
        }
        let ended = matches!(&self.source, Source::Frames(frames) if self.stream.is_some() && frames.ended());
        if self.survey.header.is_some() && !ended {
            return Err(self.corrupt(format_args!("the metadata behind the data is missing, it is cut off")));
        }
        Ok(())
    }

    fn corrupt(&self, what: std::fmt::Arguments) -> Error {
        let of = self.stream.unwrap_or(Layer::Outer).of();
        Error::CorruptSnapshot(format!("{}: {what} at byte {}{of}", self.path.display(), self.bytes()))
    }
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let room = self.limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.raw_bytes));
        let room = out.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        if room == 0 {
            return Ok(0);
        }
        self.next(&mut out[..room]).map_err(fault::wrap)
    }
}

impl Layer {
    /// Behind "at byte N".
    fn of(self) -> &'static str {
        if self == Self::Gunzipped { " of its gunzipped bytes" } else { "" }
    }
}

fn unreadable(path: &Path, layer: Layer, at: u64, error: io::Error) -> Error {
    // What the layer below says is placed already.
    let path = path.display();
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        Err(e) => Error::CorruptSnapshot(format!("{path} is damaged or cut at byte {at}{}: {e}", layer.of())),
    }
}

fn foreign(path: &Path, what: &str) -> Error {
    Error::CorruptSnapshot(format!("{} is no heap snapshot but {what}", path.display()))
}

/// Neither JSON nor packed. A little more than `start` is needed to tell what it is.
fn no_snapshot(source: Bytes, start: &[u8], stream: Option<Layer>, path: &Path) -> Error {
    let mut head = Vec::new();
    if let Err(error) = source.take(kind::LOOK as u64).read_to_end(&mut head) {
        return unreadable(path, stream.unwrap_or(Layer::Outer), 0, error);
    }
    if let Some(what) = kind::of(&head) {
        return foreign(path, what);
    }
    let inside = if stream == Some(Layer::Gunzipped) { "what its gzip holds " } else { "" };
    let found = if start.is_empty() { "is empty" } else { "is neither JSON nor zstd nor gzip" };
    let path = path.display();
    Error::CorruptSnapshot(format!("{path}: {inside}{found} at byte 0, it is no heap snapshot"))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
