//! From an image's file to what its copy writes.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::beside;
use super::end::{Ending, Subject};
use super::feed::{Fed, feed};
use super::guard::Watched;
use super::needs::{self, Granted};
use super::options::{Progress, Requests, ThawOptions};
use super::start::{Limits, Started, start};
use super::supervise::supervise;
use super::survey::{Survey, survey};
use crate::error::{Error, Result};
use crate::image::open::open;

/// The kernel's own pages may lie in an image's way, in one process of thousands.
const TRIES: u32 = 8;
/// How often somebody hears how far it is.
const TELL: Duration = Duration::from_millis(100);

/// Thaws `image`, gives the copy `requests`, and passes what it writes on to `out`; returns when it has ended.
///
/// # Errors
/// `CorruptSnapshot` for an image that is cut or damaged, `Unsupported` where this machine cannot (CPU, fence), `NotFound`
/// without the image or one of its files, `MemoryBudget`, `Timeout`, `Aborted`; `CaptureFailed` with the copy's last words
/// where it crashed; what the copy itself says; what `out` says.
pub fn run(
    image: &Path,
    requests: Requests<'_>,
    out: &mut dyn Write,
    options: &ThawOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<()> {
    let started = Instant::now();
    drop(open(image)?);
    needs::check_proc(image)?;
    let allowed = options.beside.then(|| beside(image, options)).transpose()?;
    let options = allowed.as_ref().unwrap_or(options);
    let go_on = || go_on(image, options, started);
    let found = read(image, &go_on, progress)?;
    needs::check_cpu(image, &found)?;
    let Granted { objects, memory } = needs::grant(image, &found, options, &go_on)?;
    let subject = Subject { image, bytes: found.bytes, memory, timeout: options.timeout };
    for left in (0..TRIES).rev() {
        let mut attempt = Attempt {
            image,
            requests: &requests,
            options,
            found: &found,
            objects: &objects,
            memory,
            started,
        };
        let (ending, fed, taken) = attempt.run(out, progress)?;
        // What a session's copy was asked is asked once: the next copy would never hear of it.
        let may_repeat = taken == 0 || matches!(requests, Requests::Given(_));
        if left > 0 && may_repeat && ending.may_be_chance() {
            continue;
        }
        // A file that was exchanged between the two readings explains what the loader makes of it.
        fed?;
        let asked = matches!(requests, Requests::Given(requests) if !requests.is_empty());
        let silent = asked && ending.passed == 0;
        ending.judge(&subject)?;
        return if silent { Err(gave_nothing(image)) } else { Ok(()) };
    }
    Ok(())
}

/// It says that it is done, and has done nothing.
fn gave_nothing(image: &Path) -> Error {
    let image = image.display();
    Error::CaptureFailed(format!(
        "the copy of the process that {image} holds came to its end and gave nothing of what it was asked for"
    ))
}

/// Options of a thaw that a service has room for. By what the image's end says of its size: one that is cut shows itself later.
fn beside(image: &Path, options: &ThawOptions) -> Result<ThawOptions> {
    let bytes = open(image)?.trailer().map_or(0, |trailer| trailer.raw_bytes);
    let memory = beside::admit(image, bytes, options.memory)?;
    Ok(ThawOptions { memory: Some(memory), ..options.clone() })
}

/// The first reading.
fn read(image: &Path, go_on: &dyn Fn() -> Result<()>, progress: &mut dyn FnMut(Progress)) -> Result<Survey> {
    let reader = open(image)?;
    let total = reader.trailer().map_or(0, |trailer| trailer.raw_bytes) * 2;
    let mut told = Instant::now();
    survey(image, std::io::BufReader::with_capacity(256 << 10, reader), &mut |done| {
        if told.elapsed() >= TELL {
            told = Instant::now();
            progress(Progress::Loading { done, total });
        }
        go_on()
    })
}

/// Nobody has stopped it, and there is time left.
fn go_on(image: &Path, options: &ThawOptions, started: Instant) -> Result<()> {
    if options.stop.stopped() {
        return Err(Error::Aborted(format!("the thawing of {} was aborted", image.display())));
    }
    if started.elapsed() > options.timeout {
        let seconds = options.timeout.as_secs_f64();
        let words = format!("the reading of {} took longer than {seconds} s (timeout)", image.display());
        return Err(Error::Timeout(words));
    }
    Ok(())
}

/// One loader.
struct Attempt<'a> {
    image: &'a Path,
    requests: &'a Requests<'a>,
    options: &'a ThawOptions,
    found: &'a Survey,
    objects: &'a [Arc<OwnedFd>],
    memory: u64,
    started: Instant,
}

impl Attempt<'_> {
    /// How it ended, whether the image could be read to its end once more, and how many requests were taken.
    fn run(
        &mut self,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Ending, Result<()>, u64)> {
        let reader = open(self.image)?;
        let session = matches!(self.requests, Requests::Session(_));
        let seconds = if session { 0 } else { self.options.timeout.as_secs() + 1 };
        let limits = Limits { memory: self.memory, seconds };
        let Started { child, socket, status } = start(&self.options.loader, limits, self.objects)?;
        let fed = Fed::default();
        let watched = Watched {
            options: self.options,
            fed: &fed,
            raw_bytes: self.found.raw_bytes,
            memory: self.memory,
            session,
            started: self.started,
        };
        let (hang_up, ended) = crossbeam_channel::bounded(0);
        let (requests, fed) = (self.requests, &fed);
        Ok(std::thread::scope(|scope| {
            let feeding =
                std::thread::Builder::new().name("heapwarden-thaw".into()).spawn_scoped(scope, move || {
                    let raw = std::io::BufReader::with_capacity(256 << 10, reader);
                    // The socket goes with it: then the copy hears that nothing more comes.
                    feed(raw, requests, &socket, fed, &ended)
                });
            // Without a thread the socket is closed, and the loader ends.
            let ending = supervise(child, status, &watched, out, progress);
            drop(hang_up);
            let result = match feeding {
                Ok(thread) => thread
                    .join()
                    .unwrap_or_else(|_| Err(Error::CaptureFailed("the feeding thread panicked".into()))),
                Err(error) => Err(Error::CaptureFailed(format!("no thread to read the image with: {error}"))),
            };
            (ending, result, fed.requests.load(Ordering::Relaxed))
        }))
    }
}
