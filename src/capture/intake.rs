//! What V8 writes on its way into the file: masked first, if that was asked for.

use crate::error::{Error, Result};
use crate::file::info::{Finish, Trailer};
use crate::file::sink::{Sealed, Sink};
use crate::image::freeze::Written;
use crate::redact::{HELD, Redactor};

/// What is masked may be longer, byte for byte, than what it was: `"x",` becomes `"(redacted #12345678, length 1)",`.
const MASKED: usize = 9;

/// A sink with its redactor. Takes no lock, as the forked child needs it.
pub struct Intake {
    sink: Sink,
    redactor: Option<Redactor>,
    masked: Vec<u8>,
}

impl Intake {
    /// Into `sink`; with `redact`, string values are masked.
    pub fn new(sink: Sink, redact: bool) -> Self {
        Self { sink, redactor: redact.then(Redactor::new), masked: Vec::new() }
    }

    /// The next bytes of JSON.
    ///
    /// # Errors
    /// As [`Sink::write`], and `CaptureFailed` for JSON that cannot be masked for certain.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(redactor) = &mut self.redactor else { return self.sink.write(bytes) };
        self.masked.clear();
        // Once: the first pieces are as large as any.
        self.masked
            .try_reserve(bytes.len().saturating_mul(MASKED) + HELD)
            .map_err(|_| Error::MemoryBudget("no memory was left to mask a snapshot's texts in".into()))?;
        redactor.push(bytes, &mut self.masked)?;
        self.sink.write(&self.masked)
    }

    /// That was all: ends and syncs the file under its temporary name.
    ///
    /// # Errors
    /// As [`Sink::finish`].
    pub fn finish(&mut self, finish: Finish) -> Result<Trailer> {
        if let Some(redactor) = self.redactor.take() {
            redactor.finish()?;
        }
        self.sink.finish(finish)
    }

    /// An image was written to the sink's descriptor, past all this: ends and syncs its file.
    ///
    /// # Errors
    /// As [`Sink::finish_image`].
    pub fn finish_image(&mut self, written: Written, finish: Finish) -> Result<Trailer> {
        self.sink.finish_image(written.raw_bytes, written.data_bytes, written.frames, finish)
    }

    /// What is left to do is to give the file its name.
    pub fn handed_over(self) -> Sealed {
        self.sink.handed_over()
    }

    /// The sink itself.
    pub fn sink(&self) -> &Sink {
        &self.sink
    }
}
