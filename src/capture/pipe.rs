//! Bytes leave the JavaScript thread through a bounded channel; a thread compresses and writes them.
//!
//! The thread lives only while a capture runs. What stands between the two is at most [`DEPTH`] chunks, so a
//! disk that cannot keep up slows the capture instead of filling the memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded};
use parking_lot::Mutex;

use super::intake::Intake;
use super::user::User;
use crate::error::{Error, Result};
use crate::file::info::{Finish, SnapshotInfo};
use crate::file::sink::Sink;
use crate::v8::profiler::CHUNK;

/// Chunks in flight: 32 × 64 KiB = 2 MiB, enough to ride out one fsync of the page cache.
const DEPTH: usize = 32;

enum Message {
    Bytes(Vec<u8>),
    End(Finish),
}

/// The writing end. Dropped without [`Feed::finish`], the capture fails and leaves no file.
pub struct Feed {
    sender: Sender<Message>,
    spent: Receiver<Vec<u8>>,
    fate: Arc<Fate>,
}

/// Whether somebody still wants a capture. It is given up or its file gets its name, never both.
#[derive(Debug, Default)]
pub struct Wish(AtomicU8);

const WANTED: u8 = 0;
const GIVEN_UP: u8 = 1;
const GRANTED: u8 = 2;

impl Wish {
    /// Nobody waits any more. `false`: too late, its file is getting its name.
    pub fn give_up(&self) -> bool {
        self.settle(GIVEN_UP)
    }

    /// Its file gets its name now. `false`: it was given up.
    fn grant(&self) -> bool {
        self.settle(GRANTED)
    }

    /// Whether nobody waits any more.
    pub fn is_given_up(&self) -> bool {
        self.0.load(Ordering::Acquire) == GIVEN_UP
    }

    fn settle(&self, how: u8) -> bool {
        match self.0.compare_exchange(WANTED, how, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(now) => now == how,
        }
    }
}

/// What both ends know of how it ends.
pub struct Fate {
    /// Whether somebody waits.
    pub wish: Arc<Wish>,
    deadline: Mutex<Deadline>,
    reason: Mutex<Option<Error>>,
}

struct Deadline {
    /// It must be done by then.
    at: Instant,
    looked: Option<Instant>,
    /// It has been put off, and the loop has not heard of it.
    stood: bool,
}

/// Between two looks of a thread that looks several times a second: longer, and the process did not run (SIGSTOP, a
/// cgroup's freezer, a function that is frozen between two calls).
const STOPPED: Duration = Duration::from_secs(3);

impl Fate {
    /// A capture that must be done by `deadline` and ends when its wish is given up.
    pub fn new(wish: Arc<Wish>, deadline: Instant) -> Self {
        let deadline = Mutex::new(Deadline { at: deadline, looked: None, stood: false });
        Self { wish, deadline, reason: Mutex::new(None) }
    }

    /// It must be done by then.
    pub fn deadline(&self) -> Instant {
        self.deadline.lock().at
    }

    /// For a loop that looks: what comes before and after it does not count as one turn of it.
    pub fn looking(&self) -> Looking<'_> {
        self.deadline.lock().looked = Some(Instant::now());
        Looking(self)
    }

    /// From a loop that comes here several times a second, at each turn: time in which this process stood still does not
    /// count. Whether it did, since the last turn.
    pub fn look(&self) -> bool {
        self.look_at(Instant::now());
        std::mem::take(&mut self.deadline.lock().stood)
    }

    fn look_at(&self, now: Instant) {
        let mut deadline = self.deadline.lock();
        let gap =
            deadline.looked.replace(now).map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        if gap > STOPPED {
            deadline.at += gap;
            deadline.stood = true;
        }
    }

    /// Whether to go on; if not, the reason is kept for [`Fate::reason`].
    pub fn is_open(&self) -> bool {
        self.is_open_at(Instant::now())
    }

    fn is_open_at(&self, now: Instant) -> bool {
        // It may have stood still since the loop's last look.
        if self.deadline.lock().looked.is_some() {
            self.look_at(now);
        }
        if self.wish.is_given_up() {
            self.fail(aborted());
        } else if now >= self.deadline() {
            self.fail(late());
        }
        self.reason.lock().is_none()
    }

    /// To be asked last, before the file gets its name: from here on nobody is told any more that there is none.
    ///
    /// # Errors
    /// Why it must not get it.
    pub fn grant(&self) -> Result<()> {
        if !self.is_open() {
            return Err(self.reason());
        }
        if self.wish.grant() { Ok(()) } else { Err(aborted()) }
    }

    /// Keeps the first reason.
    pub fn fail(&self, error: Error) {
        self.reason.lock().get_or_insert(error);
    }

    /// Why it ended.
    pub fn reason(&self) -> Error {
        let unknown = || Error::CaptureFailed("V8 ended the snapshot before it was complete".into());
        self.reason.lock().clone().unwrap_or_else(unknown)
    }
}

/// A loop that looks is under way.
pub struct Looking<'a>(&'a Fate);

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        // It may have been stopped in the last turn.
        self.0.look_at(Instant::now());
        self.0.deadline.lock().looked = None;
    }
}

/// Its time was over.
pub fn late() -> Error {
    Error::Timeout("the snapshot was not complete within its timeout".into())
}

fn aborted() -> Error {
    Error::Aborted("the snapshot was aborted by its caller".into())
}

/// Starts the thread. `done` is called on it exactly once, after the file is in place or gone. With `redact`
/// string values are masked before they reach the sink. `tell` hears of what went wrong beside the snapshot.
///
/// # Errors
/// `CaptureFailed` when no thread can be started; `done` is then not called.
pub fn start(
    sink: Sink,
    fate: Arc<Fate>,
    redact: bool,
    tell: impl FnOnce(&Error) + Send + 'static,
    done: impl FnOnce(Result<SnapshotInfo>) + Send + 'static,
) -> Result<(Feed, std::thread::JoinHandle<()>)> {
    let (sender, receiver) = bounded(DEPTH);
    let (give_back, spent) = bounded(DEPTH);
    let theirs = fate.clone();
    let user = User::now();
    let thread = spawn(move || {
        let work = || drain(Intake::new(sink, redact), &receiver, &give_back, &theirs, tell);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
            .unwrap_or_else(|_| Err(Error::CaptureFailed("the writer thread panicked".into())))
            .map_err(|error| user.explain(error));
        if let Err(error) = &result {
            theirs.fail(error.clone());
        }
        // Lets go of a sender that waits for room.
        drop(receiver);
        done(result);
    })?;
    Ok((Feed { sender, spent, fate }, thread))
}

/// Where processes are limited the thread that could not fork may be the one too many, and is just ending.
const TRIES: u32 = 20;
const TRY_AGAIN: Duration = Duration::from_millis(5);

fn spawn(work: impl FnOnce() + Send + 'static) -> Result<std::thread::JoinHandle<()>> {
    let work = Arc::new(Mutex::new(Some(work)));
    let mut tries = 0;
    loop {
        let theirs = work.clone();
        let run = move || {
            let work = theirs.lock().take();
            if let Some(work) = work {
                work();
            }
        };
        match std::thread::Builder::new().name("heapwarden-zstd".into()).spawn(run) {
            Ok(thread) => return Ok(thread),
            Err(_) if tries < TRIES => std::thread::sleep(TRY_AGAIN),
            Err(error) => return Err(Error::CaptureFailed(format!("no thread to write with: {error}"))),
        }
        tries += 1;
    }
}

fn drain(
    mut intake: Intake,
    receiver: &Receiver<Message>,
    give_back: &Sender<Vec<u8>>,
    fate: &Fate,
    tell: impl FnOnce(&Error),
) -> Result<SnapshotInfo> {
    loop {
        match receiver.recv_deadline(fate.deadline()) {
            Ok(Message::Bytes(mut bytes)) => {
                intake.write(&bytes)?;
                bytes.clear();
                let _ = give_back.try_send(bytes);
            }
            Ok(Message::End(finish)) => {
                if !fate.is_open() {
                    return Err(fate.reason());
                }
                intake.finish(finish)?;
                // That compressed the rest and waited for the disk: whoever gave up meanwhile was told that there
                // is no snapshot.
                fate.grant()?;
                return intake.handed_over().publish_telling(tell);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                fate.is_open();
                return Err(fate.reason());
            }
        }
    }
}

impl Feed {
    /// Copies `bytes` to the writer; waits while [`DEPTH`] chunks are before it. `false`: the capture has
    /// ended, for the reason in its [`Fate`].
    pub fn write(&self, bytes: &[u8]) -> bool {
        for piece in bytes.chunks(CHUNK) {
            let mut buffer = self.spent.try_recv().unwrap_or_default();
            // A new one is empty, a spent one has the room.
            if buffer.try_reserve_exact(piece.len()).is_err() {
                self.fate
                    .fail(Error::MemoryBudget("no memory was left to hand a snapshot to its writer".into()));
                return false;
            }
            buffer.extend_from_slice(piece);
            if !self.fate.is_open() || !self.send(Message::Bytes(buffer)) {
                return false;
            }
        }
        true
    }

    /// All bytes have been written: the thread seals and publishes the file.
    pub fn finish(self, finish: Finish) -> bool {
        self.send(Message::End(finish))
    }

    fn send(&self, message: Message) -> bool {
        match self.sender.send_deadline(message, self.fate.deadline()) {
            Ok(()) => true,
            Err(SendTimeoutError::Timeout(_)) => {
                self.fate.is_open();
                false
            }
            Err(SendTimeoutError::Disconnected(_)) => false,
        }
    }

    /// Why a write was refused.
    pub fn fate(&self) -> &Arc<Fate> {
        &self.fate
    }
}

#[cfg(test)]
mod tests;
