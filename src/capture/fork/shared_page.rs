//! A page that parent and child share: how far the child is.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters in a shared page. The child writes, the parent reads.
#[derive(Debug)]
pub struct SharedPage(NonNull<Counters>);

#[derive(Debug, Default)]
#[repr(C)]
struct Counters {
    walked: AtomicU64,
    to_walk: AtomicU64,
    written: AtomicU64,
    /// Not 0: the child is not wanted any more.
    unwanted: AtomicU64,
    /// Not 0: its file is whole, and lacks only its name.
    whole: AtomicU64,
    /// Steps of reading a heap that was written to memory.
    steps: AtomicU64,
}

// SAFETY: the page holds atomics only and lives until drop.
unsafe impl Send for SharedPage {}
// SAFETY: as above.
unsafe impl Sync for SharedPage {}

impl SharedPage {
    /// A new page.
    pub fn new() -> io::Result<Self> {
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping of our own, zeroed by the kernel: valid counters.
        let page = unsafe { libc::mmap(std::ptr::null_mut(), SIZE, protection, flags, -1, 0) };
        if page == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        NonNull::new(page.cast()).map(Self).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    fn counters(&self) -> &Counters {
        // SAFETY: mapped, aligned and initialised for as long as `self` lives.
        unsafe { self.0.as_ref() }
    }

    /// V8 walks the heap: `done` of `total` objects.
    pub fn walk(&self, done: u32, total: u32) {
        self.counters().to_walk.store(total.into(), Ordering::Relaxed);
        self.counters().walked.store(done.into(), Ordering::Relaxed);
    }

    /// So many bytes of JSON are written.
    pub fn write(&self, bytes: u64) {
        self.counters().written.store(bytes, Ordering::Relaxed);
    }

    /// It reads what it has written, and gets on.
    pub fn step(&self) {
        self.counters().steps.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it has begun to read, and how far it is, in steps of no certain length.
    pub fn steps(&self) -> u64 {
        self.counters().steps.load(Ordering::Relaxed)
    }

    /// The child is to end, and its file with it.
    pub fn end(&self) {
        self.counters().unwanted.store(1, Ordering::Release);
    }

    /// Whether it is.
    pub fn ended(&self) -> bool {
        self.counters().unwanted.load(Ordering::Acquire) != 0
    }

    /// The child's file is whole under its temporary name.
    pub fn complete(&self) {
        self.counters().whole.store(1, Ordering::Release);
    }

    /// Whether it is.
    pub fn completed(&self) -> bool {
        self.counters().whole.load(Ordering::Acquire) != 0
    }

    /// Objects walked, objects to walk, bytes of JSON written.
    pub fn read(&self) -> (u64, u64, u64) {
        let counters = self.counters();
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (load(&counters.walked), load(&counters.to_walk), load(&counters.written))
    }
}

const SIZE: usize = 4096;

impl Drop for SharedPage {
    fn drop(&mut self) {
        // SAFETY: the page made in `new`; nobody else in this process has its address.
        unsafe { libc::munmap(self.0.as_ptr().cast(), SIZE) };
    }
}
