//! Writes the file of a snapshot or an image in three separable steps:
//!
//! 1. [`Sink::create`]: everything that options, folder and disk can refuse; the temporary file, locked.
//! 2. [`Sink::write`] … [`Sink::finish`]: JSON in, compressed, ended with the trailer, synced. This step takes
//!    no lock and starts no thread, so a forked child can do it with the descriptors it inherited.
//! 3. [`Sealed::publish`]: the final name, and what need not be kept beside it goes. Nothing ever stands under a final
//!    name that is not complete.
//!
//! In one process: `create`, `write`…, `seal`, `publish`. With a child: the parent creates, forks and keeps
//! [`Sink::handed_over`]; the child writes, calls `finish` and waits; the parent publishes what the trailer says, or the
//! child does if the parent has died. What an image's header is given for is written by whoever freezes, straight to
//! [`Sink::raw_fd`], and ended by [`Sink::finish_image`]. Whatever is dropped without being published removes the temporary file.

use std::io;
use std::time::Instant;

use super::fault;
use super::folder;
use super::frames;
use super::info::{Finish, Form, Header, Trailer};
use super::store::{self, Retention};
use crate::error::{Error, Result};
use crate::json::outline::{self, Tail};

mod encode;
mod image;
mod options;
mod output;
mod sealed;
mod target;
mod temp;
pub mod unfinished;

use encode::Encoder;
use output::Output;
use target::{Target, exact, level};
use temp::Temp;

pub use options::{LEVEL, SinkOptions};
pub use output::{MIN_FREE_DISK, reserve};
pub use sealed::{Sealed, publish};

/// A snapshot file being written.
pub struct Sink {
    target: Target,
    // Before `temp`: the encoder's memory goes first, then the file.
    encoder: Encoder,
    output: Output,
    temp: Temp,
    header: Header,
    head: Vec<u8>,
    tail: Tail,
    raw_bytes: u64,
    started: Instant,
    failed: Option<Error>,
    trailer: Option<Trailer>,
}

impl Sink {
    /// Checks options, folder and disk, and creates the locked temporary file.
    ///
    /// `InvalidOption`: level, a path or folder that cannot be one. `CaptureFailed`: the system refuses, with
    /// folder and error number. `NoSpace`: less than `min_free_disk` is free. No file is left on an error.
    pub fn create(options: &SinkOptions, header: Header) -> Result<Self> {
        let started = Instant::now();
        let is_image = header.form == Form::Image;
        // Who freezes packs: nothing comes through here.
        let level = level(options).map(|level| if is_image { 0 } else { level })?;
        let packed = level != 0 || is_image;
        let (folder, exact) = match &options.path {
            Some(path) => exact(path, header.form).map(|(folder, name)| (folder, Some(name)))?,
            None => (folder::prepare(options.dir.as_deref(), options.diagnostic_dir.as_deref())?, None),
        };
        let start = if packed { frames::header(&header)? } else { Vec::new() };
        let encoder = Encoder::new(level)?;
        let retention = options.keep.map(|keep| Retention::new(keep, &header));
        if retention.is_none() {
            // Nobody else would ever remove what a writer that was killed has left there.
            store::clear(&folder);
        }
        output::check_before(&folder, options.min_free_disk, retention.as_ref())?;
        if is_image {
            output::make_way(&folder, options.min_free_disk, retention.as_ref(), options.expected);
        }
        // Bytes may be free where the file system has no inode left: one old file less is one.
        let make_room = |folder: &_| output::gives_way(folder, retention.as_ref(), 0, 1);
        let (temp, generated) = Temp::create(folder, &header, packed, make_room)?;
        let target = match exact {
            Some(name) => Target { name, replace: true },
            None => Target { name: generated, replace: false },
        };
        let mut output = Output::new(options.min_free_disk, retention);
        output.put(&temp, &start)?;
        Ok(Self {
            target,
            encoder,
            output,
            temp,
            header,
            head: Vec::with_capacity(4096),
            tail: Tail::default(),
            raw_bytes: 0,
            started,
            failed: None,
            trailer: None,
        })
    }

    /// Takes the next bytes of JSON. After an error every further call gives the same one.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.check()?;
        self.refuse_image()?;
        if self.trailer.is_some() {
            return Err(Error::CaptureFailed("bytes were written to a snapshot that was finished".into()));
        }
        if self.head.len() < outline::HEAD && !self.counted() {
            self.head.extend_from_slice(&bytes[..bytes.len().min(outline::HEAD - self.head.len())]);
        }
        self.tail.push(bytes);
        self.raw_bytes += bytes.len() as u64;
        let (output, temp) = (&mut self.output, &self.temp);
        let result = self.encoder.write(bytes, &mut |piece| output.put(temp, piece));
        self.keep_failure(result)
    }

    /// Ends and syncs the file; the name stays temporary. `CaptureFailed` when what was written is not a whole
    /// snapshot: V8 stopped in the middle.
    pub fn finish(&mut self, finish: Finish) -> Result<Trailer> {
        self.check()?;
        self.refuse_image()?;
        if let Some(trailer) = &self.trailer {
            return Ok(trailer.clone());
        }
        let result = self.end(finish);
        if let Ok(trailer) = &result {
            self.trailer = Some(trailer.clone());
        }
        self.keep_failure(result)
    }

    fn end(&mut self, finish: Finish) -> Result<Trailer> {
        if !outline::begins(&self.head) || !outline::ends(self.tail.bytes()) {
            return Err(Error::CaptureFailed(format!(
                "the snapshot's JSON is not whole: it stopped after {} bytes",
                self.raw_bytes
            )));
        }
        let (output, temp) = (&mut self.output, &self.temp);
        self.encoder.finish(&mut |piece| output.put(temp, piece))?;
        let begin = if self.encoder.is_plain() { 0 } else { frames::header(&self.header)?.len() as u64 };
        let trailer = Trailer {
            complete: true,
            raw_bytes: self.raw_bytes,
            data_bytes: self.output.written() - begin,
            frames: self.encoder.frames(),
            nodes: outline::node_count(&self.head),
            pause_ms: finish.pause_ms,
            duration_ms: finish.duration_ms.unwrap_or_else(|| self.started.elapsed().as_secs_f64() * 1000.0),
            attempts: finish.attempts,
        };
        if !self.encoder.is_plain() {
            self.output.put(&self.temp, &frames::trailer(&trailer)?)?;
        }
        self.output.sync(&self.temp)?;
        Ok(trailer)
    }

    /// [`finish`](Self::finish), and what is left to do is [`Sealed::publish`].
    pub fn seal(mut self, finish: Finish) -> Result<Sealed> {
        self.finish(finish)?;
        Ok(self.handed_over())
    }

    /// What the parent keeps after the fork: it can publish when the child has finished. Gives the encoder's
    /// memory back.
    pub fn handed_over(self) -> Sealed {
        Sealed::new(self.temp, self.target, self.header, self.trailer, self.output.into_retention())
    }

    /// The path it has until then.
    pub fn temp(&self) -> std::path::PathBuf {
        self.temp.path()
    }

    /// A child that is about to be forked will write the file, and nobody else.
    pub fn lend(&self) {
        self.temp.lend();
    }

    /// It has ended, and the file is whole.
    pub fn take_back(&self) {
        self.temp.take_back();
    }

    /// Whether the file has its temporary name still; yes where that cannot be seen.
    pub fn may_be_there(&self) -> bool {
        self.temp.may_be_there()
    }

    /// Removes the file before its writer has ended: nothing can be published any more.
    pub fn discard(&self) {
        self.temp.remove();
    }

    /// The path it will get, see [`Sealed::target`].
    pub fn target(&self) -> std::path::PathBuf {
        self.temp.folder().path().join(&self.target.name)
    }

    /// The metadata it was created with.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes of JSON so far.
    pub fn raw_bytes(&self) -> u64 {
        self.raw_bytes
    }

    /// Bytes of file so far, without what the encoder holds.
    pub fn written(&self) -> u64 {
        self.output.written()
    }

    /// The file and its folder: the two descriptors a forked child must not close.
    #[cfg(unix)]
    pub fn descriptors(&self) -> [std::os::fd::BorrowedFd<'_>; 2] {
        use std::os::fd::AsFd;
        [self.temp.file().as_fd(), self.temp.folder().as_fd()]
    }

    fn counted(&self) -> bool {
        outline::node_count(&self.head).is_some()
    }

    fn check(&self) -> Result<()> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn keep_failure<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        }
        result
    }
}

/// The seam for what changes the JSON on its way (redaction): anything that writes to a `Write`. The crate's
/// own error comes back out with [`fault::unwrap`].
impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Sink::write(self, bytes).map(|()| bytes.len()).map_err(fault::wrap)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
