//! Whose turn it is to capture in a folder, over all processes: a lock on the folder itself, which leaves no file
//! behind. A forked child inherits it, so one that outlives its service still has it, and the kernel lets go of it when
//! the last one that has it is dead.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::folder::{self, Folder};
use super::sink::SinkOptions;

/// A turn: while it, or a child's copy of it, lives, no other process has one in this folder. The captures of one process
/// share theirs.
#[derive(Debug)]
pub struct Turn {
    /// `None`: this file system has no locks, or the folder cannot be opened, which the capture itself will tell.
    folder: Option<Folder>,
    /// Device and inode.
    key: (u64, u64),
}

static HELD: Mutex<Vec<Weak<Turn>>> = Mutex::new(Vec::new());

impl Turn {
    /// Asks for it without waiting. `None`: another process has it.
    pub fn ask(options: &SinkOptions) -> Option<Arc<Self>> {
        let folder = match &options.path {
            Some(path) => folder::absolute(path).ok().and_then(|path| Folder::follow(path.parent()?).ok()),
            None => folder::prepare(options.dir.as_deref(), options.diagnostic_dir.as_deref()).ok(),
        };
        let mut held = HELD.lock();
        held.retain(|turn| turn.strong_count() > 0);
        let Some((key, folder)) = folder.and_then(|folder| Some((folder.identity()?, folder))) else {
            return Some(Arc::new(Self { folder: None, key: (0, 0) }));
        };
        if let Some(turn) = held.iter().filter_map(Weak::upgrade).find(|turn| turn.key == key) {
            return Some(turn);
        }
        let folder = match folder.lock() {
            folder::Lock::Busy => return None,
            folder::Lock::Held => Some(folder),
            folder::Lock::Unknown => None,
        };
        let turn = Arc::new(Self { folder, key });
        if turn.folder.is_some() {
            held.push(Arc::downgrade(&turn));
        }
        Some(turn)
    }

    /// For what may be done beside the captures of others.
    pub fn none() -> Arc<Self> {
        Arc::new(Self { folder: None, key: (0, 0) })
    }

    /// What a child must not close.
    #[cfg(unix)]
    pub fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.folder.as_ref().map(std::os::fd::AsFd::as_fd)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_process_shares_its_turn_and_others_wait_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let options = SinkOptions { dir: Some(dir.path().to_owned()), ..SinkOptions::default() };
        let one = Turn::ask(&options).unwrap();
        let two = Turn::ask(&options).unwrap();
        assert!(Arc::ptr_eq(&one, &two));
        let other = Folder::open(dir.path()).unwrap();
        assert_eq!(other.lock(), folder::Lock::Busy, "as another process sees it");
        drop(one);
        assert_eq!(other.lock(), folder::Lock::Busy, "the second capture goes on");
        drop(two);
        // Other tests fork, and a fork's copy keeps the lock for a moment.
        while other.lock() == folder::Lock::Busy {
            std::thread::yield_now();
        }
        assert!(Turn::ask(&options).is_none(), "another process has it");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "it leaves nothing behind");
    }

    #[test]
    fn an_exact_path_is_in_its_folder_and_a_folder_that_cannot_be_is_none_of_its_business() {
        let dir = tempfile::tempdir().unwrap();
        let path = Some(dir.path().join("x.heapsnapshot"));
        let turn = Turn::ask(&SinkOptions { path, ..SinkOptions::default() }).unwrap();
        assert!(turn.descriptor().is_some());
        let nowhere = Some(dir.path().join("no/such/x.heapsnapshot"));
        let turn = Turn::ask(&SinkOptions { path: nowhere, ..SinkOptions::default() }).unwrap();
        assert!(turn.descriptor().is_none());
    }
}
