//! Whose heap is captured: an environment of a JavaScript thread with what this room keeps of it and asks of its thread.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;

#[cfg(target_os = "linux")]
use super::job::Job;
use super::order::{self, Owner};
use super::ramp::LimitWatch;
use crate::capture::budget::Known;
use crate::capture::reading::Reports;
use crate::error::{Error, Result};
use crate::thread::{Environment, LoopWaker};

/// One environment, as orders see it. Shared by its own thread, the sampler and conductors.
pub struct Client {
    /// Where its JavaScript runs.
    pub environment: Arc<Environment>,
    /// The watch over the heap limit.
    pub(super) limit: Mutex<LimitWatch>,
    /// What snapshots of its heap took.
    pub(super) needs: Known,
    /// A dump at the heap limit waits for a stack guard.
    pub(super) dump_wanted: AtomicBool,
    /// A full collection has seen the heap recover.
    pub(super) restore_wanted: AtomicBool,
    #[cfg(target_os = "linux")]
    forks: Mutex<Vec<Job>>,
    fork_wanted: AtomicBool,
    reports: OnceLock<Box<dyn Reports>>,
}

/// A snapshot to be taken of a client's heap.
pub type Order = order::Order<Client>;

impl Owner for Client {
    fn id(&self) -> u64 {
        self.environment.id
    }

    fn can_fork(&self) -> bool {
        self.environment.is_native()
    }

    fn has_ended(&self) -> bool {
        self.environment.has_ended()
    }
}

impl Client {
    /// Registers this thread's environment. On that thread; [`Environment::detach`] ends it.
    pub fn attach(thread_id: u32, waker: Box<dyn LoopWaker>) -> Arc<Self> {
        Arc::new_cyclic(|client: &Weak<Self>| Self {
            environment: Environment::attach(thread_id, waker, client.clone()),
            limit: Mutex::default(),
            needs: Known::default(),
            dump_wanted: AtomicBool::new(false),
            restore_wanted: AtomicBool::new(false),
            #[cfg(target_os = "linux")]
            forks: Mutex::default(),
            fork_wanted: AtomicBool::new(false),
            reports: OnceLock::new(),
        })
    }

    /// Who makes reports of its heap. The first one stays.
    pub fn set_reports(&self, reports: Box<dyn Reports>) {
        let _ = self.reports.set(reports);
    }

    /// The same.
    ///
    /// # Errors
    /// `Unsupported`: nobody does.
    pub(super) fn reports(&self) -> Result<&dyn Reports> {
        let none = || Error::Unsupported("nobody here makes reports".into());
        self.reports.get().map(Box::as_ref).ok_or_else(none)
    }

    /// The other ones of this thread: the addon may have been loaded more than once. On that thread.
    pub(super) fn neighbours(&self) -> Vec<Arc<Self>> {
        let client = |environment: &Arc<Environment>| {
            let errand: Arc<dyn Any + Send + Sync> = environment.errand()?;
            errand.downcast::<Self>().ok()
        };
        self.environment.neighbours().iter().filter_map(client).collect()
    }

    /// Has its thread fork at its next turn or stack guard, whichever comes first.
    #[cfg(target_os = "linux")]
    pub(super) fn ask_fork(&self, job: Job) {
        self.forks.lock().push(job);
        self.fork_wanted.store(true, Ordering::Release);
        if !self.environment.is_native() {
            // The environment ended while the job was prepared: nobody would ever take it, and every other
            // capture of the process would wait for its timeout.
            self.withdraw_forks();
            return;
        }
        self.environment.wake();
        self.environment.interrupt();
    }

    /// It need not for this order any more. `false`: it is at it, or has done it.
    #[cfg(target_os = "linux")]
    pub(super) fn withdraw_fork(&self, order: u64) -> bool {
        // What is let go of removes its file: not under a lock that this environment's thread takes.
        let gone = self.forks.lock().extract_if(.., |job| job.order == order).collect::<Vec<_>>();
        !gone.is_empty()
    }

    /// It need not any more at all; whoever waits for the answer sees that.
    pub(super) fn withdraw_forks(&self) {
        self.fork_wanted.store(false, Ordering::Release);
        #[cfg(target_os = "linux")]
        {
            let gone = std::mem::take(&mut *self.forks.lock());
            drop(gone);
        }
    }

    /// Forks, if it was asked to. On its thread, outside any collection.
    pub(super) fn fork_if_wanted(&self) {
        if !self.fork_wanted.swap(false, Ordering::AcqRel) {
            return;
        }
        #[cfg(target_os = "linux")]
        {
            let jobs = std::mem::take(&mut *self.forks.lock());
            for job in jobs {
                job.carry_out(&self.environment);
            }
        }
    }
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::super::job::Work;
    use super::*;
    use crate::capture::fork::look::Standing;
    use crate::capture::in_place::InPlace;
    use crate::capture::options::CaptureOptions;
    use crate::file::info::{Form, Header, Mode};
    use crate::file::sink::{Sink, SinkOptions};

    struct Deaf;

    impl LoopWaker for Deaf {
        fn wake(&self) {}
    }

    #[test]
    fn what_a_thread_has_taken_is_not_withdrawn() {
        let dir = tempfile::tempdir().unwrap();
        let client = Client::attach(0, Box::new(Deaf));
        let (reply, answer) = crossbeam_channel::bounded(1);
        let header = Header { form: Form::Image, ..Header::new(0.0, Mode::Inline, "x") };
        let to = SinkOptions {
            dir: Some(dir.path().to_owned()),
            min_free_disk: Some(0),
            ..SinkOptions::default()
        };
        let sink = Sink::create(&to, header).unwrap();
        let standing = Standing { most_ms: f64::INFINITY, demand: None, left: u64::MAX };
        let work = Work::Freeze(Box::new(InPlace::prepare(None).unwrap()), Box::new(sink), standing);
        let options = CaptureOptions::default();
        client.forks.lock().push(Job { order: 7, demand: Arc::default(), work, options, reply });
        assert!(!client.withdraw_fork(8), "another order's");
        assert!(client.withdraw_fork(7));
        assert_eq!(answer.try_recv().err(), Some(crossbeam_channel::TryRecvError::Disconnected));
        assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "with its file");
        assert!(!client.withdraw_fork(7), "whoever has it is at it");
        client.environment.detach();
    }
}
