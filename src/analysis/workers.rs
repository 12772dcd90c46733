//! The analysis's surroundings as [`heap`](crate::heap) asks for them: a second thread, progress, an end.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;

use crate::error::Error;
use crate::file::reader::Stop;
use crate::heap::{Host, Stage};
use crate::probe::cgroup::Cgroup;
use crate::probe::limits;
use crate::units::print_bytes;

/// The nice value of threads that analyse: the service's come first.
const NICE: i32 = 10;
/// Below this the container is about to be killed, whatever was estimated.
const LEAST_LEFT: u64 = 32 << 20;
/// Between two looks at what is left, which cost some ten µs each: reading takes several MB meanwhile.
const LOOK: Duration = Duration::from_millis(5);

/// Where an analysis stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// `waiting`, or the name of a [`Stage`].
    pub stage: &'static str,
    /// Of `total`; while reading: bytes of JSON.
    pub done: u64,
    /// 0 = not known.
    pub total: u64,
    /// Which of the snapshots, from 1.
    pub file: u32,
    /// How many there are.
    pub files: u32,
}

/// One analysis under way.
pub struct Workers {
    stage: AtomicU8,
    done: AtomicU64,
    total: AtomicU64,
    file: AtomicU32,
    files: AtomicU32,
    cancelled: Stop,
    left: Mutex<Left>,
}

struct Left {
    group: Option<Cgroup>,
    looked: Option<Instant>,
    // What was left when it was too little.
    short: Option<u64>,
}

const STAGES: [Stage; 4] = [Stage::Reading, Stage::Rules, Stage::Dominators, Stage::Tables];
const WAITING: u8 = STAGES.len() as u8;

impl Default for Workers {
    fn default() -> Self {
        Self {
            stage: AtomicU8::new(WAITING),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            file: AtomicU32::new(1),
            files: AtomicU32::new(1),
            cancelled: Stop::default(),
            left: Mutex::new(Left { group: Cgroup::detect(), looked: None, short: None }),
        }
    }
}

impl Workers {
    /// Ends it soon.
    pub fn cancel(&self) {
        self.cancelled.stop();
    }

    /// Ends the reading of one snapshot, and ends with this analysis.
    pub fn stop(&self) -> Stop {
        self.cancelled.part()
    }

    /// The next of several snapshots; `file` from 1.
    pub fn begin(&self, file: u32, files: u32) {
        self.file.store(file, Ordering::Relaxed);
        self.files.store(files, Ordering::Relaxed);
        self.progress(Stage::Reading, 0, 0);
    }

    /// Where it stands. The figures are read one by one and may be of two moments.
    pub fn look(&self) -> Progress {
        let stage = usize::from(self.stage.load(Ordering::Relaxed));
        Progress {
            stage: STAGES.get(stage).map_or("waiting", |stage| stage.name()),
            done: self.done.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
            file: self.file.load(Ordering::Relaxed),
            files: self.files.load(Ordering::Relaxed),
        }
    }

    /// What is told to the caller of an analysis that ended with `error`: it may have been us who ended it.
    pub fn explain(&self, error: Error) -> Error {
        match (&error, self.left.lock().short) {
            (Error::Aborted(_), Some(left)) => Error::MemoryBudget(format!(
                "the analysis was given up: the container or the machine has only {} left; analyse the snapshot \
                 where there is more memory",
                print_bytes(left)
            )),
            _ => error,
        }
    }

    fn is_short(&self) -> bool {
        // Another thread is looking.
        let Some(mut left) = self.left.try_lock() else { return false };
        if left.short.is_none() && left.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            left.looked = Some(Instant::now());
            left.short =
                limits::room(left.group.as_ref()).map(|room| room.bytes).filter(|bytes| *bytes < LEAST_LEFT);
        }
        left.short.is_some()
    }
}

impl Host for Workers {
    fn both(&self, a: &mut (dyn FnMut() + Send), b: &mut (dyn FnMut() + Send)) {
        // Whoever comes first runs it: the other thread, or this one where there is none.
        let b = Mutex::new(Some(b));
        let run = || {
            let b = b.lock().take();
            if let Some(b) = b {
                b();
            }
        };
        std::thread::scope(|scope| {
            let name = "heapwarden-aid".to_owned();
            let other = std::thread::Builder::new().name(name).spawn_scoped(scope, run);
            a();
            match other.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(())) => {}
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(_) => run(),
            }
        });
    }

    fn progress(&self, stage: Stage, done: u64, total: u64) {
        let stage = STAGES.iter().position(|one| *one == stage).unwrap_or(STAGES.len());
        self.stage.store(stage as u8, Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.cancelled.stopped() || self.is_short()
    }
}

/// Lets everything else on the machine go first, from here on. Threads made by this one inherit it.
pub fn yield_to_the_service() {
    // Linux keeps it by thread; elsewhere it would be the whole process.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
    #[cfg(not(target_os = "linux"))]
    let _ = NICE;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn both_run_once_each() {
        let workers = Workers::default();
        let (ran, threads) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let mut work = || {
            threads.lock().push(std::thread::current().id());
            ran.fetch_add(1, Ordering::Relaxed);
        };
        let mut other = || {
            threads.lock().push(std::thread::current().id());
            ran.fetch_add(10, Ordering::Relaxed);
        };
        workers.both(&mut work, &mut other);
        assert_eq!(ran.load(Ordering::Relaxed), 11);
        let threads = threads.into_inner();
        assert_ne!(threads[0], threads[1]);
    }

    #[test]
    fn a_panic_on_the_other_thread_is_ours() {
        let workers = Workers::default();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            workers.both(&mut || {}, &mut || panic!("a test's panic"));
        }));
        assert!(caught.is_err());
    }

    #[test]
    fn progress_is_what_was_told_last() {
        let workers = Workers::default();
        assert_eq!(workers.look(), Progress { stage: "waiting", done: 0, total: 0, file: 1, files: 1 });
        workers.begin(2, 3);
        workers.progress(Stage::Dominators, 5, 9);
        assert_eq!(workers.look(), Progress { stage: "dominators", done: 5, total: 9, file: 2, files: 3 });
    }

    #[test]
    fn an_end_for_want_of_memory_says_so() {
        let workers = Workers::default();
        let aborted = || Error::Aborted("the analysis was aborted".to_owned());
        assert!(!workers.cancelled());
        assert_eq!(workers.explain(aborted()), aborted());
        workers.left.lock().short = Some(5_000_000);
        assert!(workers.cancelled());
        assert_eq!(workers.explain(aborted()).code(), "HEAPWARDEN_MEMORY_BUDGET");
        assert_eq!(workers.explain(Error::NotFound("x".into())).code(), "HEAPWARDEN_NOT_FOUND");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_this_thread_yields() {
        std::thread::spawn(|| {
            yield_to_the_service();
            assert_eq!(rustix::process::getpriority_process(None), Ok(NICE));
            std::thread::spawn(|| assert_eq!(rustix::process::getpriority_process(None), Ok(NICE)))
                .join()
                .unwrap();
        })
        .join()
        .unwrap();
        assert!(rustix::process::getpriority_process(None).unwrap() < NICE);
    }
}
