//! Ways to a [`Reader`] besides a whole file: whatever a path leads to, and a damaged file.

use std::io::Read;
use std::path::Path;

use super::input::{Input, Stop};
use super::json_reader::{Reader, Source};
use crate::error::{Error, Result};
use crate::file::fault;

/// Whatever `path` leads to, a pipe too, which is read once. It may wait for its first bytes.
///
/// # Errors
/// As [`Input::open`] and [`Input::reader`].
pub fn open_any(path: &Path, stop: Stop) -> Result<Reader> {
    Input::open(path, stop)?.reader()
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
