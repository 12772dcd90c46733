//! The temporary files that this process would leave behind if it ended now: nothing is dropped at `process.exit()`. One that a
//! child writes is the child's, which removes it itself.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::capture::folder::{Folder, Place};

static FILES: Mutex<Vec<(u64, Place)>> = Mutex::new(Vec::new());
static ENDING: AtomicBool = AtomicBool::new(false);

/// A file's entry in the list. 0 = it is not there, and no lock is taken, which a forked child must not.
#[derive(Default)]
pub(super) struct Entry(AtomicU64);

impl Entry {
    pub fn new(folder: &Folder, name: &str, file: &File) -> Self {
        let entry = Self::default();
        entry.list(folder, name, file);
        entry
    }

    /// From now on this process answers for it.
    pub fn list(&self, folder: &Folder, name: &str, file: &File) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        if let Some(place) = folder.place(name, file) {
            FILES.lock().push((id, place));
            self.0.store(id, Ordering::Relaxed);
        }
    }

    /// It has its final name, is gone, or is a child's.
    pub fn strike(&self) {
        let id = self.0.swap(0, Ordering::Relaxed);
        if id != 0 {
            FILES.lock().retain(|(one, _)| *one != id);
        }
    }
}

/// The process is about to end: removes them. Whoever opens another one afterwards asks [`is_ending`].
pub fn leave() {
    ENDING.store(true, Ordering::SeqCst);
    let files = std::mem::take(&mut *FILES.lock());
    for (_, place) in files {
        place.remove();
    }
}

/// Whether the process is about to end.
pub fn is_ending() -> bool {
    ENDING.load(Ordering::SeqCst)
}
