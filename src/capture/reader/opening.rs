//! Ways to a [`Reader`]: a file, which is refused unless it is a regular one, a damaged file, a stream.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::{Reader, Source, open};
use crate::capture::frames::{self, Survey};
use crate::capture::{fault, folder};
use crate::error::{Error, Result};

/// Our header is within this many bytes.
const HEAD: u64 = 16 + frames::LIMIT as u64;

/// The same from what cannot be read twice, standard input; `name` is for messages. Waits for the first bytes.
pub fn stream(mut source: impl Read + Send + 'static, name: &Path) -> Result<Reader> {
    let mut head = Vec::new();
    let failed = |e: io::Error| fault::at("cannot read", name, &e);
    // A plain snapshot is told by its first bytes, and whoever writes it may be slow.
    source.by_ref().take(4).read_to_end(&mut head).map_err(failed)?;
    if frames::u32_at(&head, 0) == frames::HEADER {
        source.by_ref().take(HEAD - 4).read_to_end(&mut head).map_err(failed)?;
    }
    let header = frames::read_header(&mut &head[..], head.len() as u64).map_err(failed)?;
    let start = head[..head.len().min(super::START)].to_vec();
    let survey = Survey { size: 0, header, trailer: None };
    Reader::begin(Box::new(io::Cursor::new(head).chain(source)), &start, survey, true, name)
}

/// Opens a cut or damaged file and gives what its whole frames give, from the beginning to the first that is
/// not whole; reads the file once to find that place, as long as `go_on` says so. [`Reader::damage`] tells what is
/// wrong with it. A plain file has no frames: everything it has is given.
///
/// # Errors
/// As [`open`]; `Aborted`.
pub fn salvage(path: &Path, go_on: &dyn Fn() -> bool) -> Result<Reader> {
    let mut probe = open(path)?;
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
    let mut reader = open(path)?;
    reader.limit = Some(match &probe.source {
        Source::Plain(_) => u64::MAX,
        Source::Frames(frames) => frames.whole(),
    });
    reader.damage = damage;
    Ok(reader)
}

pub(super) fn open_regular(path: &Path) -> Result<File> {
    let shown = path.display();
    let path = if path.as_os_str().is_empty() { path.to_owned() } else { folder::absolute(path)? };
    let file = open_without_waiting(&path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Error::NotFound(format!("there is no snapshot {shown}")),
        _ => Error::InvalidOption(format!("the snapshot {shown} cannot be opened: {e}")),
    })?;
    match file.metadata() {
        Ok(meta) if meta.is_file() => Ok(file),
        Ok(_) => Err(Error::InvalidOption(format!("{shown} is not a regular file: give a snapshot's path"))),
        Err(e) => Err(fault::at("cannot look at", &path, &e)),
    }
}

#[cfg(unix)]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    // NONBLOCK: a pipe nobody writes to must be refused, not waited for.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}
