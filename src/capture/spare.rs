//! A thread that is there before it is needed. Where the system gives no more of them (a pids limit, `RLIMIT_NPROC`), an image in
//! place takes neither a process nor a thread, but somebody has to conduct it. It comes with the first watch and goes with the
//! last; between two orders it sleeps on a futex. It does one thing at a time, and holds nothing of what it has done.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

#[cfg(test)]
mod tests;

type Work = Box<dyn FnOnce() + Send>;

struct Spare {
    /// Somebody watches.
    wanted: bool,
    is_there: bool,
    /// It was given something that is not [`over`].
    busy: bool,
    work: Option<Work>,
}

static SPARE: Mutex<Spare> = Mutex::new(Spare { wanted: false, is_there: false, busy: false, work: None });
static CALLED: Condvar = Condvar::new();

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// From now on it is to be there.
pub fn keep() {
    let mut spare = SPARE.lock();
    spare.wanted = true;
    spare.begin();
}

/// Where it is to be there and the system gave none, it is asked for again.
pub fn ask_again() {
    let mut spare = SPARE.lock();
    if spare.wanted {
        spare.begin();
    }
}

/// It ends, when it has done what it was given.
pub fn let_go() {
    SPARE.lock().wanted = false;
    CALLED.notify_one();
}

/// Has `work` done by a thread of this name; where the system gives none, by the spare one.
///
/// # Errors
/// The system's, if that is not there, or does something else. `work` is dropped.
pub fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // A thread that cannot be started drops what it was given.
    let given = Arc::new(Mutex::new(Some(work)));
    let theirs = given.clone();
    let run = move || {
        let work = theirs.lock().take();
        if let Some(work) = work {
            work();
        }
    };
    let Err(error) = std::thread::Builder::new().name(name.into()).spawn(run) else { return Ok(()) };
    let work = given.lock().take();
    let Some(work) = work else { return Ok(()) };
    hand_over(Box::new(work)).map_err(|work| {
        drop(work);
        error
    })
}

/// Whether this is the spare thread: it goes on afterwards, and what is done to a thread for good is not to be done to it.
pub fn is_here() -> bool {
    HERE.get()
}

/// On the spare thread: it may be given something else, though it is not done yet. On any other: nothing.
pub fn over() {
    if is_here() {
        SPARE.lock().busy = false;
    }
}

/// Whether it was given something else since then.
pub fn is_called() -> bool {
    SPARE.lock().work.is_some()
}

fn hand_over(work: Work) -> Result<(), Work> {
    let mut spare = SPARE.lock();
    if !spare.is_there || spare.busy || spare.work.is_some() {
        return Err(work);
    }
    spare.busy = true;
    spare.work = Some(work);
    drop(spare);
    CALLED.notify_one();
    Ok(())
}

impl Spare {
    fn begin(&mut self) {
        // A stack like that of the threads it stands in for.
        let thread = || std::thread::Builder::new().name("heapwarden-idle".into()).spawn(run);
        self.is_there = self.is_there || thread().is_ok();
    }
}

fn run() {
    HERE.set(true);
    let mut spare = SPARE.lock();
    loop {
        if let Some(work) = spare.work.take() {
            drop(spare);
            // Whoever gave it tells of its panics. Another thread may not be to be had.
            let _ = catch_unwind(AssertUnwindSafe(work));
            spare = SPARE.lock();
            spare.busy = spare.work.is_some();
        } else if spare.wanted {
            CALLED.wait(&mut spare);
        } else {
            spare.is_there = false;
            return;
        }
    }
}
