//! One isolate, on its own thread: statistics; and what [`super::Handle`] needs from any other.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;

use serde::Serialize;

use super::symbols::{GcCallback, InterruptCallback, LimitCallback, Raw, Symbols, binding};
use crate::error::{Error, Result};

/// The isolate that runs on this thread. Not `Send`: a thread that runs an isolate keeps it alive, others
/// hold a [`super::Handle`].
#[derive(Debug, Clone, Copy)]
pub struct Isolate {
    raw: NonNull<c_void>,
    pub(super) symbols: &'static Symbols,
}

/// What V8 says about one isolate's heap. Bytes, as `v8.getHeapStatistics()` names them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeapFigures {
    /// `total_heap_size`
    pub heap_total: u64,
    /// `total_physical_size`
    pub heap_physical: u64,
    /// `used_heap_size`
    pub heap_used: u64,
    /// `heap_size_limit`
    pub heap_limit: u64,
    /// `malloced_memory`: V8's own use of malloc (parser, compiler, zones).
    pub malloced: u64,
    /// `external_memory`: what V8 objects hold outside the heap, Buffers above all.
    pub external: u64,
    /// `number_of_native_contexts`
    pub native_contexts: u64,
    /// `number_of_detached_contexts`
    pub detached_contexts: u64,
}

/// `v8::GCType`, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GcKind {
    /// Young generation, copying.
    Scavenge,
    /// Young generation, marking.
    MinorMarkSweep,
    /// The whole heap. What is used right after it is the live heap.
    MarkSweepCompact,
    /// A step that only marks.
    IncrementalMarking,
    /// Weak callbacks.
    WeakCallbacks,
}

impl GcKind {
    /// From V8's bit; unknown bits are none of ours.
    pub fn from_bits(bits: c_int) -> Option<Self> {
        Some(match bits {
            1 => Self::Scavenge,
            2 => Self::MinorMarkSweep,
            4 => Self::MarkSweepCompact,
            8 => Self::IncrementalMarking,
            16 => Self::WeakCallbacks,
            _ => return None,
        })
    }
}

/// Scavenge, minor and full mark-sweep: the collections after which the figures have changed.
const COLLECTIONS: c_int = 1 | 2 | 4;

/// A limit callback that always gives more.
unsafe extern "C" fn twice(_: Raw, current: usize, _: usize) -> usize {
    current.saturating_mul(2)
}

/// V8 writes 14 words (15 on V8 14); a later one may write more, so it gets room to spare.
const STATISTICS_WORDS: usize = 64;

impl Isolate {
    /// The isolate that runs on this thread.
    ///
    /// # Errors
    /// `Unsupported` when V8 cannot be reached (see [`binding`]) or the thread runs no JavaScript.
    pub fn current() -> Result<Self> {
        Self::current_unverified(binding()?)
            .ok_or_else(|| Error::Unsupported("this thread runs no JavaScript".into()))
    }

    pub(super) fn current_unverified(symbols: &'static Symbols) -> Option<Self> {
        // SAFETY: takes nothing, and answers null on a thread without an isolate.
        let raw = NonNull::new(unsafe { (symbols.try_get_current)() })?;
        Some(Self { raw, symbols })
    }

    /// Whether this thread runs it.
    pub(super) fn is_current(&self) -> bool {
        // SAFETY: takes nothing, and answers null on a thread without an isolate.
        unsafe { (self.symbols.try_get_current)() == self.as_raw() }
    }

    pub(super) fn as_raw(&self) -> Raw {
        self.raw.as_ptr()
    }

    /// Reads the heap statistics: counters only, no GC, no handle, also allowed inside GC callbacks.
    /// On the isolate's thread. 1–15 µs.
    pub fn heap_figures(&self) -> HeapFigures {
        let mut words = [0u64; STATISTICS_WORDS];
        let raw = words.as_mut_ptr().cast::<c_void>();
        // SAFETY: `words` is aligned and larger than any known HeapStatistics; the constructor writes into it
        // and nowhere else.
        unsafe { (self.symbols.new_statistics)(raw) };
        // SAFETY: `raw` holds a constructed HeapStatistics; the isolate lives, as this is its thread.
        unsafe { (self.symbols.heap_statistics)(self.as_raw(), raw) };
        HeapFigures {
            heap_total: words[0],
            heap_physical: words[2],
            heap_used: words[4],
            heap_limit: words[5],
            malloced: words[6],
            external: words[7],
            native_contexts: words[10],
            detached_contexts: words[11],
        }
    }

    /// Asks V8 to call `callback` on the isolate's thread at its next stack guard, outside any GC, inside a
    /// handle scope. From any thread. While JS is idle in its event loop nothing happens until it runs again.
    ///
    /// # Safety
    /// The isolate must be alive during this call: the caller holds whatever its cleanup hook waits for.
    /// `callback` must cope with being called never, or with a `data` whose meaning has gone.
    pub(super) unsafe fn request_interrupt(&self, callback: InterruptCallback, data: usize) {
        // SAFETY: V8 documents RequestInterrupt as callable from any thread; the caller keeps it alive.
        unsafe { (self.symbols.request_interrupt)(self.as_raw(), callback, data as Raw) }
    }

    /// Calls `prologue` and `epilogue` around each collection, with `data`. On the isolate's thread.
    ///
    /// # Safety
    /// The pair must be removed with [`Self::remove_gc_callbacks`] on the same thread before the isolate ends.
    /// The callbacks must not run JavaScript, allocate on its heap or unwind.
    pub(super) unsafe fn add_gc_callbacks(&self, prologue: GcCallback, epilogue: GcCallback, data: usize) {
        // SAFETY: signature by mangled name; obligations passed on to the caller.
        unsafe { (self.symbols.add_gc_prologue)(self.as_raw(), prologue, data as Raw, COLLECTIONS) };
        // SAFETY: as above.
        unsafe { (self.symbols.add_gc_epilogue)(self.as_raw(), epilogue, data as Raw, COLLECTIONS) };
    }

    /// Calls `callback` when the heap is about to hit its limit. On the isolate's thread.
    ///
    /// # Safety
    /// As [`Self::add_gc_callbacks`].
    pub(super) unsafe fn add_limit_callback(&self, callback: LimitCallback, data: usize) {
        // SAFETY: signature by mangled name; obligations passed on to the caller.
        unsafe { (self.symbols.add_near_heap_limit)(self.as_raw(), callback, data as Raw) }
    }

    /// From now on V8 meets no limit on this heap: for a copy of it, which others limit. On the isolate's thread.
    pub fn lift_limit(&self) {
        // SAFETY: stays for the rest of the process. V8 asks the callback that was added last.
        unsafe { self.add_limit_callback(twice, 0) }
    }

    /// Removes it, and brings the limit back to `limit` bytes (or what is in use, and a quarter) if it is not 0.
    ///
    /// # Safety
    /// It must have been added and not yet been removed; V8 ends the process otherwise.
    pub(super) unsafe fn remove_limit_callback(&self, callback: LimitCallback, limit: usize) {
        // SAFETY: signature by mangled name; obligations passed on to the caller.
        unsafe { (self.symbols.remove_near_heap_limit)(self.as_raw(), callback, limit) }
    }

    /// Whether V8 has given ids to objects that are still known: it tracks them, or somebody has taken a snapshot. Told by
    /// the context, which is as old as the heap. On the isolate's thread, inside a handle scope.
    pub fn has_object_ids(&self) -> bool {
        // SAFETY: this is the isolate's thread; the handle lives in the caller's scope.
        let context = unsafe { (self.symbols.current_context)(self.as_raw()) };
        if context.is_null() {
            return false;
        }
        // SAFETY: as above; it only looks the object's address up.
        unsafe { (self.symbols.object_id)((self.symbols.heap_profiler)(self.as_raw()), context) != 0 }
    }

    /// Gives every object an id that stays, from now on: snapshots of this process can then be compared object
    /// by object. Walks the heap once; allocation-heavy code is several times slower until
    /// [`Self::stop_tracking`]. On the isolate's thread, inside a handle scope.
    pub fn start_tracking(&self) {
        // SAFETY: this is the isolate's thread; `false`: ids only, no allocation stacks.
        unsafe { (self.symbols.start_tracking)((self.symbols.heap_profiler)(self.as_raw()), false) }
    }

    /// Forgets the ids; full speed again. On the isolate's thread, inside a handle scope.
    pub fn stop_tracking(&self) {
        // SAFETY: this is the isolate's thread, so the profiler is alive.
        let profiler = unsafe { (self.symbols.heap_profiler)(self.as_raw()) };
        // SAFETY: as above; V8 takes a stop without a start.
        unsafe { (self.symbols.stop_tracking)(profiler) };
        // SAFETY: as above; no snapshot of ours is alive.
        unsafe { (self.symbols.clear_object_ids)(profiler) };
    }

    /// Removes what [`Self::add_gc_callbacks`] added. On the isolate's thread.
    ///
    /// # Safety
    /// The same triple must have been added and not yet been removed.
    pub(super) unsafe fn remove_gc_callbacks(&self, prologue: GcCallback, epilogue: GcCallback, data: usize) {
        // SAFETY: signature by mangled name; obligations passed on to the caller.
        unsafe { (self.symbols.remove_gc_prologue)(self.as_raw(), prologue, data as Raw) };
        // SAFETY: as above.
        unsafe { (self.symbols.remove_gc_epilogue)(self.as_raw(), epilogue, data as Raw) };
    }
}
