//! One `require` of the addon in one JavaScript thread.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::figures::{FigureCell, Figures};
use super::object_ids::{self, Ids};
use super::other_heaps;
use super::outbox::{Event, Outbox};
use crate::capture::budget::Known;
use crate::clock;
#[cfg(target_os = "linux")]
use crate::orders::by_fork;
use crate::orders::heap_limit::{self, Limit};
use crate::orders::{inline, queue};
use crate::v8::{Callbacks, GcKind, Handle, Isolate, array_buffers};

/// Wakes the event loop: after `ring`, the loop calls [`Environment::turn`]. From any thread; must not block,
/// must not keep the process alive, and must not mind a loop that has gone.
pub trait Doorbell: Send + Sync {
    /// Asks for a turn.
    fn ring(&self);
}

/// Per-environment state. Shared by the sampler and the environment's own thread.
pub struct Environment {
    /// Unique in this process, never used again.
    pub id: u64,
    /// `worker_threads.threadId`; 0 is the main thread.
    pub thread_id: u32,
    /// Events for this environment.
    pub outbox: Outbox,
    /// V8's figures, as last published.
    pub figures: FigureCell,
    /// Bytes of V8's `heap_size_limit` that are the young generation's, 0 where it is not known.
    pub(crate) young_reserve: u64,
    doorbell: Box<dyn Doorbell>,
    #[cfg(target_os = "linux")]
    fork: Mutex<Vec<by_fork::Job>>,
    fork_wanted: AtomicBool,
    ended: AtomicBool,
    /// The watch over the heap limit.
    pub(crate) limit: Mutex<Limit>,
    /// Object ids that match between snapshots.
    pub(crate) ids: Ids,
    /// What snapshots of its heap took.
    pub(crate) needs: Known,
    pub(crate) dump_wanted: AtomicBool,
    /// A full collection has seen the heap recover.
    restore_wanted: AtomicBool,
    v8: Handle,
    /// When the doorbell was rung and has not been answered since: f64 bits of ms, 0 = answered.
    rung_at: AtomicU64,
    /// The sampler waits for figures and wants to be unparked.
    awaited: Mutex<Option<std::thread::Thread>>,
    awaiting: AtomicBool,
    /// Monitors that listen to `gc`.
    gc_listeners: Mutex<Vec<u64>>,
    gc_heard: AtomicBool,
    gc_started: AtomicU64,
    /// Figures older than this, in ms, are refreshed in a minor GC's epilogue too. f64 bits.
    refresh_after: AtomicU64,
}

thread_local! {
    /// Environments of this thread. V8's callbacks carry an id, and find its owner here or nowhere: an
    /// interrupt that was requested before the cleanup hook ran may still arrive after it.
    static LOCAL: RefCell<Vec<Arc<Environment>>> = const { RefCell::new(Vec::new()) };
}

fn local(id: u64) -> Option<Arc<Environment>> {
    LOCAL
        .try_with(|all| {
            let all = all.try_borrow().ok()?;
            all.iter().find(|environment| environment.id == id).cloned()
        })
        .ok()
        .flatten()
}

impl Environment {
    /// Registers this thread's environment. On that thread.
    pub fn attach(thread_id: u32, doorbell: Box<dyn Doorbell>) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let v8 = Handle::attach(id, CALLBACKS);
        let environment = Arc::new(Self {
            young_reserve: v8.local().and_then(|isolate| isolate.young_reserve()).unwrap_or(0),
            id,
            thread_id,
            outbox: Outbox::default(),
            figures: FigureCell::default(),
            doorbell,
            #[cfg(target_os = "linux")]
            fork: Mutex::default(),
            fork_wanted: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            limit: Mutex::default(),
            ids: Ids::default(),
            needs: Known::default(),
            dump_wanted: AtomicBool::new(false),
            restore_wanted: AtomicBool::new(false),
            v8,
            rung_at: AtomicU64::new(0),
            awaited: Mutex::new(None),
            awaiting: AtomicBool::new(false),
            gc_listeners: Mutex::new(Vec::new()),
            gc_heard: AtomicBool::new(false),
            gc_started: AtomicU64::new(0),
            refresh_after: AtomicU64::new(500f64.to_bits()),
        });
        LOCAL.with(|all| all.borrow_mut().push(environment.clone()));
        environment.publish(None);
        other_heaps::enter(&environment);
        environment
    }

    /// The cleanup hook: after it nothing of ours touches the isolate. On the environment's thread.
    pub fn detach(self: &Arc<Self>) {
        // In this order: see `ask_fork`, and `queue::put_back`.
        self.ended.store(true, Ordering::Release);
        self.v8.detach();
        self.withdraw_forks();
        let _ = LOCAL.try_with(|all| {
            if let Ok(mut all) = all.try_borrow_mut() {
                all.retain(|environment| environment.id != self.id);
            }
        });
        other_heaps::leave(self.id);
        queue::forget(self.id);
    }

    /// Whether its thread has ended, or is about to: nothing can be asked of it any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Whether V8 is reached directly; otherwise JavaScript is asked.
    pub fn is_native(&self) -> bool {
        self.v8.is_native()
    }

    /// The owner of this, on the environment's own thread.
    pub(crate) fn shared(&self) -> Option<Arc<Self>> {
        local(self.id)
    }

    /// The isolate, on the environment's own thread.
    pub(crate) fn isolate(&self) -> Option<Isolate> {
        self.v8.local()
    }

    /// Tells JavaScript something.
    pub fn tell(&self, event: Event) {
        self.outbox.push(event);
        self.ring();
    }

    /// Wakes the loop once; further rings before it turns cost nothing.
    pub fn ring(&self) {
        let now = clock::now().to_bits();
        if self.rung_at.compare_exchange(0, now, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            self.doorbell.ring();
        }
    }

    /// ms since the loop was rung without an answer.
    pub fn loop_blocked(&self, now: f64) -> f64 {
        match self.rung_at.load(Ordering::Acquire) {
            0 => 0.0,
            rung => (now - f64::from_bits(rung)).max(0.0),
        }
    }

    /// Asks the loop for fresh figures. From the sampler, which asks for an interrupt too if the loop does not
    /// answer at once: one that turns is spared it.
    pub(crate) fn ask(&self) {
        *self.awaited.lock() = Some(std::thread::current());
        self.awaiting.store(true, Ordering::Release);
        if !self.is_native() && self.rung_at.load(Ordering::Acquire) == 0 {
            self.outbox.push(Event::WantFigures);
        }
        self.ring();
    }

    /// Asks V8 for a turn at the next stack guard.
    pub(crate) fn interrupt(&self) {
        self.v8.interrupt();
    }

    /// While this lives none of our threads asks this one for an interrupt, through whichever environment of it. On that
    /// thread, around a fork.
    #[cfg(target_os = "linux")]
    pub(crate) fn unasked<'a>(&'a self, neighbours: &'a [Arc<Self>]) -> impl Sized + 'a {
        let others: Vec<_> = neighbours.iter().map(|one| one.v8.unasked()).collect();
        (self.v8.unasked(), others)
    }

    /// The event loop turned: answers the doorbell. On the environment's thread. `true` if [`Self::drain`]
    /// has something.
    pub fn turn(self: &Arc<Self>) -> bool {
        self.rung_at.store(0, Ordering::Release);
        self.publish(None);
        self.look_after_limit();
        if self.ids.expired(clock::now())
            && let Some(isolate) = self.isolate()
        {
            self.ids.end(&isolate);
            self.outbox.push(Event::warning(0, &object_ids::too_long()));
        }
        self.fork_if_wanted();
        inline::orders(self, inline::From::Loop);
        !self.outbox.is_empty()
    }

    /// Has this environment's thread fork at its next turn or stack guard, whichever comes first.
    #[cfg(target_os = "linux")]
    pub(crate) fn ask_fork(&self, job: by_fork::Job) {
        self.fork.lock().push(job);
        self.fork_wanted.store(true, Ordering::Release);
        if !self.is_native() {
            // The environment ended while the job was prepared: nobody would ever take it, and every other
            // capture of the process would wait for its timeout.
            self.withdraw_forks();
            return;
        }
        self.ring();
        self.interrupt();
    }

    /// It need not for this order any more.
    #[cfg(target_os = "linux")]
    pub(crate) fn withdraw_fork(&self, order: u64) {
        // What is let go of removes its file: not under a lock that this environment's thread takes.
        let gone = self.fork.lock().extract_if(.., |job| job.order == order).collect::<Vec<_>>();
        drop(gone);
    }

    /// It need not any more at all; whoever waits for the answer sees that.
    fn withdraw_forks(&self) {
        self.fork_wanted.store(false, Ordering::Release);
        #[cfg(target_os = "linux")]
        {
            let gone = std::mem::take(&mut *self.fork.lock());
            drop(gone);
        }
    }

    fn fork_if_wanted(&self) {
        if !self.fork_wanted.swap(false, Ordering::AcqRel) {
            return;
        }
        #[cfg(target_os = "linux")]
        {
            let jobs = std::mem::take(&mut *self.fork.lock());
            for job in jobs {
                job.carry_out(self);
            }
        }
    }

    /// The events as a JSON array, or `None`.
    pub fn drain(&self) -> Option<String> {
        let events = self.outbox.drain();
        if events.is_empty() { None } else { serde_json::to_string(&events).ok() }
    }

    /// Reads V8 now, where it is reached directly. On the environment's thread.
    pub fn refresh(&self) {
        self.publish(None);
    }

    /// Reads V8 and publishes. On the environment's thread, also inside GC callbacks.
    fn publish(&self, live: Option<f64>) {
        // Whoever holds the lock asks for the next look.
        let Some(isolate) = self.v8.local() else { return };
        let heap = isolate.heap_figures();
        if live.is_some() {
            self.needs.shrink(heap.heap_used);
        }
        let now = clock::now();
        let before = self.figures.read();
        self.store(&Figures {
            at: now,
            heap,
            array_buffers: array_buffers::bytes(&isolate).or(before.array_buffers),
            live_heap: live.map(|at| (heap.heap_used, at)).or(before.live_heap),
        });
    }

    /// Publishes what JavaScript read: all of it on the portable path, ArrayBuffers where their counter was
    /// not found. On the environment's thread.
    pub fn store(&self, figures: &Figures) {
        self.figures.write(figures);
        if self.awaiting.swap(false, Ordering::AcqRel)
            && let Some(thread) = self.awaited.try_lock().and_then(|mut thread| thread.take())
        {
            thread.unpark();
        }
    }

    /// Installs or removes the GC callbacks. On the environment's thread.
    pub fn watch_collections(&self, on: bool) {
        self.v8.watch_collections(on);
    }

    /// Watches the heap limit, or not. On the environment's thread.
    pub fn watch_limit(&self, wanted: Option<heap_limit::Wanted>) {
        let on = wanted.is_some();
        let restore = self.limit.lock().set(wanted);
        self.v8.watch_limit(on, restore);
    }

    /// Leaves the limit to the callback that was there before ours, until the heap has recovered. Also inside
    /// V8's call of ours.
    pub(crate) fn leave_limit(&self) {
        self.v8.leave_limit();
    }

    /// The other environments of this thread: the addon may have been loaded more than once. On that thread.
    pub(crate) fn neighbours(&self) -> Vec<Arc<Self>> {
        let others = |all: &RefCell<Vec<Arc<Self>>>| {
            let all = all.try_borrow().ok()?;
            Some(all.iter().filter(|one| one.id != self.id).cloned().collect())
        };
        LOCAL.try_with(others).ok().flatten().unwrap_or_default()
    }

    /// Has a stack guard carry out the dump. Inside a collection.
    pub(crate) fn ask_dump(&self) {
        self.dump_wanted.store(true, Ordering::Release);
        self.v8.interrupt();
    }

    fn look_after_limit(self: &Arc<Self>) {
        if self.dump_wanted.swap(false, Ordering::AcqRel) {
            heap_limit::dump(self);
        }
        if !self.restore_wanted.swap(false, Ordering::AcqRel) {
            return;
        }
        let used = self.isolate().map(|isolate| isolate.heap_figures().heap_used);
        let restore = used.and_then(|used| self.limit.lock().restore(used));
        if let Some(before) = restore {
            self.v8.restore_limit(before);
        }
    }

    /// How old figures may get before a minor collection refreshes them: half the shortest interval.
    pub fn refresh_after(&self, ms: f64) {
        self.refresh_after.store(ms.to_bits(), Ordering::Relaxed);
    }

    /// Whether `monitor` wants `gc` events.
    pub fn listen_gc(&self, monitor: u64, on: bool) {
        let mut listeners = self.gc_listeners.lock();
        listeners.retain(|id| *id != monitor);
        if on {
            listeners.push(monitor);
        }
        self.gc_heard.store(!listeners.is_empty(), Ordering::Release);
    }

    fn gc_started(&self) {
        self.gc_started.store(clock::now().to_bits(), Ordering::Relaxed);
    }

    fn gc_ended(&self, kind: GcKind) {
        let now = clock::now();
        let full = kind == GcKind::MarkSweepCompact;
        let refresh_after = f64::from_bits(self.refresh_after.load(Ordering::Relaxed));
        if full || now - self.figures.read().at > refresh_after {
            self.publish(full.then_some(now));
        }
        let heap_used = || self.figures.read().heap.heap_used;
        if full {
            self.v8.limit_to_top();
        }
        if full && self.limit.try_lock().is_some_and(|limit| limit.recovered(heap_used())) {
            self.restore_wanted.store(true, Ordering::Release);
            self.v8.interrupt();
        }
        if !self.gc_heard.load(Ordering::Acquire) {
            return;
        }
        let duration_ms = now - f64::from_bits(self.gc_started.load(Ordering::Relaxed));
        let (heap_used, at) = (heap_used(), clock::wall());
        for monitor in self.gc_listeners.lock().iter() {
            self.outbox.push(Event::Gc { monitor: *monitor, kind, duration_ms, heap_used, at });
        }
        self.ring();
    }
}

/// How V8 reaches us. An id whose environment has ended is nobody's.
const CALLBACKS: Callbacks = Callbacks {
    interrupt: |id| {
        if let Some(environment) = local(id) {
            environment.v8.interrupted();
            // Late, because JavaScript was idle when it was asked for: the loop has answered long since.
            if environment.awaiting.load(Ordering::Acquire) {
                environment.publish(None);
            }
            environment.look_after_limit();
            environment.fork_if_wanted();
            inline::orders(&environment, inline::From::Interrupt);
        }
    },
    gc_started: |id| {
        if let Some(environment) = local(id) {
            environment.gc_started();
        }
    },
    near_limit: |id, current, _| {
        local(id).map_or(current, |environment| heap_limit::near(&environment, current))
    },
    gc_ended: |id, kind| {
        if let Some(environment) = local(id) {
            environment.gc_ended(kind);
        }
    },
};

/// What is the same for all environments of the process, for a file's metadata.
#[derive(Debug, Clone, Default)]
pub struct ProcessFacts {
    /// `process.version`
    pub node_version: String,
    /// `process.versions.v8`
    pub v8_version: String,
    /// Node's `--diagnostic-dir`.
    pub diagnostic_dir: Option<std::path::PathBuf>,
    /// Node's `--v8-pool-size`, if it was given.
    pub v8_pool_size: Option<usize>,
}

static FACTS: std::sync::OnceLock<ProcessFacts> = std::sync::OnceLock::new();

/// Told once; the first environment's word stays.
pub fn set_process_facts(facts: ProcessFacts) {
    let _ = FACTS.set(facts);
}

/// As told, or empty.
pub fn process_facts() -> &'static ProcessFacts {
    FACTS.get_or_init(ProcessFacts::default)
}
