//! Bytes leave the JavaScript thread through a bounded channel; a thread compresses and writes them.
//!
//! The thread lives only while a capture runs. What stands between the two is at most `DEPTH` chunks, so a
//! disk that cannot keep up slows the capture instead of filling the memory.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded};
use parking_lot::Mutex;

use super::intake::Intake;
use super::permit::Permit;
use super::user::User;
use super::{budget, spare};
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
    permit: Arc<Permit>,
}

/// Starts the thread. `done` is called on it exactly once, after the file is in place or gone. With `redact`
/// string values are masked before they reach the sink. `tell` hears of what went wrong beside the snapshot.
///
/// # Errors
/// `CaptureFailed` when no thread can be started; `done` is then not called.
pub fn start(
    sink: Sink,
    permit: Arc<Permit>,
    redact: bool,
    tell: impl FnOnce(&Error) + Send + 'static,
    done: impl FnOnce(Result<SnapshotInfo>) + Send + 'static,
) -> Result<Feed> {
    let (sender, receiver) = bounded(DEPTH);
    let (give_back, spent) = bounded(DEPTH);
    let theirs = permit.clone();
    let user = User::now();
    spawn(move || {
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
    Ok(Feed { sender, spent, permit })
}

/// Where processes are limited the thread that could not fork may be the one too many, and is just ending.
const TRIES: u32 = 20;
const TRY_AGAIN: Duration = Duration::from_millis(5);

fn spawn(work: impl FnOnce() + Send + 'static) -> Result<()> {
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
        match spare::start("heapwarden-zstd", run) {
            Ok(()) => return Ok(()),
            Err(_) if tries < TRIES => std::thread::sleep(TRY_AGAIN),
            Err(error) => return Err(budget::no_thread("to write with", &error)),
        }
        tries += 1;
    }
}

fn drain(
    mut intake: Intake,
    receiver: &Receiver<Message>,
    give_back: &Sender<Vec<u8>>,
    permit: &Permit,
    tell: impl FnOnce(&Error),
) -> Result<SnapshotInfo> {
    loop {
        match receiver.recv_deadline(permit.deadline()) {
            Ok(Message::Bytes(mut bytes)) => {
                intake.write(&bytes)?;
                bytes.clear();
                let _ = give_back.try_send(bytes);
            }
            Ok(Message::End(finish)) => {
                if !permit.is_open() {
                    return Err(permit.reason());
                }
                intake.finish(finish)?;
                // That compressed the rest and waited for the disk: whoever gave up meanwhile was told that there
                // is no snapshot.
                permit.grant()?;
                return intake.handed_over().publish_telling(tell);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                permit.is_open();
                return Err(permit.reason());
            }
        }
    }
}

impl Feed {
    /// Copies `bytes` to the writer; waits while `DEPTH` chunks are before it. `false`: the capture has
    /// ended, for the reason in its [`Permit`].
    pub fn write(&self, bytes: &[u8]) -> bool {
        for piece in bytes.chunks(CHUNK) {
            let mut buffer = self.spent.try_recv().unwrap_or_default();
            // A new one is empty, a spent one has the room.
            if buffer.try_reserve_exact(piece.len()).is_err() {
                self.permit
                    .fail(Error::MemoryBudget("no memory was left to hand a snapshot to its writer".into()));
                return false;
            }
            buffer.extend_from_slice(piece);
            if !self.permit.is_open() || !self.send(Message::Bytes(buffer)) {
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
        match self.sender.send_deadline(message, self.permit.deadline()) {
            Ok(()) => true,
            Err(SendTimeoutError::Timeout(_)) => {
                self.permit.is_open();
                false
            }
            Err(SendTimeoutError::Disconnected(_)) => false,
        }
    }

    /// Why a write was refused.
    pub fn permit(&self) -> &Arc<Permit> {
        &self.permit
    }
}

#[cfg(test)]
mod tests;
