//! `malloc` and its kin of a copy. The C library's own may stand in the middle of anything, with a lock that a thread holds which
//! does not exist: all objects' slots are pointed here instead. What the old process has allocated is read, and never freed.

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::ptr::{null_mut, write_bytes};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::arena::Arena;
use super::slots::Replacement;

/// C's own alignment.
const ALIGN: usize = 16;

struct OneThread(UnsafeCell<Arena>);

// SAFETY: it is used in a copy only, which has one thread.
unsafe impl Sync for OneThread {}

static ARENA: OneThread = OneThread(UnsafeCell::new(Arena::new()));

/// The address of the C library's `malloc_usable_size`, for its blocks.
static USABLE_SIZE: AtomicUsize = AtomicUsize::new(0);

/// Runs on the arena. In a copy only.
fn with<T>(act: impl FnOnce(&mut Arena) -> T) -> T {
    // SAFETY: a copy has one thread; nothing that is done with the arena comes here again. A signal's handler leaves the copy,
    // and what it has interrupted here never goes on.
    act(unsafe { &mut *ARENA.0.get() })
}

fn allocate(size: usize, align: usize) -> *mut c_void {
    let block = with(|arena| arena.allocate(size, align));
    if block.is_null() {
        // SAFETY: this thread's own.
        unsafe { *libc::__errno_location() = libc::ENOMEM };
    }
    block
}

unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    allocate(size, ALIGN)
}

unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    // One that overflows is more than there is.
    let size = count.saturating_mul(size);
    let block = allocate(size, ALIGN);
    if !block.is_null() && !with(|arena| arena.is_zero(block)) {
        // SAFETY: a new block of this size.
        unsafe { write_bytes(block.cast::<u8>(), 0, size) };
    }
    block
}

unsafe extern "C" fn free(block: *mut c_void) {
    // SAFETY: the caller's promise.
    with(|arena| unsafe { arena.release(block) });
}

unsafe extern "C" fn malloc_usable_size(block: *mut c_void) -> usize {
    if block.is_null() {
        return 0;
    }
    if let Some(size) = with(|arena| arena.size(block)) {
        return size;
    }
    let original = USABLE_SIZE.load(Ordering::Relaxed);
    if original == 0 {
        return 0;
    }
    // SAFETY: the address of the function of this name, which reads what stands before the old process's block.
    unsafe { std::mem::transmute::<usize, unsafe extern "C" fn(*mut c_void) -> usize>(original)(block) }
}

unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    if block.is_null() {
        return allocate(size, ALIGN);
    }
    // SAFETY: the caller's promise.
    let there = unsafe { malloc_usable_size(block) };
    let ours = with(|arena| arena.size(block)).is_some();
    // It stays where it is if it fits, and does not waste more than half.
    if ours && size <= there && size >= there / 2 {
        return block;
    }
    let new = allocate(size, ALIGN);
    if !new.is_null() {
        // SAFETY: both are as large, and a new block meets no old one.
        unsafe { std::ptr::copy_nonoverlapping(block.cast::<u8>(), new.cast::<u8>(), there.min(size)) };
        // SAFETY: the caller's promise.
        with(|arena| unsafe { arena.release(block) });
    }
    new
}

unsafe extern "C" fn reallocarray(block: *mut c_void, count: usize, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { realloc(block, count.saturating_mul(size)) }
}

unsafe extern "C" fn posix_memalign(to: *mut *mut c_void, align: usize, size: usize) -> c_int {
    if !align.is_power_of_two() || !align.is_multiple_of(size_of::<usize>()) {
        return libc::EINVAL;
    }
    let block = with(|arena| arena.allocate(size, align.max(ALIGN)));
    if block.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: the caller's promise.
    unsafe { *to = block };
    0
}

/// `memalign` too.
unsafe extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    match align.max(ALIGN).checked_next_power_of_two() {
        Some(align) => allocate(size, align),
        None => null_mut(),
    }
}

/// What takes their place; remembers the C library's own for its blocks. Before a process is frozen.
pub(super) fn replacements() -> [Replacement; 9] {
    let original: unsafe extern "C" fn(*mut c_void) -> usize = libc::malloc_usable_size;
    USABLE_SIZE.store(original as *const () as usize, Ordering::Relaxed);
    [
        (c"malloc", malloc as *const () as usize),
        (c"calloc", calloc as *const () as usize),
        (c"realloc", realloc as *const () as usize),
        (c"reallocarray", reallocarray as *const () as usize),
        (c"free", free as *const () as usize),
        (c"posix_memalign", posix_memalign as *const () as usize),
        (c"aligned_alloc", aligned_alloc as *const () as usize),
        (c"memalign", aligned_alloc as *const () as usize),
        (c"malloc_usable_size", malloc_usable_size as *const () as usize),
    ]
}
