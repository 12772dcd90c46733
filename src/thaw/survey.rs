//! The first reading of an image: whether it is whole, and what it needs.

use std::io::Read;
use std::path::Path;

use super::stream::{Mapped, Part, Stream};
use crate::error::{Error, Result};
use crate::image::format::{self, KIND_OBJECT, OBJECTS, RUN, Record, Start};

// The loader's own: see its documentation.
#[path = "../../thaw/src/check.rs"]
#[allow(dead_code, reason = "the loader's part of it")]
pub(super) mod check;

use check::{Checker, Step, Wrong};

/// What an image is.
#[derive(Debug)]
pub(super) struct Survey {
    pub start: Start,
    pub objects: Vec<Mapped>,
    /// Bytes of pages in it.
    pub bytes: u64,
    /// Raw bytes.
    pub raw_bytes: u64,
}

/// Reads it to its end; `go_on` is asked now and then, with the raw bytes so far.
///
/// # Errors
/// `CorruptSnapshot` for what is cut, damaged or no image of this version; `Aborted`.
pub(super) fn survey(
    path: &Path,
    raw: impl Read,
    go_on: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Survey> {
    let name = path.display();
    let mut stream = Stream::new(raw)?;
    let start = *stream.start();
    let mut checker = Checker::new(&start, OBJECTS as u32).map_err(|wrong| beginning(path, wrong))?;
    let mut objects = Vec::new();
    let mut bytes = 0;
    loop {
        go_on(stream.at())?;
        let at = stream.at();
        let record = match stream.next()? {
            Part::Object(_) if objects.len() >= OBJECTS => {
                return Err(Error::CorruptSnapshot(format!("{name}: more than {OBJECTS} files are mapped")));
            }
            Part::Object(object) => {
                objects.push(object);
                continue;
            }
            Part::Record(record) => record,
        };
        let known =
            record.kind != KIND_OBJECT || record.tag == RUN || (record.object as usize) < objects.len();
        let unknown = Err(Wrong { code: "object", value: record.object.into() });
        let step = if known { checker.next(&record) } else { unknown };
        match step.map_err(|wrong| damaged(path, at, wrong))? {
            Step::Region(_) => {}
            Step::Run { bytes: more, .. } => {
                bytes += more;
                pass(&mut stream, &record, go_on)?;
            }
            Step::End => break,
        }
    }
    let raw_bytes = stream.finish()?;
    Ok(Survey { start, objects, bytes, raw_bytes })
}

/// A run may have gigabytes.
fn pass(
    stream: &mut Stream<impl Read>,
    record: &Record,
    go_on: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<()> {
    let mut void = vec![0; usize::try_from(record.b).unwrap_or(usize::MAX).min(1 << 20)];
    while stream.pages(&mut void)? > 0 {
        go_on(stream.at())?;
    }
    Ok(())
}

fn beginning(path: &Path, wrong: Wrong) -> Error {
    match wrong.code {
        "version" => Error::Unsupported(format!(
            "{} is an image of version {}, which a later heapwarden has written: thaw it with that one",
            path.display(),
            wrong.value
        )),
        _ => damaged(path, 0, wrong),
    }
}

pub(super) fn damaged(path: &Path, at: u64, wrong: Wrong) -> Error {
    let Wrong { code, value } = wrong;
    Error::CorruptSnapshot(format!(
        "{}: the image is damaged at byte {at} of its unpacked bytes: {code} {value:#x} cannot be",
        path.display()
    ))
}
