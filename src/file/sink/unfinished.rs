//! The temporary files that this process would leave behind if it ended now: nothing is dropped at `process.exit()`. One that a
//! child writes is the child's, which removes it itself.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::ThreadId;
use std::time::Duration;

use parking_lot::Mutex;

use crate::file::folder::{Folder, Place};

struct Files {
    list: Vec<(u64, Place)>,
    /// The thread on which the process is ending: what runs there still may open others.
    ending: Option<ThreadId>,
}

static FILES: Mutex<Files> = Mutex::new(Files { list: Vec::new(), ending: None });
/// A file is created under the lock, and the disk may be a network's that does not answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// A file's entry in the list. 0 = it is not there, and no lock is taken, which a forked child must not.
#[derive(Default)]
pub(super) struct Entry(AtomicU64);

impl Entry {
    /// Creates the file and lists it, so that there is no moment between the two.
    pub fn create(folder: &Folder, name: &str) -> io::Result<(File, Self)> {
        let mut files = FILES.try_lock_for(PATIENCE);
        let ending = files.as_ref().and_then(|files| files.ending);
        if ending.is_some_and(|thread| thread != std::thread::current().id()) {
            return Err(io::Error::other("the process is ending"));
        }
        let file = folder.create_file(name)?;
        let entry = Self::default();
        if let Some(files) = &mut files {
            entry.push(files, folder.place(name, &file));
        }
        Ok((file, entry))
    }

    /// From now on this process answers for it again.
    pub fn list(&self, folder: &Folder, name: &str, file: &File) {
        let place = folder.place(name, file);
        if let Some(mut files) = FILES.try_lock_for(PATIENCE) {
            self.push(&mut files, place);
        }
    }

    fn push(&self, files: &mut Files, place: Option<Place>) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        if let Some(place) = place {
            let id = NEXT.fetch_add(1, Ordering::Relaxed);
            files.list.push((id, place));
            self.0.store(id, Ordering::Relaxed);
        }
    }

    /// It has its final name, is gone, or is a child's.
    pub fn strike(&self) {
        let id = self.0.swap(0, Ordering::Relaxed);
        if id != 0
            && let Some(mut files) = FILES.try_lock_for(PATIENCE)
        {
            files.list.retain(|(one, _)| *one != id);
        }
    }
}

/// The process is about to end, on this thread: removes them.
pub fn leave() {
    let Some(mut files) = FILES.try_lock_for(PATIENCE) else { return };
    files.ending = Some(std::thread::current().id());
    for (_, place) in files.list.drain(..) {
        place.remove();
    }
}
