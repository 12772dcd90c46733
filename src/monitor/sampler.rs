//! The one thread that samples, for all environments of the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use parking_lot::Mutex;

use super::Watcher;
use super::probes::Probes;
#[cfg(target_os = "linux")]
use crate::capture::fork::v8_workers::Workers;
use crate::capture::spare;
use crate::clock;
use crate::error::Error;
use crate::orders::dispatch;
use crate::thread::Event;
#[cfg(target_os = "linux")]
use crate::thread::facts::process_facts;
use crate::watch::Sample;

/// How long fresh figures are waited for: this share of the interval, at most so many ms. A loop that is
/// blocked inside a builtin answers neither a call of the loop nor an interrupt, and the sample then says how old they are.
const GRACE_SHARE: f64 = 0.25;
const GRACE_MS: f64 = 25.0;
/// How long the loop is waited for before V8 is asked to interrupt, ms.
const LOOP_MS: f64 = 2.0;

struct Sampler {
    watchers: Mutex<Vec<Arc<Watcher>>>,
    stop: AtomicBool,
    thread: Mutex<Option<Thread>>,
    end: Mutex<End>,
}

/// What the thread does at last.
#[derive(Default)]
struct End {
    came: bool,
    then: Vec<Box<dyn FnOnce() + Send>>,
}

struct Current {
    sampler: Arc<Sampler>,
    /// `None`: the system gave no thread, and [`tick_here`] samples meanwhile.
    handle: Option<JoinHandle<()>>,
}

static CURRENT: Mutex<Option<Current>> = Mutex::new(None);

/// Something to wait for, off the JavaScript thread: the sampler that ends.
#[must_use]
pub struct EndingSampler(Option<(Arc<Sampler>, JoinHandle<()>)>);

impl EndingSampler {
    /// Waits; at most one tick.
    pub fn join(self) {
        if let Some((_, handle)) = self.0 {
            let _ = handle.join();
        }
    }

    /// Does this when it has ended: on its thread, as there may be no other one to be had that could wait for it.
    pub fn then(self, what: impl FnOnce() + Send + 'static) {
        if let Some((sampler, _)) = self.0 {
            let mut end = sampler.end.lock();
            if !end.came {
                return end.then.push(Box::new(what));
            }
        }
        what();
    }
}

/// Begins to sample for `watcher`, with a first sample taken here, on the environment's thread: `latest` is
/// there as soon as `watch()` returns. The first watcher starts the thread, and has the [spare one](spare) kept. Where the system gives none (a limit on
/// processes), the environment is to call [`tick_here`] now and then, and is told so by a warning.
pub fn start(watcher: Arc<Watcher>) {
    let sample = Probes::detect().read(false);
    watcher.take_in(sample, clock::now());
    let mut current = CURRENT.lock();
    if let Some(Current { sampler, .. }) = &*current {
        sampler.watchers.lock().push(watcher);
        sampler.wake();
        return;
    }
    let sampler = Arc::new(Sampler {
        watchers: Mutex::new(vec![watcher.clone()]),
        stop: AtomicBool::new(false),
        thread: Mutex::new(None),
        end: Mutex::default(),
    });
    let handle = spawn(&sampler).inspect_err(|error| {
        watcher.environment().tell(Event::warning(
            watcher.id,
            &Error::Unsupported(format!(
                "the system gives no thread to sample on ({error}): samples are taken on the event loop, once a \
                 second, and none while it is blocked; raise the limit on processes"
            )),
        ));
    });
    *current = Some(Current { sampler, handle: handle.ok() });
    spare::keep();
}

fn spawn(sampler: &Arc<Sampler>) -> std::io::Result<JoinHandle<()>> {
    let theirs = sampler.clone();
    let handle = std::thread::Builder::new()
        .name("heapwarden".into())
        // Formatting and a few small files: deep recursion has no business here.
        .stack_size(512 << 10)
        .spawn(move || theirs.run())?;
    *sampler.thread.lock() = Some(handle.thread().clone());
    Ok(handle)
}

/// Whether there is a sampler without a thread.
pub fn lacks_thread() -> bool {
    CURRENT.lock().as_ref().is_some_and(|current| current.handle.is_none())
}

/// In place of the thread that the system did not give: asks for it again, and else samples for this environment, on
/// whose thread this is. Whether it is to be called again.
pub fn tick_here(environment: u64) -> bool {
    let watchers = {
        let mut slot = CURRENT.lock();
        let Some(current) = slot.as_mut().filter(|current| current.handle.is_none()) else { return false };
        current.handle = spawn(&current.sampler).ok();
        if current.handle.is_some() {
            return false;
        }
        current.sampler.watchers.lock().clone()
    };
    let now = clock::now();
    let mut due = watchers
        .iter()
        .filter(|watcher| watcher.environment().id == environment && watcher.due() <= now)
        .peekable();
    if let Some(first) = due.peek() {
        first.environment().refresh();
        let sample = Probes::detect().read(false);
        for watcher in due {
            watcher.take_in(sample.clone(), clock::now());
        }
    }
    true
}

/// Stops sampling for one monitor; the last one ends the thread, and `EndingSampler` waits for that. Stopping twice
/// does nothing.
pub fn stop(watcher: u64) -> EndingSampler {
    remove(|one| one.id == watcher)
}

/// Stops all monitors of an environment, in its cleanup hook.
pub fn stop_environment(environment: u64) -> EndingSampler {
    remove(|one| one.environment().id == environment)
}

fn remove(which: impl Fn(&Watcher) -> bool) -> EndingSampler {
    let mut slot = CURRENT.lock();
    let Some(current) = &*slot else { return EndingSampler(None) };
    let mut watchers = current.sampler.watchers.lock();
    watchers.retain(|watcher| !which(watcher));
    if !watchers.is_empty() {
        return EndingSampler(None);
    }
    drop(watchers);
    current.sampler.stop.store(true, Ordering::Release);
    current.sampler.wake();
    spare::let_go();
    EndingSampler(slot.take().and_then(|Current { sampler, handle }| Some((sampler, handle?))))
}

/// Makes the sampler look at what is due: a sample was asked for, or an interval changed.
pub fn wake() {
    if let Some(current) = &*CURRENT.lock() {
        current.sampler.wake();
    }
}

impl Sampler {
    fn wake(&self) {
        if let Some(thread) = &*self.thread.lock() {
            thread.unpark();
        }
    }

    fn run(&self) {
        let mut probes = Probes::detect();
        #[cfg(target_os = "linux")]
        let _ = std::panic::catch_unwind(|| Workers::learn(process_facts().v8_pool_size));
        while !self.stop.load(Ordering::Acquire) {
            let tick = std::panic::AssertUnwindSafe(|| self.tick(&mut probes));
            if std::panic::catch_unwind(tick).is_err() {
                // The monitor is broken, the service is not: say so and sample on, slowly.
                for watcher in self.watchers.lock().iter() {
                    watcher.environment().tell(Event::warning(
                        watcher.id,
                        &Error::CaptureFailed("the sampler panicked; this is a defect of heapwarden".into()),
                    ));
                }
                std::thread::park_timeout(Duration::from_secs(60));
            }
        }
        let then = {
            let mut end = self.end.lock();
            end.came = true;
            std::mem::take(&mut end.then)
        };
        then.into_iter().for_each(|what| what());
    }

    /// Samples for those that are due, then sleeps until the next is.
    fn tick(&self, probes: &mut Probes) {
        let watchers = self.watchers.lock().clone();
        let now = clock::now();
        let due: Vec<&Arc<Watcher>> = watchers.iter().filter(|watcher| watcher.due() <= now).collect();
        if due.is_empty() {
            let next = watchers.iter().map(|watcher| watcher.due()).fold(f64::INFINITY, f64::min);
            let wait = (next - now).clamp(0.0, 3_600_000.0);
            let pace = probes.pace().filter(|pace| *pace < wait);
            let pace = pace.filter(|_| watchers.iter().any(|watcher| watcher.looks_ahead()));
            // Rounded up: a sleep that ends a little early would be followed by a second one.
            let wait = pace.unwrap_or(wait);
            std::thread::park_timeout(Duration::from_micros((wait * 1e3).ceil() as u64));
            if pace.is_some()
                && let Some(full_in) = probes.look()
            {
                for watcher in &watchers {
                    watcher.hurry(full_in);
                }
            }
            return;
        }
        spare::ask_again();
        for watcher in &due {
            watcher.tidy();
            watcher.environment().ask();
        }
        let kernel = probes.read(true);
        let shortest = due.iter().map(|watcher| watcher.interval()).fold(f64::INFINITY, f64::min);
        let grace = (shortest * GRACE_SHARE).min(GRACE_MS);
        if !self.await_figures(&due, now, now + grace.min(LOOP_MS)) {
            for watcher in &due {
                watcher.environment().interrupt();
            }
            self.await_figures(&due, now, now + grace);
        }
        let now = clock::now();
        let sample = Sample { at: clock::wall(), ..kernel };
        for watcher in due {
            watcher.take_in(sample.clone(), now);
        }
        dispatch::call_next(true);
    }

    /// Until all environments have published since `asked`, or `until`; whether they have.
    fn await_figures(&self, due: &[&Arc<Watcher>], asked: f64, until: f64) -> bool {
        loop {
            let now = clock::now();
            let fresh = |watcher: &&Arc<Watcher>| watcher.environment().figures.read().at >= asked;
            if due.iter().all(fresh) {
                return true;
            }
            if now >= until || self.stop.load(Ordering::Acquire) {
                return false;
            }
            std::thread::park_timeout(Duration::from_micros(((until - now) * 1e3).ceil() as u64));
        }
    }
}
