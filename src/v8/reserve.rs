//! What `heap_size_limit` has beside the limit that ends the process.
//!
//! V8 compares the old generation with a limit of its own, and tells the sum of that and of what the young generation
//! may grow to: 48 MiB more on V8 11 and 12, 192 on 13, 96 on 14, other figures with `--max-semi-space-size` or a
//! worker's `resourceLimits`. A heap with an old space of 64 MiB dies at a quarter of such a sum. No function tells the
//! parts, but removing a callback near the heap limit lowers the old generation's limit to a figure of ours, if that is
//! lower. So figures are offered from the top down; the first that the sum follows is one byte below the limit.

use std::ffi::c_void;

use super::isolate::Isolate;

/// The young generation grows by V8's pages: its reserve is a multiple.
const STEP: usize = 256 << 10;
/// A reserve beyond this is not looked for: semi-spaces of 256 MiB.
const MOST: usize = 768 << 20;

/// Never asked: it is removed before anything is allocated.
unsafe extern "C" fn unchanged(_: *mut c_void, current: usize, _: usize) -> usize {
    current
}

impl Isolate {
    /// Bytes of `heap_size_limit` that are the young generation's; `None` if that is not found. V8's limit is one byte
    /// lower afterwards. On the isolate's thread, outside collections; a millisecond or so.
    pub fn young_reserve(&self) -> Option<u64> {
        let before = self.heap_figures();
        let sum = usize::try_from(before.heap_limit).ok()?;
        // V8 sets no limit below what is used and a quarter: from there on nothing can be learned.
        let least = usize::try_from(before.heap_used).ok()?.checked_mul(5)? / 4;
        for reserve in (STEP..=MOST).step_by(STEP) {
            let limit = sum.checked_sub(reserve + 1).filter(|limit| *limit > least)?;
            // SAFETY: this function is added nowhere else, and removed at once; nothing is allocated in between.
            unsafe { self.add_limit_callback(unchanged, 0) };
            // SAFETY: it was added just now.
            unsafe { self.remove_limit_callback(unchanged, limit) };
            let after = self.heap_figures().heap_limit;
            if after < before.heap_limit {
                return after.checked_sub(limit as u64);
            }
        }
        None
    }
}
