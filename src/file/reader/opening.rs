//! Ways to a [`Reader`] besides a whole file: a damaged file, a stream, what is inside a gzip.

use std::io::{self, Read};
use std::path::Path;

use super::gzip::Gunzip;
use super::input::{Input, Stop};
use super::json_reader::{Bytes, Layer, Reader, START, Source};
use crate::error::{Error, Result};
use crate::file::fault;
use crate::file::frames::{self, Survey};

/// Our header is within this many bytes.
const HEAD: u64 = 16 + frames::LIMIT as u64;

/// Whatever `path` leads to, a pipe too, which is read once. It may wait for its first bytes.
///
/// # Errors
/// As [`Input::open`] and [`Input::reader`].
pub fn open_any(path: &Path, stop: Stop) -> Result<Reader> {
    Input::open(path, stop)?.reader()
}

/// The same from what cannot be read twice; `name` is for messages. Waits for the first bytes.
pub fn stream(source: impl Read + Send + 'static, name: &Path) -> Result<Reader> {
    layer(Box::new(source), Layer::Outer, name)
}

/// What a gzip file holds. Its damage is told in bytes of the gzip, that of what it holds in bytes of that.
pub(super) fn gunzip(source: Bytes, name: &Path) -> Result<Reader> {
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

/// Opens a cut or damaged file and gives what its whole frames give, from the beginning to the first that is
/// not whole; reads the file once to find that place, as long as `go_on` says so. [`Reader::damage`] tells what is
/// wrong with it. A plain file has no frames: everything it has is given. Nor can a pipe or a gzip be looked at
/// beforehand: its damage ends it where it is.
///
/// # Errors
/// As [`open_any`]; `Aborted`.
pub fn salvage(path: &Path, stop: Stop, go_on: &dyn Fn() -> bool) -> Result<Reader> {
    let mut probe = open_any(path, stop.clone())?;
    if probe.stream.is_some() {
        return Ok(probe);
    }
    let mut block = vec![0; 256 << 10];
    let damage = loop {
        if !go_on() {
            return Err(Error::Aborted(format!("looking for the damage of {} was aborted", path.display())));
        }
        match probe.read(&mut block) {
            Ok(0) => break None,
            Ok(_) => {}
            Err(error) => break Some(fault::unwrap(error)),
        }
    };
    let mut reader = open_any(path, stop)?;
    reader.limit = Some(match &probe.source {
        Source::Plain(_) => u64::MAX,
        Source::Frames(frames) => frames.whole(),
    });
    reader.damage = damage;
    Ok(reader)
}
