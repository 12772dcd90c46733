//! One `require` of the addon in one JavaScript thread.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::errand::{Errand, Moment};
use super::figures::{FigureCell, V8Figures};
use super::gc::Collections;
use super::object_ids::{self, Ids};
use super::other_heaps;
use super::outbox::{Event, Outbox};
use super::waker::LoopWaker;
use crate::clock;
use crate::v8::{Callbacks, GcKind, Handle, Isolate, array_buffers};

/// Per-environment state. Shared by the sampler and the environment's own thread.
pub struct Environment {
    /// Unique in this process, never used again.
    pub id: u64,
    /// `worker_threads.threadId`; 0 is the main thread.
    pub thread_id: u32,
    /// The kernel's id of its thread.
    #[cfg(target_os = "linux")]
    pub task: i32,
    /// Events for this environment.
    pub outbox: Outbox,
    /// V8's figures, as last published.
    pub figures: Arc<FigureCell>,
    /// Bytes of V8's `heap_size_limit` that are the young generation's, 0 where it is not known.
    pub young_reserve: u64,
    /// Object ids that match between snapshots.
    pub ids: Ids,
    /// Who hears of its collections.
    pub collections: Collections,
    /// What somebody else carries out here.
    errand: Weak<dyn Errand>,
    waker: Box<dyn LoopWaker>,
    ended: AtomicBool,
    v8: Handle,
    /// When the loop was woken and has not turned since: f64 bits of ms, 0 = it has.
    woken_at: AtomicU64,
    /// The sampler waits for figures and wants to be unparked.
    awaited: Mutex<Option<std::thread::Thread>>,
    awaiting: AtomicBool,
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
    /// Registers this thread's environment, on which `errand` is carried out. On that thread.
    pub fn attach(thread_id: u32, waker: Box<dyn LoopWaker>, errand: Weak<dyn Errand>) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let v8 = Handle::attach(id, CALLBACKS);
        let environment = Arc::new(Self {
            young_reserve: v8.local().and_then(|isolate| isolate.young_reserve()).unwrap_or(0),
            id,
            thread_id,
            #[cfg(target_os = "linux")]
            task: rustix::thread::gettid().as_raw_nonzero().get(),
            outbox: Outbox::default(),
            figures: Arc::default(),
            ids: Ids::default(),
            collections: Collections::default(),
            errand,
            waker,
            ended: AtomicBool::new(false),
            v8,
            woken_at: AtomicU64::new(0),
            awaited: Mutex::new(None),
            awaiting: AtomicBool::new(false),
        });
        LOCAL.with(|all| all.borrow_mut().push(environment.clone()));
        environment.publish(None);
        other_heaps::enter(id, thread_id, &environment.figures);
        environment
    }

    /// The cleanup hook: after it nothing of ours touches the isolate. On the environment's thread.
    pub fn detach(&self) {
        // In this order. First the flag: an order that is put back from now on sees it, and one that was put back before is
        // seen by `Errand::ended`. Then V8: a job that is handed in after that takes itself back, and one from before is
        // taken back by `Errand::ended`.
        self.ended.store(true, Ordering::Release);
        self.v8.detach();
        let _ = LOCAL.try_with(|all| {
            if let Ok(mut all) = all.try_borrow_mut() {
                all.retain(|environment| environment.id != self.id);
            }
        });
        other_heaps::leave(self.id);
        if let Some(errand) = self.errand.upgrade() {
            errand.ended();
        }
    }

    /// Whether its thread has ended, or is about to: nothing can be asked of it any more.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Whether V8 is reached directly; otherwise JavaScript is asked.
    pub fn is_native(&self) -> bool {
        self.v8.is_native()
    }

    /// The isolate, on the environment's own thread; `None` on any other and where V8 is not reached.
    pub fn isolate(&self) -> Option<Isolate> {
        self.v8.local()
    }

    /// Tells JavaScript something.
    pub fn tell(&self, event: Event) {
        self.outbox.push(event);
        self.wake();
    }

    /// Wakes the loop once; further calls before it turns cost nothing.
    pub fn wake(&self) {
        let now = clock::now().to_bits();
        if self.woken_at.compare_exchange(0, now, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            self.waker.wake();
        }
    }

    /// ms since the loop was woken and has not turned.
    pub fn loop_blocked(&self, now: f64) -> f64 {
        match self.woken_at.load(Ordering::Acquire) {
            0 => 0.0,
            woken => (now - f64::from_bits(woken)).max(0.0),
        }
    }

    /// Asks the loop for fresh figures. From the sampler, which asks for an interrupt too if the loop does not
    /// answer at once: one that turns is spared it.
    pub fn ask(&self) {
        *self.awaited.lock() = Some(std::thread::current());
        self.awaiting.store(true, Ordering::Release);
        if !self.is_native() && self.woken_at.load(Ordering::Acquire) == 0 {
            self.outbox.push(Event::WantFigures);
        }
        self.wake();
    }

    /// Asks V8 for a turn at the next stack guard.
    pub fn interrupt(&self) {
        self.v8.interrupt();
    }

    /// Has a copy that is frozen from now on do its work at its next stack guard.
    #[cfg(target_os = "linux")]
    pub fn ask_copy(&self) {
        self.v8.ask_copy();
    }

    /// While this lives none of our threads asks this one for an interrupt, through whichever environment of it. On that
    /// thread, around a fork.
    #[cfg(target_os = "linux")]
    pub fn unasked<'a>(&'a self, neighbours: &'a [Arc<Self>]) -> impl Sized + 'a {
        let others: Vec<_> = neighbours.iter().map(|one| one.v8.unasked()).collect();
        (self.v8.unasked(), others)
    }

    /// The event loop turned, for whatever it was woken. On the environment's thread. `true` if [`Self::drain`] has
    /// something.
    pub fn turn(&self) -> bool {
        self.woken_at.store(0, Ordering::Release);
        self.publish(None);
        self.carry_out(Moment::LoopTurn);
        !self.outbox.is_empty()
    }

    fn carry_out(&self, at: Moment) {
        if let Some(errand) = self.errand.upgrade() {
            errand.carry_out(at);
        }
    }

    /// What is carried out here; only its own room knows what it is.
    pub fn errand(&self) -> Option<Arc<dyn Errand>> {
        self.errand.upgrade()
    }

    /// Ends a tracking of object ids that nobody has ended in its time, and says so. On the environment's thread.
    pub fn end_overdue_ids(&self) {
        if self.ids.expired(clock::now())
            && let Some(isolate) = self.isolate()
        {
            self.ids.end(&isolate);
            self.outbox.push(Event::warning(0, &object_ids::too_long()));
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
        let Some(isolate) = self.v8.local() else { return };
        let heap = isolate.heap_figures();
        let now = clock::now();
        let before = self.figures.read();
        self.store(&V8Figures {
            at: now,
            heap,
            array_buffers: array_buffers::bytes(&isolate).or(before.array_buffers),
            live_heap: live.map(|at| (heap.heap_used, at)).or(before.live_heap),
        });
    }

    /// Publishes what JavaScript read: all of it on the portable path, ArrayBuffers where their counter was
    /// not found. On the environment's thread.
    pub fn store(&self, figures: &V8Figures) {
        self.figures.write(figures);
        if self.awaiting.swap(false, Ordering::AcqRel)
            && let Some(thread) = self.awaited.try_lock().and_then(|mut thread| thread.take())
        {
            thread.unpark();
        }
    }

    /// Installs them if this is the environment's thread; otherwise nothing.
    pub fn watch_collections_from_here(&self) {
        if self.isolate().is_some() {
            self.v8.watch_collections(true);
        }
    }

    /// Whether they are there.
    pub fn watches_collections(&self) -> bool {
        self.v8.watches_collections()
    }

    /// Installs or removes the GC callbacks. On the environment's thread.
    pub fn watch_collections(&self, on: bool) {
        self.v8.watch_collections(on);
    }

    /// Has the errand asked near the heap limit, or not any more; then the limit goes back to `restore` bytes, if that is
    /// not 0. On the environment's thread.
    pub fn watch_limit(&self, on: bool, restore: usize) {
        self.v8.watch_limit(on, restore);
    }

    /// The limit goes back to `before` bytes. On the environment's thread, outside collections.
    pub fn restore_limit(&self, before: usize) {
        self.v8.restore_limit(before);
    }

    /// Leaves the limit to the callback that was there before ours, until the heap has recovered. Also inside
    /// V8's call of ours.
    pub fn leave_limit(&self) {
        self.v8.leave_limit();
    }

    /// As [`leave_limit`](Self::leave_limit), and asks that callback at once what the limit, `current` bytes, is to be; `None`: there is
    /// none, or that is not known. Inside V8's call of ours.
    pub fn ask_limit_below(&self, current: usize) -> Option<usize> {
        self.v8.ask_limit_below(current)
    }

    /// Whether V8 asks nobody else near the limit; false where that is not known. Also inside V8's call of ours.
    pub fn has_limit_alone(&self) -> bool {
        self.v8.has_limit_alone()
    }

    /// The other environments of this thread: the addon may have been loaded more than once. On that thread.
    pub fn neighbours(&self) -> Vec<Arc<Self>> {
        let others = |all: &RefCell<Vec<Arc<Self>>>| {
            let all = all.try_borrow().ok()?;
            Some(all.iter().filter(|one| one.id != self.id).cloned().collect())
        };
        LOCAL.try_with(others).ok().flatten().unwrap_or_default()
    }

    fn gc_ended(&self, kind: GcKind) {
        let now = clock::now();
        let full = kind == GcKind::MarkSweepCompact;
        if full || self.collections.want_figures(now - self.figures.read().at) {
            self.publish(full.then_some(now));
        }
        let heap_used = || self.figures.read().heap.heap_used;
        if full {
            self.v8.limit_to_top();
        }
        if full
            && let Some(errand) = self.errand.upgrade()
            && errand.collected(heap_used())
        {
            self.v8.interrupt();
        }
        if self.collections.tell(&self.outbox, kind, now, heap_used) {
            self.wake();
        }
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
            environment.carry_out(Moment::StackGuard);
        }
    },
    gc_started: |id| {
        if let Some(environment) = local(id) {
            environment.collections.started();
        }
    },
    near_limit: |id, current, _| {
        let errand = local(id).and_then(|environment| environment.errand());
        errand.map_or(current, |errand| errand.near_limit(current))
    },
    gc_ended: |id, kind| {
        if let Some(environment) = local(id) {
            environment.gc_ended(kind);
        }
    },
};
