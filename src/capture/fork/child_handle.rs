//! The child as its service sees it: where its file is, how far it is, how to end it. Dropped unwatched, it ends.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::dontfork::Marks;
use super::reap;
use super::shared_page::SharedPage;
use super::target::Target;
use super::terminate::Terminator;
use crate::file::sink::Sealed;

/// A child that takes a snapshot.
pub struct Child {
    /// Its process id; a zombie at worst, until [`supervise`](super::supervise::supervise) has reaped it.
    pub pid: i32,
    /// `None`: handed over.
    pub(super) target: Option<Target>,
    /// Its last words.
    pub stderr: OwnedFd,
    /// How far it is.
    pub shared: Arc<SharedPage>,
    /// To end it.
    pub terminator: Arc<Terminator>,
    /// ms JavaScript stood still.
    pub pause_ms: f64,
    /// Somebody has seen it end.
    pub(super) watched: AtomicBool,
    pub(super) marks: Marks,
}

impl Child {
    /// Where the file will stand, if there will be one.
    pub fn file(&self) -> Option<std::path::PathBuf> {
        self.target.as_ref()?.intake().map(|intake| intake.sink().target())
    }

    /// Removes the file it writes.
    pub(super) fn discard(&self) {
        if let Some(intake) = self.target.as_ref().and_then(Target::intake) {
            intake.sink().discard();
        }
    }

    /// The file it has written, to be published. While it waits for that it is still the one who removes the file, or names
    /// it, should this process end. `None`: it was taken already.
    pub fn handed_over(mut self, waiting: bool) -> Option<Sealed> {
        let Target::File(intake) = self.target.take()? else { return None };
        if !waiting {
            intake.sink().take_back();
        }
        Some(intake.handed_over())
    }

    /// What it has said, if it was to answer.
    pub fn answer(&self) -> Option<Vec<u8>> {
        match self.target.as_ref()? {
            Target::Answer(answer) => Some(answer.read()),
            Target::File(_) => None,
        }
    }
}

impl Drop for Child {
    /// A child that nobody has come to watch (its order was given up while it was forked, there was no thread) ends now.
    fn drop(&mut self) {
        if *self.watched.get_mut() {
            return;
        }
        // Before the end: the service may be next.
        self.discard();
        self.terminator.end();
        let (pid, marks) = (self.pid, std::mem::take(&mut self.marks));
        let see_off = move || {
            reap::see_off(pid);
            while !marks.put_back() {}
        };
        // Without a thread it ends by itself, as the page tells it to, and stays a zombie.
        let _ = std::thread::Builder::new().name("heapwarden-reap".into()).spawn(see_off);
    }
}
