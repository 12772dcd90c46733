//! An isolate as other threads may hold it: safe to ask for an interrupt until its environment has ended.

use std::ffi::{c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::callbacks::{self, Callbacks, guarded, set_in_gc};
use super::isolate::{GcKind, Isolate};
use super::near_limit;

/// An isolate behind the handle's lock.
#[derive(Debug, Clone, Copy)]
struct Kept(Isolate);

// SAFETY: it is only an address to other threads, but for `request_interrupt`, which V8 documents as callable from
// any and which is called behind `Handle`'s lock; everything else first checks that this is the isolate's thread.
unsafe impl Send for Kept {}
// SAFETY: as above; it is never changed in place.
unsafe impl Sync for Kept {}

/// One environment's isolate.
#[derive(Debug)]
pub struct Handle {
    id: u64,
    /// For the isolate's own thread, which never waits for a requester, nor is turned away by one. `None` on the
    /// portable path; not to be used once `detached`.
    own: Option<Kept>,
    detached: AtomicBool,
    /// The same for other threads: `None` on the portable path and after [`Handle::detach`]. The lock is what makes a request from another
    /// thread safe: `detach` takes it too, so the isolate is alive while it is held; and so does whoever forks ([`Handle::unasked`]).
    isolate: Mutex<Option<Kept>>,
    /// An interrupt is on its way; V8 queues every request, so one at a time.
    interrupting: AtomicBool,
    /// One for a copy is.
    copy_asked: Arc<AtomicBool>,
    collections: AtomicBool,
}

impl Handle {
    /// This thread's isolate, or an empty handle where V8 is not reached. `callbacks` of the first call serve
    /// the process.
    pub fn attach(id: u64, callbacks: Callbacks) -> Self {
        callbacks::install(callbacks);
        let own = Isolate::current().ok().map(Kept);
        Self {
            id,
            own,
            detached: AtomicBool::new(false),
            isolate: Mutex::new(own),
            interrupting: AtomicBool::new(false),
            copy_asked: Arc::default(),
            collections: AtomicBool::new(false),
        }
    }

    /// After this nothing of ours touches the isolate. On its thread, before it ends: a cleanup hook.
    pub fn detach(&self) {
        self.watch_collections(false);
        self.watch_limit(false, 0);
        self.detached.store(true, Ordering::Release);
        *self.isolate.lock() = None;
    }

    /// Whether V8 is reached. Without the lock, for whoever asks may have others wait: a thread that is frozen where it stands
    /// has it for seconds.
    pub fn is_native(&self) -> bool {
        self.own.is_some() && !self.detached.load(Ordering::Acquire)
    }

    /// The isolate, if the caller is on its thread. Without the lock, which a requester may hold just then: a
    /// capture would take that for a thread that is ending.
    pub fn local(&self) -> Option<Isolate> {
        let Kept(isolate) = self.own?;
        (!self.detached.load(Ordering::Acquire) && isolate.is_current()).then_some(isolate)
    }

    /// Asks V8 to call `interrupt` on the isolate's thread at its next stack guard. From any thread. While JS
    /// is idle in its event loop nothing happens until it runs again.
    pub fn interrupt(&self) {
        let isolate = self.isolate.lock();
        let Some(Kept(isolate)) = *isolate else { return };
        if !self.interrupting.swap(true, Ordering::AcqRel) {
            // SAFETY: the lock is held, and `detach` takes it before the isolate ends; the callback carries an
            // id, not a pointer, so it may come late or never.
            unsafe { isolate.request_interrupt(on_interrupt, self.id as usize) };
        }
    }

    /// Has a copy that is frozen from now on do its work at its next stack guard; in this process nothing comes of it. From any
    /// thread.
    pub fn ask_copy(&self) {
        let isolate = self.isolate.lock();
        if let Some(Kept(isolate)) = *isolate {
            isolate.ask_copy_once(&self.copy_asked);
        }
    }

    /// While this lives nobody asks for an interrupt. V8 has a lock of the isolate's while it is asked, which a child's first
    /// collection takes; one that was forked just then would wait for it for ever, wherever V8's locks are not the C library's
    /// (from Node 24 on). Waits for who asks at the moment, as V8 does itself at each stack guard.
    pub fn unasked(&self) -> impl Sized + '_ {
        self.isolate.lock()
    }

    /// The interrupt has come: the next request asks V8 again.
    pub fn interrupted(&self) {
        self.interrupting.store(false, Ordering::Release);
    }

    /// Wants to be asked near the heap limit, or not any more; then the limit goes back to `restore` bytes, if that is
    /// not 0. On the isolate's thread, outside collections.
    pub fn watch_limit(&self, on: bool, restore: usize) {
        let Some(isolate) = self.local() else { return };
        if on {
            near_limit::want(&isolate, self.id);
        } else {
            near_limit::unwant(&isolate, self.id, restore);
        }
    }

    /// The limit goes back to `before` bytes, and a limit that was left to others is watched again. On the isolate's
    /// thread, outside collections.
    pub fn restore_limit(&self, before: usize) {
        if let Some(isolate) = self.local() {
            near_limit::restore(&isolate, before);
        }
    }

    /// V8 asks the callback that was added last: be that. On the isolate's thread, also inside collections.
    pub fn limit_to_top(&self) {
        if let Some(isolate) = self.local() {
            near_limit::to_top(&isolate);
        }
    }

    /// Leaves the limit to the callback below ours. On the isolate's thread, also inside V8's call of ours.
    pub fn leave_limit(&self) {
        if let Some(isolate) = self.local() {
            near_limit::step_aside(&isolate);
        }
    }

    /// Leaves the limit to the callback below ours and asks it at once: what it gives; `None`: there is none, or that is not known. Inside
    /// V8's call of ours.
    pub fn ask_limit_below(&self, current: usize) -> Option<usize> {
        near_limit::ask_below(&self.local()?, current)
    }

    /// Whether V8 asks nobody but ours near the limit; false where that is not known. On the isolate's thread, also inside
    /// V8's call of ours.
    pub fn has_limit_alone(&self) -> bool {
        self.local().is_some_and(|isolate| near_limit::is_alone(&isolate))
    }

    /// Whether the GC callbacks are there.
    pub fn watches_collections(&self) -> bool {
        self.collections.load(Ordering::Acquire)
    }

    /// Installs or removes the GC callbacks. On the isolate's thread.
    pub fn watch_collections(&self, on: bool) {
        let guard = self.isolate.lock();
        let Some(Kept(isolate)) = guard.filter(|Kept(isolate)| isolate.is_current()) else { return };
        if self.collections.swap(on, Ordering::AcqRel) == on {
            return;
        }
        let data = self.id as usize;
        if on {
            // SAFETY: `detach` removes them on this thread before the isolate ends. They allocate nothing of
            // V8's and catch their panics.
            unsafe { isolate.add_gc_callbacks(on_gc_prologue, on_gc_epilogue, data) };
        } else {
            // SAFETY: `collections` says they are there.
            unsafe { isolate.remove_gc_callbacks(on_gc_prologue, on_gc_epilogue, data) };
        }
    }
}

unsafe extern "C" fn on_interrupt(_: *mut c_void, data: *mut c_void) {
    guarded(|callbacks| (callbacks.interrupt)(data as u64));
}

unsafe extern "C" fn on_gc_prologue(_: *mut c_void, _: c_int, _: c_int, data: *mut c_void) {
    set_in_gc(true);
    guarded(|callbacks| (callbacks.gc_started)(data as u64));
}

unsafe extern "C" fn on_gc_epilogue(_: *mut c_void, kind: c_int, _: c_int, data: *mut c_void) {
    guarded(|callbacks| {
        if let Some(kind) = GcKind::from_bits(kind) {
            (callbacks.gc_ended)(data as u64, kind);
        }
    });
    callbacks::collection_ended();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    fn nothing() -> Callbacks {
        Callbacks {
            interrupt: |_| (),
            gc_started: |_| (),
            gc_ended: |_, _| (),
            near_limit: |_, limit, _| limit,
        }
    }

    #[test]
    fn nobody_asks_an_isolate_that_is_being_forked() {
        let handle = Handle::attach(1, nothing());
        let (began, beginning) = channel();
        let (done, end) = channel();
        std::thread::scope(|scope| {
            let forking = handle.unasked();
            scope.spawn(|| {
                began.send(()).unwrap();
                handle.interrupt();
                done.send(()).unwrap();
            });
            beginning.recv().unwrap();
            end.recv_timeout(Duration::from_millis(100)).unwrap_err();
            drop(forking);
            end.recv_timeout(Duration::from_secs(30)).unwrap();
        });
    }
}
