//! V8's snapshot of what an image holds, as a file like any other.

use std::io::{self, Write};
use std::path::Path;

use super::options::{Progress, Requests, ThawOptions};
use super::session::run;
use crate::error::{Error, Result};
use crate::file::fault;
use crate::file::info::{Finish, Form, Header, Origin, SnapshotInfo};
use crate::file::sink::{Sink, SinkOptions};
use crate::image::open::open;
use crate::image::request::Request;
use crate::redact::Redactor;

/// What the snapshot is to be like.
#[derive(Clone, Debug, Default)]
pub struct SnapshotOptions {
    /// Where it goes. Without folder and path: beside the image.
    pub sink: SinkOptions,
    /// Mask string values.
    pub redact: bool,
    /// Numbers as nodes.
    pub numeric_values: bool,
}

/// Thaws `image` and writes V8's snapshot of it. The snapshot is the image's: of its process and thread, of its time, ordered
/// by what ordered it.
///
/// # Errors
/// As [`run`], and as the sink's. No file is left on an error.
pub fn snapshot(
    image: &Path,
    to: &SnapshotOptions,
    options: &ThawOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<SnapshotInfo> {
    let reader = open(image)?;
    let (Some(header), trailer) = (reader.header().cloned(), reader.trailer().cloned()) else {
        return Err(Error::CorruptSnapshot(format!("{} has no metadata", image.display())));
    };
    drop(reader);
    let header = Header {
        heapwarden: Header::new(header.at, header.mode, "").heapwarden,
        redacted: to.redact,
        numeric_values: to.numeric_values,
        form: Form::Snapshot,
        reason: None,
        objects: Vec::new(),
        origin: Some(Origin { form: Form::Image, name: name(image) }),
        ..header
    };
    let mut sink = to.sink.clone();
    if sink.dir.is_none() && sink.path.is_none() {
        let parent = image.parent().filter(|parent| !parent.as_os_str().is_empty());
        sink.dir = Some(parent.unwrap_or(Path::new(".")).to_owned());
    }
    let mut intake = Intake {
        sink: Sink::create(&sink, header)?,
        redactor: to.redact.then(Redactor::new),
        masked: Vec::new(),
    };
    let request = [Request::Snapshot { numeric_values: to.numeric_values }];
    run(image, Requests::Given(&request), &mut intake, options, progress)?;
    let finish = Finish {
        pause_ms: trailer.as_ref().map_or(0.0, |trailer| trailer.pause_ms),
        duration_ms: None,
        attempts: trailer.map_or(1, |trailer| trailer.attempts),
    };
    let Intake { sink, redactor, .. } = intake;
    redactor.map_or(Ok(()), Redactor::finish)?;
    sink.seal(finish)?.publish()
}

fn name(image: &Path) -> String {
    image.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Masks, then writes.
struct Intake {
    sink: Sink,
    redactor: Option<Redactor>,
    masked: Vec<u8>,
}

impl Write for Intake {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(redactor) = &mut self.redactor else {
            return self.sink.write(bytes).map(|()| bytes.len()).map_err(fault::wrap);
        };
        self.masked.clear();
        redactor.push(bytes, &mut self.masked).map_err(fault::wrap)?;
        self.sink.write(&self.masked).map(|()| bytes.len()).map_err(fault::wrap)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
