//! The sink of an image: its data is written by whoever freezes, behind the header and in front of the trailer, straight to
//! the file's descriptor.

use std::io::Write;

use super::Sink;
use crate::error::{Error, Result};
use crate::file::frames::{self, TRAILER_ROOM};
use crate::file::info::{Finish, Form, Trailer};

impl Sink {
    /// Where the zstd frames of an image go, from where it stands; it stays this sink's.
    #[cfg(unix)]
    pub fn raw_fd(&self) -> std::os::fd::RawFd {
        use std::os::fd::AsRawFd;
        self.temp.file().as_raw_fd()
    }

    /// Whether what has to stay free on the disk still does. For whoever writes to [`raw_fd`](Self::raw_fd), now and then.
    /// Allocates nothing and takes no lock: an old file has given way to an image before.
    pub fn has_room(&self) -> bool {
        self.output.has_room(&self.temp)
    }

    /// Has the disk take what is there. Until then it is memory of the group that writes it, which cannot be had back. Allocates
    /// nothing; it may wait. The system's number if it could not: it says so once, and whoever ends the file does not hear of it.
    #[cfg(unix)]
    pub fn write_back(&self) -> Option<i32> {
        rustix::fs::fdatasync(self.temp.file()).err().map(rustix::io::Errno::raw_os_error)
    }

    /// Ends and syncs the file of an image, whose `frames` frames with `data_bytes` bytes of `raw_bytes` are there; the name
    /// stays temporary. Allocates nothing and takes no lock, unless it fails.
    ///
    /// # Errors
    /// `CaptureFailed`, `NoSpace`: the system refuses.
    pub fn finish_image(
        &mut self,
        raw_bytes: u64,
        data_bytes: u64,
        frames: u64,
        finish: Finish,
    ) -> Result<Trailer> {
        self.check()?;
        if self.header.form != Form::Image {
            return Err(Error::CaptureFailed("the file of a snapshot was ended as an image's".into()));
        }
        let trailer = self.image_trailer(raw_bytes, data_bytes, frames, &finish);
        let result = self.end_image(&trailer);
        if result.is_ok() {
            self.trailer = Some(trailer.clone());
        }
        self.keep_failure(result).map(|()| trailer)
    }

    /// The same where nothing may be allocated and no lock taken, not even to say why it fails: without an old file that gives
    /// way. `finish` says how long all of it took.
    ///
    /// # Errors
    /// The system's number.
    pub fn finish_image_raw(
        &self,
        raw_bytes: u64,
        data_bytes: u64,
        frames: u64,
        finish: &Finish,
    ) -> std::result::Result<(), i32> {
        let trailer = self.image_trailer(raw_bytes, data_bytes, frames, finish);
        let mut room = [0; TRAILER_ROOM];
        let frame = frames::trailer_in(&trailer, &mut room).ok_or(0)?;
        let mut file = self.temp.file();
        let written = file.write_all(frame).and_then(|()| file.sync_all());
        written.map_err(|error| error.raw_os_error().unwrap_or(0))
    }

    /// Allocates nothing.
    fn image_trailer(&self, raw_bytes: u64, data_bytes: u64, frames: u64, finish: &Finish) -> Trailer {
        Trailer {
            complete: true,
            raw_bytes,
            data_bytes,
            frames,
            nodes: None,
            pause_ms: finish.pause_ms,
            duration_ms: finish.duration_ms.unwrap_or_else(|| self.started.elapsed().as_secs_f64() * 1000.0),
            attempts: finish.attempts,
        }
    }

    fn end_image(&self, trailer: &Trailer) -> Result<()> {
        let mut room = [0; TRAILER_ROOM];
        let frame = frames::trailer_in(trailer, &mut room)
            .ok_or_else(|| Error::CaptureFailed("the image's metadata is too long".into()))?;
        self.output.put_last(&self.temp, frame)?;
        self.output.sync(&self.temp)
    }

    /// JSON has nothing to do with an image.
    pub(super) fn refuse_image(&self) -> Result<()> {
        if self.header.form == Form::Image {
            return Err(Error::CaptureFailed("JSON was given for the file of an image".into()));
        }
        Ok(())
    }
}
