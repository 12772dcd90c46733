//! Gives a snapshot's JSON back, from every kind of file and from pipes, and knows when it is not all there.
//!
//! | file | what it does |
//! |---|---|
//! | `json_reader` | [`Reader`]: the JSON of a file or a stream |
//! | `input` | what a path leads to: a file, or a pipe that gives its bytes once |
//! | `opening` | whatever a path leads to, and a damaged file as far as it goes |
//! | `walk` | from one zstd frame to the next |
//! | `gzip` | unpacks gzip |
//! | `layer` | whose bytes are read |
//! | `kind` | what it is that is no snapshot |
//!
//! Memory is bounded by the zstd window: at most 8 MiB for files of ours, 128 MiB (what `zstd -d` accepts
//! too) for a file somebody compressed with the largest settings.

mod gzip;
mod input;
mod json_reader;
mod kind;
mod layer;
mod opening;
#[cfg(test)]
mod tests;
mod walk;

use std::io::{self, Read};
use std::path::Path;

pub use input::{Input, Later, Stop};
pub use json_reader::{Reader, stream};
pub use opening::{open_any, salvage};

use super::fault;
use super::frames::Survey;
use super::info::{Header, Trailer};
use super::sink::LEVEL;
use crate::error::{Error, Result};

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
/// `CorruptSnapshot` when the first bytes are no kind's, `Unsupported` for an image.
pub fn open(path: &Path) -> Result<Reader> {
    Reader::new(input::open_regular(path)?, path)
}

/// Opens an image; what is read is its records and pages. Errors as [`open`], and `CorruptSnapshot` for what is no image.
pub fn open_image(path: &Path) -> Result<Reader> {
    Reader::of_image(input::open_regular(path)?, path)
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
        json_reader::Source::Plain(_) => 0,
        json_reader::Source::Frames(frames) => frames.count(),
    };
    let Survey { header, trailer, .. } = reader.survey;
    let (header, trailer) = (header.map(|(h, _)| h), trailer.map(|(t, _)| t));
    Ok(Verified { raw_bytes: reader.raw_bytes, frames, header, trailer })
}
