//! V8's spaces: what it says about each of them.

use std::ffi::{CStr, c_char, c_void};

use super::handle::in_gc;
use super::isolate::Isolate;

/// V8 writes 5 words; a later one may write more.
const WORDS: usize = 32;
/// Where arrays of more than 128 KiB are, and strings of that size.
const LARGE: [&[u8]; 2] = [b"large_object_space", b"new_large_object_space"];

impl Isolate {
    /// Bytes of objects that have a page of their own, as each of more than 128 KiB has, code apart; those that are
    /// garbage by now included. On the isolate's thread. Counters only: no collection, also allowed inside one.
    pub fn large_objects(&self) -> u64 {
        // SAFETY: the isolate lives, as this is its thread.
        let count = unsafe { (self.symbols.space_count)(self.as_raw()) };
        (0..count).filter_map(|index| self.used_if_large(index)).sum()
    }

    /// Collects all garbage, as V8 does before a snapshot. On the isolate's thread; inside a collection it does nothing.
    pub fn collect_garbage(&self) {
        if !in_gc() && self.is_current() {
            // SAFETY: this is the isolate's thread, outside any collection.
            unsafe { (self.symbols.low_memory)(self.as_raw()) };
        }
    }

    fn used_if_large(&self, index: usize) -> Option<u64> {
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
        LARGE.contains(&name.to_bytes()).then_some(words[2])
    }
}
