//! The last step: a finished temporary file gets its final name.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use super::target::{Target, refuse_irregular};
use super::temp::{TRIES, Temp};

use crate::error::{Error, Result};
use crate::file::info::{Finish, Form, Header, SnapshotInfo, Trailer};
use crate::file::store::Retention;
use crate::file::{fault, folder, frames, name};
use crate::json::outline;

/// A file whose writer is done, or will be before [`publish`](Self::publish) is called. Dropped, it is removed.
pub struct Sealed {
    temp: Temp,
    target: Target,
    header: Header,
    // Only plain files need it: the others carry it.
    trailer: Option<Trailer>,
    retention: Option<Retention>,
}

/// Publishes what another process finished: `temp` as it was named by `Sink::create`, `target` in the same
/// folder. A target with a generated name never replaces a file, any other does. The temporary file is
/// removed if this fails.
pub fn publish(temp: &Path, target: &Path, header: Header) -> Result<SnapshotInfo> {
    Sealed::from_paths(temp, target, header)?.publish()
}

impl Sealed {
    pub(super) fn new(
        temp: Temp,
        target: Target,
        header: Header,
        trailer: Option<Trailer>,
        retention: Option<Retention>,
    ) -> Self {
        Self { temp, target, header, trailer, retention }
    }

    /// From what a crashed or other process left; see [`publish`].
    pub fn from_paths(temp: &Path, target: &Path, header: Header) -> Result<Self> {
        let target = folder::absolute(target)?;
        let temp = Temp::adopt(temp)?;
        let name = target.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if target.parent() != Some(temp.folder().path()) || name.is_empty() {
            return Err(Error::InvalidOption(format!(
                "{} cannot be published as {}: both must be in one folder",
                temp.path().display(),
                target.display()
            )));
        }
        let target = Target { name: name.to_owned(), replace: name::parse(name).is_none() };
        Ok(Self { temp, target, header, trailer: None, retention: None })
    }

    /// The temporary file's path.
    pub fn temp(&self) -> std::path::PathBuf {
        self.temp.path()
    }

    /// The path it will get (a generated one changes if it is taken meanwhile).
    pub fn target(&self) -> std::path::PathBuf {
        self.temp.folder().path().join(&self.target.name)
    }

    /// Says what only the parent knows, how long the fork held JS up: writes the trailer anew, in one piece over the old one.
    /// Whoever dies meanwhile leaves a file that is whole.
    pub fn amend(&mut self, finish: Finish) -> Result<()> {
        let (mut trailer, end) = self.read_trailer()?;
        trailer.pause_ms = finish.pause_ms;
        trailer.attempts = finish.attempts;
        trailer.duration_ms = finish.duration_ms.unwrap_or(trailer.duration_ms);
        if let Some(end) = end {
            let size = self.size()?;
            let frame = frames::trailer_over(&trailer, size.saturating_sub(end) as usize)?;
            let path = self.temp.path();
            let file = self.temp.file_mut();
            let mut rewrite = || -> io::Result<()> {
                file.seek(SeekFrom::Start(end))?;
                file.write_all(&frame)?;
                file.sync_all()
            };
            rewrite().map_err(|e| fault::at("cannot write", &path, &e))?;
        }
        self.trailer = Some(trailer);
        Ok(())
    }

    /// Its writer has given it this name itself.
    ///
    /// # Errors
    /// As [`publish_telling`](Self::publish_telling).
    pub fn published_as(mut self, name: String) -> Result<SnapshotInfo> {
        self.temp.disarm();
        self.target.name = name;
        let (trailer, _) = self.read_trailer()?;
        let size = self.size()?;
        self.temp.find_folder()?;
        Ok(SnapshotInfo::new(self.target(), size, &self.header, Some(&trailer)))
    }

    fn size(&self) -> Result<u64> {
        let meta = self.temp.file().metadata();
        meta.map(|meta| meta.len()).map_err(|e| fault::at("cannot look at", &self.temp.path(), &e))
    }

    /// As [`publish_telling`](Self::publish_telling), for who has nobody to tell.
    pub fn publish(self) -> Result<SnapshotInfo> {
        self.publish_telling(|_| {})
    }

    /// Gives the file its final name, syncs the folder, and removes what need not be kept beside it: here, so that it
    /// happens whoever publishes, a child of a dead service too. `CaptureFailed` if its writer did not finish; `tell`
    /// hears what could not be removed, which does not make the snapshot a failed one.
    pub fn publish_telling(mut self, tell: impl FnOnce(&Error)) -> Result<SnapshotInfo> {
        let (trailer, _) = self.read_trailer()?;
        let size = self.size()?;
        self.temp.find_folder()?;
        if self.target.replace {
            refuse_irregular(self.temp.folder(), &self.target.name)?;
        }
        self.rename()?;
        // The file is whole and under its name. If the folder's sync fails, only a crash of the machine could
        // undo that: no reason to call the snapshot failed.
        let _ = self.temp.folder().sync();
        if let Some(Err(error)) =
            self.retention.as_ref().map(|r| r.keep(self.temp.folder(), &self.target.name))
        {
            tell(&error);
        }
        Ok(SnapshotInfo::new(self.target(), size, &self.header, Some(&trailer)))
    }

    fn rename(&mut self) -> Result<()> {
        for _ in 0..TRIES {
            match self.temp.rename(&self.target.name, self.target.replace) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && !self.target.replace => {
                    let zstd = !name::is_plain(&self.target.name);
                    self.target.name = name::generate(&self.header, zstd);
                }
                other => return other.map_err(|e| fault::at("cannot rename to", &self.target(), &e)),
            }
        }
        let path = self.temp.folder().path().display();
        Err(Error::CaptureFailed(format!("no name was free in {path} after {TRIES} tries")))
    }

    // For zstd the one in the file, with its offset: that is what the next reader will see. A plain file that
    // another process wrote does not tell its times: NaN, which `SnapshotInfo` and JSON know as null.
    fn read_trailer(&mut self) -> Result<(Trailer, Option<u64>)> {
        let path = self.temp.path();
        let unfinished = || {
            Error::CaptureFailed(format!(
                "the writer of {} ended before the {} was finished",
                path.display(),
                self.header.form.name()
            ))
        };
        let file = self.temp.file_mut();
        let survey = frames::survey(file).map_err(|e| fault::at("cannot read", &path, &e))?;
        if survey.header.is_some() {
            let (trailer, end) = survey.trailer.ok_or_else(unfinished)?;
            return Ok((trailer, Some(end)));
        }
        if self.header.form == Form::Image {
            return Err(unfinished());
        }
        let (head, tail) = outline::ends_of(file).map_err(|e| fault::at("cannot read", &path, &e))?;
        if !outline::begins(&head) || !outline::ends(&tail) {
            return Err(unfinished());
        }
        if let Some(trailer) = &self.trailer {
            return Ok((trailer.clone(), None));
        }
        let found = Trailer {
            complete: true,
            raw_bytes: survey.size,
            data_bytes: survey.size,
            frames: 0,
            nodes: outline::node_count(&head),
            pause_ms: f64::NAN,
            duration_ms: f64::NAN,
            attempts: 1,
        };
        Ok((found, None))
    }
}
