//! Memory for a copy, which has one thread for ever: small blocks from lists by size, large ones straight from the kernel.
//!
//! The address space is looked at in chunks. A chunk of small blocks is divided into spans of one size each, the first of which
//! says the size of all others: blocks have no header, as V8's snapshots are made of millions of small ones. What lies in no
//! chunk of ours belongs to the old process: freed, it stays. So does what lies behind a large block in its chunk, whose rest is given
//! back to the kernel.

use std::ffi::c_void;
use std::ptr::null_mut;

/// Beyond it a block is a mapping of its own.
const LARGE: usize = 1 << 20;
const CHUNK: usize = 64 << 20;
const SPAN: usize = 64 << 10;
/// As many chunks as a process has addresses for.
const CHUNKS: usize = (1 << 47) / CHUNK;
const GRAIN: usize = 16;
/// Up to here sizes are multiples of a grain, then four to each doubling.
const FINE: usize = 1024;
const CLASSES: usize = FINE / GRAIN + 4 * (LARGE / FINE).ilog2() as usize;
const PAGE: usize = 4096;

/// What a chunk of addresses holds.
const FOREIGN: u8 = 0;
const SMALL: u8 = 1;
const WHOLE: u8 = 2;

/// Begins the chunk of a block that has it for itself.
#[derive(Clone, Copy)]
#[repr(C)]
struct Whole {
    mapped: usize,
    /// From the chunk's beginning to the block.
    offset: usize,
}

/// A free block.
#[repr(C)]
struct Free(*mut Free);

/// The memory of a copy. All zeros is an empty one.
pub struct Arena {
    chunks: [u8; CHUNKS],
    free: [*mut Free; CLASSES],
    /// What is left of the newest span of each size: from, to.
    fresh: [(usize, usize); CLASSES],
    /// What is left of the newest chunk: from, to.
    spans: (usize, usize),
}

fn class_of(size: usize) -> usize {
    if size <= FINE {
        return size.max(1).div_ceil(GRAIN) - 1;
    }
    let last = size - 1;
    let doubling = last.ilog2();
    let quarter = last >> (doubling - 2) & 3;
    FINE / GRAIN + 4 * (doubling - FINE.ilog2()) as usize + quarter
}

fn size_of_class(class: usize) -> usize {
    let Some(coarse) = class.checked_sub(FINE / GRAIN) else { return (class + 1) * GRAIN };
    let base = FINE << (coarse / 4);
    base + (coarse % 4 + 1) * (base / 4)
}

/// Where a mapping of `size` bytes lies, from the beginning of a chunk; 0: there is none.
fn map(size: usize) -> usize {
    let (access, kind) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
    let Some(wide) = size.checked_add(CHUNK) else { return 0 };
    // SAFETY: a new mapping where the kernel likes touches nothing that is there.
    let mapped = unsafe { libc::mmap(null_mut(), wide, access, kind, -1, 0) };
    if mapped == libc::MAP_FAILED {
        return 0;
    }
    let begin = mapped as usize;
    let at = begin.next_multiple_of(CHUNK);
    for (from, to) in [(begin, at), (at + size, begin + wide)] {
        if from < to {
            // SAFETY: a part of the mapping just made, which nobody has.
            unsafe { libc::munmap(from as *mut c_void, to - from) };
        }
    }
    at
}

impl Arena {
    /// An empty one.
    pub const fn new() -> Self {
        Self {
            chunks: [FOREIGN; CHUNKS],
            free: [null_mut(); CLASSES],
            fresh: [(0, 0); CLASSES],
            spans: (0, 0),
        }
    }

    /// A block of `size` bytes at a multiple of `align`, a power of two; null: there is no memory. Sixteen are given always.
    pub fn allocate(&mut self, size: usize, align: usize) -> *mut c_void {
        if size > LARGE || align > SPAN {
            return self.whole(size, align);
        }
        // Blocks whose size is a power of two lie at its multiples, as spans do.
        let size = if align > GRAIN { size.max(align).next_power_of_two() } else { size };
        let class = class_of(size);
        let first = self.free[class];
        if !first.is_null() {
            // SAFETY: a free block of ours, which begins with the next one.
            self.free[class] = unsafe { (*first).0 };
            return first.cast();
        }
        let block = size_of_class(class);
        let (from, to) = self.fresh[class];
        let from = if to - from >= block { from } else { self.span(class, block) };
        if from == 0 {
            return null_mut();
        }
        self.fresh[class].0 = from + block;
        from as *mut c_void
    }

    /// A new span for blocks of this class, or more than one for a larger block; 0: there is no memory.
    fn span(&mut self, class: usize, block: usize) -> usize {
        let bytes = block.next_multiple_of(SPAN);
        if self.spans.1 - self.spans.0 < bytes {
            let chunk = map(CHUNK);
            if chunk == 0 {
                return 0;
            }
            let Some(kind) = self.chunks.get_mut(chunk / CHUNK) else { return 0 };
            *kind = SMALL;
            self.spans = (chunk + SPAN, chunk + CHUNK);
        }
        let from = self.spans.0;
        self.spans.0 += bytes;
        for span in (from % CHUNK / SPAN)..((from % CHUNK + bytes) / SPAN) {
            // SAFETY: the first span of the chunk holds a byte for each of its spans.
            unsafe { ((from - from % CHUNK + span) as *mut u8).write(class as u8) };
        }
        self.fresh[class] = (from, from + bytes);
        from
    }

    fn whole(&mut self, size: usize, align: usize) -> *mut c_void {
        let offset = align.max(PAGE);
        if offset >= CHUNK || size > CHUNKS * CHUNK {
            return null_mut();
        }
        let mapped = (offset + size).next_multiple_of(PAGE);
        let chunk = map(mapped);
        let Some(kind) = self.chunks.get_mut(chunk / CHUNK).filter(|_| chunk != 0) else { return null_mut() };
        *kind = WHOLE;
        // SAFETY: the first page of the mapping, which the block does not begin in.
        unsafe { (chunk as *mut Whole).write(Whole { mapped, offset }) };
        (chunk + offset) as *mut c_void
    }

    /// Bytes of a block; `None`: it is not ours.
    pub fn size(&self, block: *const c_void) -> Option<usize> {
        let at = block as usize;
        let begin = at - at % CHUNK;
        match *self.chunks.get(at / CHUNK)? {
            SMALL => {
                // SAFETY: the first span of a chunk of ours tells the class of each.
                let class = unsafe { ((begin + at % CHUNK / SPAN) as *const u8).read() };
                Some(size_of_class(class.into()))
            }
            // What lies behind it in its chunk may be anybody's.
            WHOLE => {
                // SAFETY: begins a chunk of one block.
                let whole = unsafe { (begin as *const Whole).read() };
                (at == begin + whole.offset).then_some(whole.mapped - whole.offset)
            }
            _ => None,
        }
    }

    /// Whether a new block is zero: one that the kernel has just mapped.
    pub fn is_zero(&self, block: *const c_void) -> bool {
        self.chunks.get(block as usize / CHUNK) == Some(&WHOLE)
    }

    /// Gives a block back; one that is not ours stays as it is.
    ///
    /// # Safety
    /// One of [`Self::allocate`]'s that nobody uses any more, or one of somebody else's.
    pub unsafe fn release(&mut self, block: *mut c_void) {
        let at = block as usize;
        let Some(kind) = self.chunks.get_mut(at / CHUNK) else { return };
        match *kind {
            SMALL => {
                // SAFETY: as in `size`.
                let class = unsafe { ((at - at % CHUNK + at % CHUNK / SPAN) as *const u8).read() };
                let Some(first) = self.free.get_mut(usize::from(class)) else { return };
                let free = block.cast::<Free>();
                // SAFETY: a block of ours, of sixteen bytes at least, and nobody's any more.
                unsafe { free.write(Free(*first)) };
                *first = free;
            }
            WHOLE => {
                let begin = at - at % CHUNK;
                // SAFETY: begins a chunk of one block.
                let whole = unsafe { (begin as *const Whole).read() };
                if at == begin + whole.offset {
                    *kind = FOREIGN;
                    // SAFETY: mapped for this block alone, which nobody uses any more.
                    unsafe { libc::munmap(begin as *mut c_void, whole.mapped) };
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arena() -> Box<Arena> {
        // SAFETY: all zeros is an empty one: numbers and null pointers.
        unsafe { Box::<Arena>::new_zeroed().assume_init() }
    }

    #[test]
    fn each_size_fits_its_class_closely() {
        for size in 1..=LARGE {
            let class = class_of(size);
            assert!(class < CLASSES, "{size}");
            let block = size_of_class(class);
            assert!(block >= size && block <= (size + GRAIN).max(size + size / 4 + 1), "{size}: {block}");
            assert!(class == 0 || size_of_class(class - 1) < size, "{size} fits a smaller one");
        }
        assert_eq!(size_of_class(CLASSES - 1), LARGE);
    }

    #[test]
    fn blocks_keep_what_is_in_them_and_never_meet() {
        let mut arena = arena();
        let mut seed = 1_u64;
        let mut chance = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed >> 11) as usize % below
        };
        let mut kept: Vec<(*mut c_void, usize, u8)> = Vec::new();
        for round in 0..6_000 {
            if kept.len() > 400 || (round > 5_000 && !kept.is_empty()) {
                let (block, size, mark) = kept.swap_remove(chance(kept.len()));
                // SAFETY: a block of this arena of at least this size.
                let bytes = unsafe { std::slice::from_raw_parts(block.cast::<u8>(), size) };
                assert!(bytes.iter().all(|byte| *byte == mark));
                // SAFETY: nobody uses it.
                unsafe { arena.release(block) };
                continue;
            }
            let size = match round % 50 {
                0 => LARGE + chance(3 << 20),
                1..5 => chance(LARGE),
                _ => chance(2000),
            };
            let align = if round % 7 == 0 { 16 << chance(14) } else { 16 };
            let block = arena.allocate(size, align);
            assert!(!block.is_null() && (block as usize).is_multiple_of(align), "{size} at {align}");
            assert!(arena.size(block).is_some_and(|there| there >= size));
            // SAFETY: a block of this arena of at least this size.
            unsafe { std::ptr::write_bytes(block.cast::<u8>(), round as u8, size) };
            kept.push((block, size, round as u8));
        }
    }

    #[test]
    fn what_is_freed_is_given_again_and_what_is_not_ours_is_left_alone() {
        let mut arena = arena();
        let first = arena.allocate(100, 16);
        // SAFETY: nobody uses it.
        unsafe { arena.release(first) };
        assert_eq!(arena.allocate(112, 16), first, "of one class");
        let mut foreign = 7_u64;
        let block = (&raw mut foreign).cast::<c_void>();
        assert_eq!(arena.size(block), None);
        // SAFETY: not ours, which is the point.
        unsafe { arena.release(block) };
        assert_eq!(foreign, 7);
        assert!(arena.allocate(usize::MAX - 5, 16).is_null(), "more than there are addresses");
        let large = arena.allocate(5 << 20, 16);
        assert!(arena.is_zero(large) && !arena.is_zero(first));
    }

    #[test]
    fn what_lies_behind_a_large_block_is_not_ours() {
        let mut arena = arena();
        let large = arena.allocate(5 << 20, 16);
        let begin = large as usize - large as usize % CHUNK;
        let tail = (begin + (40 << 20)) as *mut c_void;
        let (access, kind) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE,
        );
        // SAFETY: a new mapping where none is, or none at all.
        assert_eq!(unsafe { libc::mmap(tail, PAGE, access, kind, -1, 0) }, tail);
        // SAFETY: the large block's first byte, and the page mapped above.
        unsafe {
            large.cast::<u8>().write(5);
            tail.cast::<u8>().write(6);
        }
        assert_eq!(arena.size(tail), None);
        // SAFETY: not ours, which is the point.
        unsafe { arena.release(tail) };
        // SAFETY: both are there still.
        assert_eq!(unsafe { (large.cast::<u8>().read(), tail.cast::<u8>().read()) }, (5, 6));
        // SAFETY: nobody uses them any more.
        unsafe {
            arena.release(large);
            assert_eq!(tail.cast::<u8>().read(), 6);
            libc::munmap(tail, PAGE);
        }
        assert_eq!(arena.size(large), None);
    }
}
