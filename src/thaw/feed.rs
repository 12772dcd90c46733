//! The second reading of an image, into the loader; then the requests, for the copy.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, select};
use rustix::net::{SendFlags, Shutdown, send, shutdown};

use super::options::Requests;
use super::stream::{Part, Stream, record_bytes, start_bytes};
use crate::error::{Error, Result};
use crate::file::fault;
use crate::image::format::{END, RUN};
use crate::image::request::Request;

/// Bytes handed over at once.
const PIECE: usize = 256 << 10;

/// What the other threads see of it.
#[derive(Debug, Default)]
pub(super) struct Fed {
    /// Raw bytes of the image.
    pub bytes: AtomicU64,
    /// Requests.
    pub requests: AtomicU64,
}

/// Gives all of it; returns when nothing more is to come, or nobody takes it any more. `ended` hangs up when the copy is
/// gone.
///
/// # Errors
/// Those of the image's file, whose second reading may end otherwise than the first. That nobody takes it is none.
pub(super) fn feed(
    raw: impl Read,
    requests: &Requests<'_>,
    socket: &OwnedFd,
    fed: &Fed,
    ended: &Receiver<()>,
) -> Result<()> {
    let result = image(raw, socket, fed).and_then(|()| work(requests, socket, fed, ended));
    let _ = shutdown(socket, Shutdown::Write);
    match result {
        Err(Stopped::Failed(error)) => Err(error),
        Ok(()) | Err(Stopped::Gone) => Ok(()),
    }
}

enum Stopped {
    /// Nobody reads: why, its end tells.
    Gone,
    Failed(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Without the records of files: those the loader has as descriptors, in the same order.
fn image(raw: impl Read, socket: &OwnedFd, fed: &Fed) -> Result<(), Stopped> {
    let mut stream = Stream::new(raw)?;
    let mut to = Socket { socket, kept: start_bytes(stream.start()) };
    let mut pages = vec![0; PIECE];
    loop {
        let Part::Record(record) = stream.next()? else { continue };
        to.write(&record_bytes(&record))?;
        if record.tag == RUN {
            loop {
                let count = stream.pages(&mut pages)?;
                if count == 0 {
                    break;
                }
                to.write(&pages[..count])?;
                fed.bytes.store(stream.at(), Ordering::Relaxed);
            }
        }
        if record.tag == END {
            to.flush()?;
            fed.bytes.store(stream.at(), Ordering::Relaxed);
            return Ok(());
        }
    }
}

fn work(requests: &Requests<'_>, socket: &OwnedFd, fed: &Fed, ended: &Receiver<()>) -> Result<(), Stopped> {
    match requests {
        Requests::Given(requests) => requests.iter().try_for_each(|one| request(one, socket, fed)),
        Requests::Session(requests) => loop {
            select! {
                recv(requests) -> next => match next {
                    Ok(next) => request(&next, socket, fed)?,
                    Err(_) => return Ok(()),
                },
                recv(ended) -> _ => return Err(Stopped::Gone),
            }
        },
    }
}

fn request(request: &Request, socket: &OwnedFd, fed: &Fed) -> Result<(), Stopped> {
    let text = serde_json::to_vec(request)
        .map_err(|error| Error::InvalidOption(format!("the request is no JSON: {error}")))?;
    // Before: its answer must not come earlier than it.
    fed.requests.fetch_add(1, Ordering::Relaxed);
    let mut to = Socket { socket, kept: (text.len() as u64).to_le_bytes().to_vec() };
    to.write(&text)?;
    to.flush()
}

/// Small pieces go together.
struct Socket<'a> {
    socket: &'a OwnedFd,
    kept: Vec<u8>,
}

impl Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        if self.kept.len() + bytes.len() > PIECE {
            self.flush()?;
        }
        if bytes.len() >= PIECE {
            return self.all(bytes);
        }
        self.kept.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Stopped> {
        let kept = std::mem::take(&mut self.kept);
        self.all(&kept)?;
        self.kept = kept;
        self.kept.clear();
        Ok(())
    }

    fn all(&self, bytes: &[u8]) -> Result<(), Stopped> {
        struct Sending<'a>(&'a OwnedFd);
        impl Write for Sending<'_> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                // No signal where nobody reads: this process may be anybody's.
                Ok(send(self.0, bytes, SendFlags::NOSIGNAL)?)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let sent = Sending(self.socket).write_all(bytes);
        sent.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Stopped::Gone,
            _ => Stopped::Failed(fault::unwrap(error)),
        })
    }
}
