//! What V8 calls in a copy of the process, which was frozen and thawed: there the callbacks of [`super::callbacks`] reach nobody,
//! and one interrupt, asked for before freezing, has the copy do its work. Code that reaches no stack guard goes on with
//! filling the heap: then the end of a collection is as good a moment.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::callbacks::set_in_gc;
use super::isolate::Isolate;
use super::symbols::Raw;

/// What a copy does at its next stack guard. Empty in a process that lives its own life.
static WORK: OnceLock<fn(&Isolate)> = OnceLock::new();
/// It is inside a collection.
static COLLECTING: AtomicBool = AtomicBool::new(false);
/// It does its work at the end of a collection too.
static AT_ITS_END: AtomicBool = AtomicBool::new(false);

/// Does it here and now. On the isolate's thread, outside collections.
pub fn work() {
    if let Some(work) = WORK.get()
        && let Ok(isolate) = Isolate::current()
    {
        // Ours of before may be called after this one, or never.
        set_in_gc(false);
        // Its work begins with a collection of its own, whose end is no other moment for it.
        AT_ITS_END.store(false, Ordering::Relaxed);
        work(&isolate);
    }
}

/// Whether the copy is inside a collection.
pub fn is_collecting() -> bool {
    COLLECTING.load(Ordering::Relaxed)
}

/// No stack guard comes: the end of the next collection will do.
pub fn work_after_collection() {
    AT_ITS_END.store(true, Ordering::Relaxed);
}

unsafe extern "C" fn at_stack_guard(_: *mut c_void, asked: *mut c_void) {
    if WORK.get().is_none() && !asked.is_null() {
        // SAFETY: what `ask_copy` gave with this one request.
        let asked = unsafe { Arc::from_raw(asked.cast::<AtomicBool>().cast_const()) };
        asked.store(false, Ordering::Release);
    }
    work();
}

unsafe extern "C" fn began(_: Raw, _: c_int, _: c_int, _: Raw) {
    COLLECTING.store(true, Ordering::Relaxed);
}

unsafe extern "C" fn ended(_: Raw, _: c_int, _: c_int, _: Raw) {
    COLLECTING.store(false, Ordering::Relaxed);
    if AT_ITS_END.load(Ordering::Relaxed) {
        work();
    }
}

impl Isolate {
    /// Has a copy that is frozen from now on do its work at the next stack guard, outside any collection. In this process
    /// nothing comes of it. On the isolate's thread, also inside collections; or on another that
    /// knows that it lives.
    pub fn ask_copy(&self) {
        // SAFETY: the isolate lives, as this is its thread; the callback is a function that asks nothing of no data.
        unsafe { self.request_interrupt(at_stack_guard, 0) };
    }

    /// The same, unless it is `asked` already: V8 keeps every request until the thread comes to a stack guard.
    pub fn ask_copy_once(&self, asked: &Arc<AtomicBool>) {
        if !asked.swap(true, Ordering::AcqRel) {
            let data = Arc::into_raw(asked.clone()) as usize;
            // SAFETY: as above; the callback is called at most once with this data, and gives it back then.
            unsafe { self.request_interrupt(at_stack_guard, data) };
        }
    }

    /// This is such a copy, which does `work`; whether it stands inside a collection.
    pub fn become_copy(&self, work: fn(&Isolate), collecting: bool) {
        let _ = WORK.set(work);
        COLLECTING.store(collecting, Ordering::Relaxed);
        // SAFETY: they stay for the rest of the process, which ends with its work.
        unsafe { self.add_gc_callbacks(began, ended, 0) };
    }
}
