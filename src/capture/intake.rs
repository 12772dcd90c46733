//! What V8 writes on its way into the file: masked first, if that was asked for.

use crate::error::{Error, Result};
use crate::file::info::{Finish, Trailer};
use crate::file::sink::{Sealed, Sink};
use crate::image::freeze::Written;
use crate::redact::{HELD, Redactor};

/// What is masked may be longer, byte for byte, than what it was: `"x",` becomes `"(redacted #12345678, length 1)",`.
const MASKED: usize = 9;

/// A sink with its mask. Takes no lock, as the forked child needs it.
pub struct Intake {
    sink: Sink,
    mask: Mask,
}

/// Masks string values, if that was asked for.
#[derive(Default)]
pub struct Mask {
    redactor: Option<Redactor>,
    masked: Vec<u8>,
}

impl Mask {
    /// With `redact` they are masked.
    pub fn new(redact: bool) -> Self {
        Self { redactor: redact.then(Redactor::new), masked: Vec::new() }
    }

    /// The next bytes of JSON, masked.
    ///
    /// # Errors
    /// `CaptureFailed` for JSON that cannot be masked for certain.
    pub fn pass<'a>(&'a mut self, bytes: &'a [u8]) -> Result<&'a [u8]> {
        let Some(redactor) = &mut self.redactor else { return Ok(bytes) };
        self.masked.clear();
        // Once: the first pieces are as large as any.
        self.masked
            .try_reserve(bytes.len().saturating_mul(MASKED) + HELD)
            .map_err(|_| Error::MemoryBudget("no memory was left to mask a snapshot's texts in".into()))?;
        redactor.push(bytes, &mut self.masked)?;
        Ok(&self.masked)
    }

    /// That was all.
    ///
    /// # Errors
    /// As [`Self::pass`].
    pub fn finish(&mut self) -> Result<()> {
        self.redactor.take().map_or(Ok(()), Redactor::finish)
    }
}

impl Intake {
    /// Into `sink`; with `redact`, string values are masked.
    pub fn new(sink: Sink, redact: bool) -> Self {
        Self { sink, mask: Mask::new(redact) }
    }

    /// The next bytes of JSON.
    ///
    /// # Errors
    /// As [`Sink::write`], and `CaptureFailed` for JSON that cannot be masked for certain.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.sink.write(self.mask.pass(bytes)?)
    }

    /// That was all: ends and syncs the file under its temporary name.
    ///
    /// # Errors
    /// As [`Sink::finish`].
    pub fn finish(&mut self, finish: Finish) -> Result<Trailer> {
        self.mask.finish()?;
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
