//! Whom V8's callbacks reach, and that nothing of ours unwinds into V8, or runs in a forked child.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::isolate::GcKind;

/// Whom V8's callbacks reach, with the id given to [`Handle::attach`](super::handle::Handle::attach). The id may be one whose environment has
/// ended: an interrupt can arrive late.
#[derive(Debug, Clone, Copy)]
pub struct Callbacks {
    /// At a stack guard of the isolate's thread, outside any GC, inside a handle scope.
    pub interrupt: fn(u64),
    /// A collection begins. Must not touch V8.
    pub gc_started: fn(u64),
    /// A collection has ended. May read the heap statistics, nothing else of V8.
    pub gc_ended: fn(u64, GcKind),
    /// The heap is about to hit its limit: id, the limit now, the limit at the start, bytes. Answers the limit
    /// from now on; the same again lets V8 end the process. Inside a collection.
    pub near_limit: fn(u64, usize, usize) -> usize,
}

static CALLBACKS: OnceLock<Callbacks> = OnceLock::new();

thread_local! {
    static IN_GC: Cell<bool> = const { Cell::new(false) };
}

/// A collection begins on this thread, or has ended.
pub(super) fn set_in_gc(whether: bool) {
    let _ = IN_GC.try_with(|in_gc| in_gc.set(whether));
}

/// Whether this thread is inside a collection that we know of.
pub fn in_gc() -> bool {
    IN_GC.try_with(Cell::get).unwrap_or(false)
}

static AFTER_COLLECTIONS: OnceLock<fn()> = OnceLock::new();

/// Has `act` called on each thread at the end of each collection that we know of, outside it. The first call's is.
pub fn after_collections(act: fn()) {
    let _ = AFTER_COLLECTIONS.set(act);
}

/// A collection has ended on this thread.
pub(super) fn collection_ended() {
    set_in_gc(false);
    if let Some(act) = AFTER_COLLECTIONS.get() {
        act();
    }
}

static SILENT: AtomicBool = AtomicBool::new(false);
/// Whose callbacks they are.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// From now on V8's callbacks reach nobody: in a forked child the locks they take may be held for ever.
pub fn silence() {
    SILENT.store(true, Ordering::Relaxed);
}

/// They are this process's, and go to `callbacks`, or where the first call has said.
pub(super) fn install(callbacks: Callbacks) {
    let _ = CALLBACKS.set(callbacks);
    PROCESS.store(std::process::id(), Ordering::Relaxed);
}

/// Nothing of ours unwinds into V8.
pub(super) fn guarded(call: impl FnOnce(&Callbacks)) {
    // Another copy of this addon may have forked, or another addon: a child has no locks that it could rely on.
    if SILENT.load(Ordering::Relaxed) || std::process::id() != PROCESS.load(Ordering::Relaxed) {
        return;
    }
    if let Some(callbacks) = CALLBACKS.get() {
        let _ = catch_unwind(AssertUnwindSafe(|| call(callbacks)));
    }
}
