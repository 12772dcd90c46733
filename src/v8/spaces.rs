//! V8's spaces: what it says about each of them.

use std::ffi::{CStr, c_char, c_void};

use super::callbacks::in_gc;
use super::isolate::Isolate;

/// V8 writes 5 words; a later one may write more.
const WORDS: usize = 32;
/// Where arrays of more than 128 KiB are, and strings of that size.
const LARGE: [&[u8]; 2] = [b"large_object_space", b"new_large_object_space"];

/// Sizes in bytes.
struct Space {
    name: &'static [u8],
    pages: u64,
    used: u64,
}

impl Isolate {
    /// Bytes of objects that have a page of their own, as each of more than 128 KiB has, code apart; those that are
    /// garbage by now included. On the isolate's thread. Counters only: no collection, also allowed inside one.
    pub fn large_objects(&self) -> u64 {
        self.spaces().filter(|space| LARGE.contains(&space.name)).map(|space| space.used).sum()
    }

    /// Bytes of pages that the heap has, the young generation's apart: what V8 compares with the heap limit, not what is
    /// used of them. As above.
    pub fn old_pages(&self) -> u64 {
        self.spaces().filter(|space| !space.name.starts_with(b"new_")).map(|space| space.pages).sum()
    }

    /// Collects all garbage, as V8 does before a snapshot. On the isolate's thread; inside a collection it does nothing.
    pub fn collect_garbage(&self) {
        if !in_gc() && self.is_current() {
            // SAFETY: this is the isolate's thread, outside any collection.
            unsafe { (self.symbols.low_memory)(self.as_raw()) };
        }
    }

    fn spaces(&self) -> impl Iterator<Item = Space> + '_ {
        // SAFETY: the isolate lives, as this is its thread.
        let count = unsafe { (self.symbols.space_count)(self.as_raw()) };
        (0..count).filter_map(|index| self.space(index))
    }

    fn space(&self, index: usize) -> Option<Space> {
        let mut words = [0_u64; WORDS];
        let raw = words.as_mut_ptr().cast::<c_void>();
        // SAFETY: `words` is aligned and larger than any known HeapSpaceStatistics; the constructor writes into it and
        // nowhere else.
        unsafe { (self.symbols.new_space_statistics)(raw) };
        // SAFETY: `raw` holds a constructed HeapSpaceStatistics; the isolate lives, as this is its thread.
        let known = unsafe { (self.symbols.space_statistics)(self.as_raw(), raw, index) };
        let name = words[0] as *const c_char;
        if !known || name.is_null() {
            return None;
        }
        // SAFETY: the first word is the name, in all verified majors: a text in the executable.
        let name = unsafe { CStr::from_ptr(name) };
        // The size, what is used of it, what is available, what is there.
        Some(Space { name: name.to_bytes(), pages: words[1], used: words[2] })
    }
}
