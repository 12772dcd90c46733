//! What a path leads to: a file, or a pipe that gives its bytes once. A pipe is waited for where it is read, never
//! where it is opened, and whoever waits can be told to stop.

use std::fs::{File, FileType};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::json_reader::{Reader, stream};
use crate::error::{Error, Result};
use crate::file::{fault, folder};

/// Ends the reading of a pipe from another thread.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    own: Arc<AtomicBool>,
    // Of what this is a part.
    whole: Option<Arc<AtomicBool>>,
}

impl Stop {
    /// Of a part: it ends with the whole as well.
    #[must_use]
    pub fn part(&self) -> Self {
        Self { own: Arc::default(), whole: Some(self.own.clone()) }
    }

    /// Ends it, soon.
    pub fn stop(&self) {
        self.own.store(true, Ordering::Relaxed);
    }

    /// Has it ended?
    pub fn stopped(&self) -> bool {
        let whole = self.whole.as_ref().is_some_and(|whole| whole.load(Ordering::Relaxed));
        whole || self.own.load(Ordering::Relaxed)
    }
}

/// What is to be read.
pub enum Input {
    /// A regular file.
    File(File, PathBuf),
    /// A FIFO, `<(…)`, standard input.
    Pipe(Pipe),
}

impl Input {
    /// Opens, and waits for nobody.
    ///
    /// # Errors
    /// `NotFound`; `InvalidOption` for a folder, a device, a socket, and what may not be read.
    pub fn open(path: &Path, stop: Stop) -> Result<Self> {
        let (file, kind) = open(path)?;
        if is_pipe(kind) {
            return Ok(Self::Pipe(Pipe { file, stop, name: path.to_owned() }));
        }
        if kind.is_file() { Ok(Self::File(file, path.to_owned())) } else { Err(refused(path, kind)) }
    }

    /// Standard input, whatever it is. It stays open for others.
    ///
    /// # Errors
    /// `CaptureFailed` when it cannot be duplicated.
    pub fn stdin(stop: Stop) -> Result<Self> {
        let name = PathBuf::from("standard input");
        let file = duplicate_stdin().map_err(|e| fault::at("cannot open", &name, &e))?;
        Ok(Self::Pipe(Pipe { file, stop, name }))
    }

    /// Looks at the first bytes; of a pipe it waits for them.
    ///
    /// # Errors
    /// `CorruptSnapshot` when they are no snapshot's; `Aborted`.
    pub fn reader(self) -> Result<Reader> {
        match self {
            Self::File(file, path) => Reader::new(file, &path),
            Self::Pipe(pipe) => {
                let name = pipe.name.clone();
                stream(pipe, &name)
            }
        }
    }
}

/// The JSON, from the first read on: only that waits for a pipe's first bytes.
pub struct Later(Beginning);

enum Beginning {
    Opened(Input),
    Begun(Box<Reader>),
    Failed,
}

impl Later {
    /// Nothing is read yet.
    pub fn new(input: Input) -> Self {
        Self(Beginning::Opened(input))
    }
}

impl Read for Later {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Beginning::Opened(_) = &self.0
            && let Beginning::Opened(input) = std::mem::replace(&mut self.0, Beginning::Failed)
        {
            self.0 = Beginning::Begun(Box::new(input.reader().map_err(fault::wrap)?));
        }
        let Beginning::Begun(reader) = &mut self.0 else { return Ok(0) };
        reader.read(out)
    }
}

/// Bytes that come once, when they come.
pub struct Pipe {
    file: File,
    stop: Stop,
    name: PathBuf,
}

impl Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.stop.stopped() {
                let words = format!("reading {} was given up", self.name.display());
                return Err(fault::wrap(Error::Aborted(words)));
            }
            if !ready(&self.file)? {
                continue;
            }
            match self.file.read(out) {
                // Somebody else took it, or a signal came.
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                other => return other,
            }
        }
    }
}

/// A regular file, and nothing else: for what a stranger may have put into a folder.
pub(super) fn open_regular(path: &Path) -> Result<File> {
    let (file, kind) = open(path)?;
    if kind.is_file() { Ok(file) } else { Err(refused(path, kind)) }
}

fn open(path: &Path) -> Result<(File, FileType)> {
    let shown = path.display();
    let path = if path.as_os_str().is_empty() { path.to_owned() } else { folder::absolute(path)? };
    let file = open_without_waiting(&path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Error::NotFound(format!("there is no snapshot {shown}")),
        _ if is_socket(&path) => refused_as(&shown, "a socket, which no path opens"),
        _ => Error::InvalidOption(format!("the snapshot {shown} cannot be opened: {e}")),
    })?;
    let meta = file.metadata().map_err(|e| fault::at("cannot look at", &path, &e))?;
    Ok((file, meta.file_type()))
}

fn refused(path: &Path, kind: FileType) -> Error {
    let what = match kind {
        _ if kind.is_dir() => "a folder",
        _ if is_pipe(kind) => "a pipe",
        _ => "a device",
    };
    refused_as(&path.display(), what)
}

fn refused_as(shown: &std::path::Display, what: &str) -> Error {
    Error::InvalidOption(format!("{shown} is {what} and not a regular file: give a snapshot's path"))
}

#[cfg(unix)]
fn is_pipe(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_fifo()
}

#[cfg(unix)]
fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.file_type().is_socket())
}

#[cfg(unix)]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    // NONBLOCK: a pipe that nobody writes to yet is opened at once.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(unix)]
fn duplicate_stdin() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

/// Waits a moment for bytes or the end of them. A FIFO that nobody has opened for writing yet has neither.
#[cfg(unix)]
fn ready(file: &File) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let moment = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    match poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&moment)) {
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

#[cfg(not(unix))]
fn is_pipe(_: FileType) -> bool {
    false
}

#[cfg(not(unix))]
fn is_socket(_: &Path) -> bool {
    false
}

#[cfg(not(unix))]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(not(unix))]
fn duplicate_stdin() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}

#[cfg(not(unix))]
fn ready(_: &File) -> io::Result<bool> {
    Ok(true)
}
