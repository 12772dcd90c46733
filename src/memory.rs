//! The allocator of this crate: large blocks are mappings of their own and go back to the kernel when freed.
//!
//! glibc does so only to begin with. Each large block that is freed raises, for the whole process and for good, the
//! size from which it does (up to 32 MiB); what is freed below that stays in its arenas. After an analysis
//! the service would be some hundred MB larger, and its own blocks would be kept the same way.
//!
//! Architecture invariant: sees no other room, has no lock and keeps nothing of its own: a forked child allocates and frees
//! through it too. Its tests are below.

use std::alloc::{GlobalAlloc, Layout, System};

/// From here on a block is a mapping. Smaller ones come and go too often for a system call each.
#[cfg(target_os = "linux")]
const LARGE: usize = 1 << 20;

/// [`System`], but for large blocks.
pub struct Allocator;

/// Blocks asked for so far, for tests of what must ask for none.
#[cfg(test)]
pub static CALLS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

/// Decided by the layout alone, so that a block is freed as it was made. Mappings begin at a page: nothing asks
/// for more.
#[cfg(target_os = "linux")]
fn is_large(size: usize, layout: Layout) -> bool {
    size >= LARGE && layout.align() <= 4096
}

// SAFETY: blocks that `is_large` decides on are mappings of at least the wanted size, and zero; all others are
// System's, which is an allocator. Both calls that free or resize a block get the layout it was made with.
#[cfg(target_os = "linux")]
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        #[cfg(test)]
        CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if is_large(layout.size(), layout) {
            return map(layout.size());
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        #[cfg(test)]
        CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if is_large(layout.size(), layout) {
            return map(layout.size());
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_large(layout.size(), layout) {
            // SAFETY: the block is a mapping of this size, and the caller is done with it.
            unsafe { libc::munmap(block.cast(), layout.size()) };
            return;
        }
        // SAFETY: the caller's promise; the block is System's.
        unsafe { System.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        #[cfg(test)]
        CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match (is_large(layout.size(), layout), is_large(size, layout)) {
            // SAFETY: the caller's promise; the block is System's and stays so.
            (false, false) => unsafe { System.realloc(block, layout, size) },
            // SAFETY: the block is a mapping of this size, which may move: the caller takes the new address.
            (true, true) => unsafe {
                let moved = libc::mremap(block.cast(), layout.size(), size, libc::MREMAP_MAYMOVE);
                if moved == libc::MAP_FAILED { std::ptr::null_mut() } else { moved.cast() }
            },
            // SAFETY: the caller's promises hold for a new block of the new size too; the old one is copied as
            // far as both go, and freed with its own layout.
            _ => unsafe {
                let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                if !new.is_null() {
                    std::ptr::copy_nonoverlapping(block, new, layout.size().min(size));
                    self.dealloc(block, layout);
                }
                new
            },
        }
    }
}

#[cfg(target_os = "linux")]
fn map(size: usize) -> *mut u8 {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping where the kernel likes touches nothing that is there.
    let mapped = unsafe { libc::mmap(std::ptr::null_mut(), size, access, kind, -1, 0) };
    if mapped == libc::MAP_FAILED { std::ptr::null_mut() } else { mapped.cast() }
}

// SAFETY: it is System.
#[cfg(not(target_os = "linux"))]
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is looked at and written: some bytes of each page, as it is pages that are moved.
    const STEP: usize = 509;
    const SIZES: [usize; 8] = [1, 4096, LARGE - 1, LARGE, LARGE + 1, 3 * LARGE + 5, 8 * LARGE, 100];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_was_written_stays(steps in prop::collection::vec(0..SIZES.len(), 1..8), zeroed: bool) {
            let mut layout = Layout::from_size_align(SIZES[steps[0]], 16).unwrap();
            // SAFETY: the layout has a size; every block is used within it, resized and freed with it.
            unsafe {
                let mut block = if zeroed { Allocator.alloc_zeroed(layout) } else { Allocator.alloc(layout) };
                prop_assert!(!block.is_null());
                if zeroed {
                    prop_assert!(std::slice::from_raw_parts(block, layout.size()).iter().all(|byte| *byte == 0));
                }
                let mut known = 0;
                for step in &steps {
                    block = Allocator.realloc(block, layout, SIZES[*step]);
                    prop_assert!(!block.is_null());
                    layout = Layout::from_size_align(SIZES[*step], 16).unwrap();
                    known = layout.size().min(known);
                    let bytes = std::slice::from_raw_parts_mut(block, layout.size());
                    prop_assert!((0..known).step_by(STEP).all(|i| bytes[i] == (i % 251) as u8));
                    (0..bytes.len()).step_by(STEP).for_each(|i| bytes[i] = (i % 251) as u8);
                    known = layout.size();
                }
                Allocator.dealloc(block, layout);
            }
        }
    }

    #[test]
    fn what_cannot_be_had_is_null() {
        let layout = Layout::from_size_align(isize::MAX as usize - 4096, 16).unwrap();
        // SAFETY: the layout has a size, and nothing is given that would have to be freed.
        assert!(unsafe { Allocator.alloc(layout) }.is_null());
        assert!(Vec::<u8>::new().try_reserve(1 << 60).is_err());
    }

    #[test]
    fn freed_blocks_are_gone() {
        // What other tests map may come to lie there.
        if !crate::probe::tests::alone("memory::tests::freed_blocks_are_gone") {
            return;
        }
        let mapped = |at: usize| {
            let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
            let range = |line: &str| {
                let (begin, rest) = line.split_once('-')?;
                let end = rest.split(' ').next()?;
                Some(usize::from_str_radix(begin, 16).ok()?..usize::from_str_radix(end, 16).ok()?)
            };
            maps.lines().filter_map(range).any(|range| range.contains(&at))
        };
        // Never touched, so it costs nothing; so large that no other test puts one in its place.
        let block = vec![0_u8; 1 << 30];
        let at = block.as_ptr() as usize + (1 << 29);
        assert!(mapped(at));
        drop(block);
        assert!(!mapped(at));
    }
}
