//! Gives a snapshot's JSON back, from every kind of file and from pipes, and knows when it is not all there.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::gzip::{self, Gunzip};
use super::kind;
use super::layer::{Bytes, Layer};
use super::walk::Frames;
use crate::error::{Error, Result};
use crate::file::fault;
use crate::file::frames::{self, Survey};
use crate::file::info::{Form, Header, Trailer};
use crate::file::name;
use crate::json::outline::Balance;

/// Streams the plain JSON of a snapshot file. The last `read` (which returns 0) fails with `CorruptSnapshot`
/// when the file was cut or damaged; [`fault::unwrap`] takes that out of the `io::Error`. Bytes that came
/// before it are right as far as frame checksums reach: a frame's own is checked after its bytes were given.
pub struct Reader {
    path: PathBuf,
    pub(super) source: Source,
    pub(super) survey: Survey,
    // What comes through a pipe or out of a gzip has no size and no end to look at first.
    pub(super) stream: Option<Layer>,
    // Nothing has been given yet.
    fresh: bool,
    // What the first frame of another program's file says of its content.
    content: Option<u64>,
    // `None`: whoever parses the JSON sees for himself whether it is closed.
    balance: Option<Balance>,
    pub(super) raw_bytes: u64,
    // Salvaging: JSON bytes that whole frames give, and why it is not more.
    pub(super) limit: Option<u64>,
    pub(super) damage: Option<Error>,
}

pub(super) enum Source {
    Plain(Bytes),
    Frames(Frames),
}

/// Our header is within this many bytes.
const HEAD: u64 = 16 + frames::LIMIT as u64;

/// Bytes that are looked at first: the longest header a zstd frame has.
const START: usize = 18;
/// No more bytes than this come from one compressed byte, whatever a file says: a block of 128 KiB takes four.
const LARGEST_RATIO: u64 = 1 << 15;

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

    /// What an image's file holds, as it was before it was packed: read as a snapshot's JSON is, with the same checks.
    pub fn of_image(mut file: File, path: &Path) -> Result<Self> {
        let failed = |e: io::Error| fault::at("cannot read", path, &e);
        let survey = frames::survey(&mut file).map_err(failed)?;
        match &survey.header {
            Some((header, _)) if header.form == Form::Image => {}
            // Its name is all that says what it was.
            None if name::says_image(path) => {
                let path = path.display();
                return Err(Error::CorruptSnapshot(format!(
                    "{path} is damaged: what it says of itself at its beginning cannot be read"
                )));
            }
            _ => return Err(Error::CorruptSnapshot(format!("{} is no heap image", path.display()))),
        }
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let source = Source::Frames(Frames::new(Box::new(file)).map_err(failed)?);
        Ok(Self { fresh: false, ..Self::reading(source, survey, None, path) }.for_parser())
    }

    // `source` stands at its first byte.
    fn begin(
        source: Bytes,
        start: &[u8],
        survey: Survey,
        stream: Option<Layer>,
        path: &Path,
    ) -> Result<Self> {
        if survey.header.as_ref().is_some_and(|(header, _)| header.form == Form::Image) {
            return Err(image(path));
        }
        let magic = frames::u32_at(start, 0);
        let source = if magic == frames::DATA || frames::is_skippable(magic) {
            Source::Frames(Frames::new(source).map_err(|e| fault::at("cannot read", path, &e))?)
        } else if start.starts_with(&gzip::MAGIC) && stream != Some(Layer::Gunzipped) {
            return gunzip(source, path);
        } else if start.trim_ascii_start().first().is_some_and(|b| *b == b'{') {
            Source::Plain(source)
        } else {
            return Err(no_snapshot(source, start, stream, path));
        };
        let content = zstd::zstd_safe::get_frame_content_size(start).ok().flatten();
        Ok(Self { content, ..Self::reading(source, survey, stream, path) })
    }

    fn reading(source: Source, survey: Survey, stream: Option<Layer>, path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            source,
            survey,
            stream,
            fresh: true,
            content: None,
            balance: Some(Balance::default()),
            raw_bytes: 0,
            limit: None,
            damage: None,
        }
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
                Err(self.corrupt(format_args!(
                    "{} bytes unpacked instead of {expected}, it ends",
                    self.raw_bytes
                )))
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

/// It holds all that a snapshot would, but V8 has yet to write one.
fn image(path: &Path) -> Error {
    let path = path.display();
    Error::Unsupported(format!(
        "{path} is a heap image, not a snapshot: heapwarden thaw {path} makes a snapshot of it"
    ))
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

/// From what cannot be read twice; `name` is for messages. Waits for the first bytes.
pub fn stream(source: impl Read + Send + 'static, name: &Path) -> Result<Reader> {
    layer(Box::new(source), Layer::Outer, name)
}

/// What a gzip file holds. Its damage is told in bytes of the gzip, that of what it holds in bytes of that.
fn gunzip(source: Bytes, name: &Path) -> Result<Reader> {
    layer(Box::new(Gunzip::new(source, name)), Layer::Gunzipped, name)
}

fn layer(mut source: Bytes, layer: Layer, name: &Path) -> Result<Reader> {
    let mut head = Vec::new();
    let mut read = |most: u64, head: &mut Vec<u8>| {
        source.by_ref().take(most).read_to_end(head).map_err(|e| unread(name, e))
    };
    // A plain snapshot is told by its first bytes, and whoever writes it may be slow.
    read(4, &mut head)?;
    if frames::u32_at(&head, 0) == frames::HEADER {
        read(HEAD - 4, &mut head)?;
    }
    let header = frames::read_header(&mut &head[..], head.len() as u64)
        .map_err(|e| fault::at("cannot read", name, &e))?;
    let start = head[..head.len().min(START)].to_vec();
    let survey = Survey { size: 0, header, trailer: None };
    Reader::begin(Box::new(io::Cursor::new(head).chain(source)), &start, survey, Some(layer), name)
}

/// Nothing could be read at all: that is no damage, unless the layer below says it is.
fn unread(name: &Path, error: io::Error) -> Error {
    error.downcast::<Error>().unwrap_or_else(|e| fault::at("cannot read", name, &e))
}
