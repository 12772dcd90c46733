//! The time in which something may be marked that should not be. No fork falls into it.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use crate::capture::fork::mappings::{Range, advise};

/// Mappings to a turn of the lock, which a fork waits for.
const BATCH: usize = 64;
const LOOK_AGAIN: Duration = Duration::from_micros(50);
/// A fork waits so often: for ever only if it came from a signal handler of the very thread that holds the lock.
const MOST: u32 = 20_000;

static LOCK: AtomicBool = AtomicBool::new(false);
/// Forks that are under way.
static FORKS: AtomicUsize = AtomicUsize::new(0);
/// What is being marked.
static OURS: AtomicPtr<Vec<Range>> = AtomicPtr::new(std::ptr::null_mut());

fn locked<T>(work: impl FnOnce() -> T) -> Option<T> {
    for _ in 0..MOST {
        if !LOCK.swap(true, SeqCst) {
            let result = work();
            LOCK.store(false, SeqCst);
            return Some(result);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    None
}

extern "C" fn before_fork() {
    FORKS.fetch_add(1, SeqCst);
    // In this order: who holds the lock has looked at the count and may be about to begin.
    if !LOCK.load(SeqCst) && OURS.load(SeqCst).is_null() {
        return;
    }
    locked(|| {
        let ours = OURS.swap(std::ptr::null_mut(), SeqCst);
        // SAFETY: who put it there takes it back under the lock before it lets go of it.
        if let Some(ours) = unsafe { ours.as_ref() } {
            let _ = advise(ours, libc::MADV_DOFORK);
        }
    });
}

extern "C" fn after_fork() {
    FORKS.fetch_sub(1, SeqCst);
}

/// The thread that marks does not exist there.
extern "C" fn in_child() {
    OURS.store(std::ptr::null_mut(), SeqCst);
    LOCK.store(false, SeqCst);
    FORKS.store(0, SeqCst);
}

/// Has every fork of this process come here first.
pub fn install() {
    static INSTALLED: Once = Once::new();
    // SAFETY: the three only touch atomics and make system calls; they go when this object is unloaded.
    INSTALLED.call_once(|| unsafe {
        libc::pthread_atfork(Some(before_fork), Some(after_fork), Some(in_child));
    });
}

/// Open until it is closed or dropped.
pub struct Open<'a>(&'a Vec<Range>);

impl<'a> Open<'a> {
    pub fn over(ours: &'a Vec<Range>) -> Self {
        Self(ours)
    }

    fn stands(&self) -> bool {
        std::ptr::eq(OURS.load(SeqCst), self.0)
    }

    /// Marks all; whether no fork came between.
    pub fn mark(&self) -> bool {
        let free = locked(|| {
            let free = FORKS.load(SeqCst) == 0;
            if free {
                OURS.store(std::ptr::from_ref(self.0).cast_mut(), SeqCst);
            }
            free
        });
        free == Some(true)
            && self.0.chunks(BATCH).all(|batch| {
                let marked = locked(|| self.stands() && advise(batch, libc::MADV_DONTFORK).is_ok());
                marked == Some(true)
            })
    }

    /// Unmarks the `strangers`; whether no fork came between.
    pub fn close(self, strangers: &[Range]) -> bool {
        let closed = locked(|| {
            let stands = self.stands();
            if stands {
                let _ = advise(strangers, libc::MADV_DOFORK);
                OURS.store(std::ptr::null_mut(), SeqCst);
            }
            stands
        });
        closed == Some(true)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        // The list goes with it: nobody may find it there.
        while self.stands() {
            before_fork();
            after_fork();
        }
    }
}
