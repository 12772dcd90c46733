//! One analysis at a time in a process: each was admitted by the memory that was left, and two would share it.
//! It runs on a thread of its own that lives while there is something to do; a place on libuv's pool would be
//! missed by the service's files and names.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::workers::Workers;
use crate::error::{Error, Result};

type Work = Box<dyn FnOnce(&Workers) -> Result<String> + Send>;
type Done = Box<dyn FnOnce(Result<String>) + Send>;

struct Job {
    id: u64,
    workers: Arc<Workers>,
    work: Work,
    done: Done,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    running: Option<(u64, Arc<Workers>)>,
    // A thread that will look at `waiting` again.
    thread: bool,
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue { waiting: VecDeque::new(), running: None, thread: false });
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Orders an analysis; `done` hears of its end once, on any thread. The order's number, for [`cancel`].
pub fn submit(
    workers: Arc<Workers>,
    work: impl FnOnce(&Workers) -> Result<String> + Send + 'static,
    done: impl FnOnce(Result<String>) + Send + 'static,
) -> u64 {
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut queue = QUEUE.lock();
    queue.waiting.push_back(Job { id, workers, work: Box::new(work), done: Box::new(done) });
    if !queue.thread {
        queue.thread = true;
        // Not "heapwarden" alone: that is the sampler's. A capture by fork looks for that beginning.
        let thread = std::thread::Builder::new().name("heapwarden-heap".to_owned()).spawn(run);
        if let Err(error) = thread {
            queue.thread = false;
            let job = queue.waiting.pop_back();
            drop(queue);
            if let Some(job) = job {
                (job.done)(Err(Error::AnalysisFailed(format!("no thread for the analysis: {error}"))));
            }
        }
    }
    id
}

/// Ends it: at once if it still waits, else soon.
pub fn cancel(id: u64) {
    let mut queue = QUEUE.lock();
    if let Some((_, workers)) = queue.running.as_ref().filter(|(running, _)| *running == id) {
        workers.cancel();
    }
    let place = queue.waiting.iter().position(|job| job.id == id);
    let job = place.and_then(|place| queue.waiting.remove(place));
    drop(queue);
    if let Some(job) = job {
        (job.done)(Err(Error::Aborted("the analysis was aborted before it began".to_owned())));
    }
}

fn run() {
    loop {
        let mut queue = QUEUE.lock();
        queue.running = None;
        let Some(Job { id, workers, work, done }) = queue.waiting.pop_front() else {
            queue.thread = false;
            return;
        };
        queue.running = Some((id, workers.clone()));
        drop(queue);
        let result = catch_unwind(AssertUnwindSafe(|| work(&workers))).unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
            let words = words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            Err(Error::AnalysisFailed(format!("a defect of heapwarden's ended the analysis: {words}")))
        });
        let result = result.map_err(|error| workers.explain(error));
        // It is not to end this thread either.
        let _ = catch_unwind(AssertUnwindSafe(|| done(result)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Host;
    use crossbeam_channel::{Receiver, bounded, unbounded};
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    fn order(
        work: impl FnOnce(&Workers) -> Result<String> + Send + 'static,
    ) -> (u64, Receiver<Result<String>>) {
        let (sender, receiver) = unbounded();
        let id = submit(Arc::default(), work, move |result| sender.send(result).unwrap());
        (id, receiver)
    }

    // One test: the queue is the process's.
    #[test]
    fn one_after_the_other_whatever_happens_to_them() {
        let (release, held) = bounded::<()>(0);
        let (begun, begin) = bounded::<()>(1);
        let (first, first_done) = order(move |workers| {
            begun.send(()).unwrap();
            held.recv().unwrap();
            Ok(workers.cancelled().to_string())
        });
        let (_, panics) = order(|_| panic!("a test's panic"));
        let (waiting, aborted) = order(|_| Ok("never".to_owned()));
        let (_, last) = order(|_| Ok("last".to_owned()));

        begin.recv_timeout(LONG).unwrap();
        cancel(waiting);
        let error = aborted.recv_timeout(LONG).unwrap().unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_ABORTED");
        assert!(panics.try_recv().is_err() && last.try_recv().is_err(), "the first still runs");
        cancel(first);
        cancel(u64::MAX);
        release.send(()).unwrap();
        assert_eq!(first_done.recv_timeout(LONG).unwrap(), Ok("true".to_owned()));
        let error = panics.recv_timeout(LONG).unwrap().unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_ANALYSIS_FAILED");
        assert!(error.to_string().contains("a test's panic"));
        assert_eq!(last.recv_timeout(LONG).unwrap(), Ok("last".to_owned()));

        // The thread is gone or going; the next order finds one.
        let (_, again) = order(|_| Err(Error::NotFound("no such class".to_owned())));
        assert_eq!(again.recv_timeout(LONG).unwrap().unwrap_err().code(), "HEAPWARDEN_NOT_FOUND");
    }
}
