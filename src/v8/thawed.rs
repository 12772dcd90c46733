//! What V8 calls in a copy of the process, which was frozen and thawed: there the callbacks of [`super::callbacks`] reach nobody,
//! and one interrupt, asked for before freezing, has the copy do its work.

use std::ffi::c_void;
use std::sync::OnceLock;

use super::isolate::Isolate;

/// What a copy does at its next stack guard. Empty in a process that lives its own life.
static WORK: OnceLock<fn(&Isolate)> = OnceLock::new();

/// This is a copy: at the stack guard that was asked for, it does `work`.
pub fn work_at_stack_guard(work: fn(&Isolate)) {
    let _ = WORK.set(work);
}

/// Does it here and now. On the isolate's thread, outside collections.
pub fn work() {
    if let Some(work) = WORK.get()
        && let Ok(isolate) = Isolate::current()
    {
        work(&isolate);
    }
}

unsafe extern "C" fn at_stack_guard(_: *mut c_void, _: *mut c_void) {
    work();
}

impl Isolate {
    /// Has a copy that is frozen from now on do its work at the next stack guard, outside any collection. In this process
    /// nothing comes of it. On the isolate's thread, also inside collections.
    pub fn ask_copy(&self) {
        // SAFETY: the isolate lives, as this is its thread; the callback is a function that asks nothing of its data.
        unsafe { self.request_interrupt(at_stack_guard, 0) };
    }
}
