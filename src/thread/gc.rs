//! Who hears of this thread's collections, and when a collection is also taken for a look at the heap.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::outbox::{Event, Outbox};
use crate::clock;
use crate::v8::GcKind;

/// One environment's. Its own thread calls it inside collections: nothing here calls V8.
#[derive(Debug)]
pub struct Collections {
    /// Monitors that listen to `gc`.
    listeners: Mutex<Vec<u64>>,
    heard: AtomicBool,
    /// When the one that runs began: f64 bits of ms.
    started: AtomicU64,
    /// Figures older than this, in ms, are refreshed in a minor GC's epilogue too. f64 bits.
    refresh_after: AtomicU64,
}

impl Default for Collections {
    fn default() -> Self {
        Self {
            listeners: Mutex::new(Vec::new()),
            heard: AtomicBool::new(false),
            started: AtomicU64::new(0),
            refresh_after: AtomicU64::new(500f64.to_bits()),
        }
    }
}

impl Collections {
    /// How old figures may get before a minor collection refreshes them: half the shortest interval.
    pub fn refresh_after(&self, ms: f64) {
        self.refresh_after.store(ms.to_bits(), Ordering::Relaxed);
    }

    /// Whether figures of that `age`, in ms, are to be read anew.
    pub(super) fn want_figures(&self, age: f64) -> bool {
        age > f64::from_bits(self.refresh_after.load(Ordering::Relaxed))
    }

    /// Whether `monitor` wants `gc` events.
    pub fn listen(&self, monitor: u64, on: bool) {
        let mut listeners = self.listeners.lock();
        listeners.retain(|id| *id != monitor);
        if on {
            listeners.push(monitor);
        }
        self.heard.store(!listeners.is_empty(), Ordering::Release);
    }

    /// One begins.
    pub(super) fn started(&self) {
        self.started.store(clock::now().to_bits(), Ordering::Relaxed);
    }

    /// One ended at `now`, a time of [`clock::now`]: tells who listens, if anybody does.
    pub(super) fn tell(
        &self,
        outbox: &Outbox,
        kind: GcKind,
        now: f64,
        heap_used: impl FnOnce() -> u64,
    ) -> bool {
        if !self.heard.load(Ordering::Acquire) {
            return false;
        }
        let duration_ms = now - f64::from_bits(self.started.load(Ordering::Relaxed));
        let (heap_used, at) = (heap_used(), clock::wall());
        for monitor in self.listeners.lock().iter() {
            outbox.push(Event::Gc { monitor: *monitor, kind, duration_ms, heap_used, at });
        }
        true
    }
}
