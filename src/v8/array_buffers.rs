//! `process.memoryUsage().arrayBuffers` without asking JavaScript.
//!
//! Node's allocator of ArrayBuffers counts its bytes in a member that no API shows but `process.memoryUsage()`,
//! which cannot be called while the event loop is blocked. Its place is found by watching it change and is
//! trusted only if the change is exact; otherwise the figure comes from the loop.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::isolate::Isolate;

/// Words of the object that are looked at, as far as it reaches: from Node 24 on it has fewer than these. The
/// first one is the vtable pointer.
const WORDS: std::ops::Range<usize> = 1..5;

/// Word index in Node's allocator; 0 = not found (word 0 is the vtable). One Node binary, one layout.
static PLACE: AtomicUsize = AtomicUsize::new(0);

/// The candidate words at one moment; `None` beyond the object's end.
#[derive(Debug, Clone, Copy)]
pub struct Words([Option<u64>; WORDS.end]);

fn allocator(isolate: &Isolate) -> *const u64 {
    // SAFETY: a getter, on the isolate's thread; null when the embedder set none.
    unsafe { (isolate.symbols.array_buffer_allocator)(isolate.as_raw()) as *const u64 }
}

/// Reads the candidate words, for [`locate`]. On the isolate's thread.
pub fn words(isolate: &Isolate) -> Option<Words> {
    let object = allocator(isolate);
    if object.is_null() {
        return None;
    }
    // SAFETY: asks malloc for the size of the block; Node allocates this object with `new`. Only read.
    let size = unsafe { libc_usable_size(object) };
    let mut words = [None; WORDS.end];
    for index in WORDS.filter(|index| (index + 1) * size_of::<u64>() <= size) {
        // SAFETY: inside the block, aligned; volatile because other threads may change it.
        words[index] = Some(unsafe { object.add(index).read_volatile() });
    }
    Some(Words(words))
}

#[cfg(target_os = "linux")]
unsafe fn libc_usable_size(object: *const u64) -> usize {
    // SAFETY: the caller passes a block of the C allocator.
    unsafe { libc::malloc_usable_size(object as *mut c_void) }
}

#[cfg(not(target_os = "linux"))]
unsafe fn libc_usable_size(_: *const u64) -> usize {
    let _: *const c_void = std::ptr::null();
    0
}

/// Finds the word that was `before.1` at `before.0` and `after.1` at `after.0`. `false` if none did, or if
/// nothing changed, which proves nothing.
pub fn locate(before: (&Words, u64), after: (&Words, u64)) -> bool {
    let matches = |index: &usize| before.0.0[*index] == Some(before.1) && after.0.0[*index] == Some(after.1);
    match WORDS.filter(matches).collect::<Vec<_>>()[..] {
        [index] if before.1 != after.1 => {
            PLACE.store(index, Ordering::Release);
            true
        }
        _ => false,
    }
}

/// Bytes of all ArrayBuffers of this isolate, as `process.memoryUsage().arrayBuffers`; `None` until
/// [`locate`] has succeeded. On the isolate's thread.
pub fn bytes(isolate: &Isolate) -> Option<u64> {
    let index = PLACE.load(Ordering::Acquire);
    let object = allocator(isolate);
    if index == 0 || object.is_null() {
        return None;
    }
    // SAFETY: the same class of object as the one `locate` measured: one Node binary has one.
    Some(unsafe { object.add(index).read_volatile() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_exact_unique_change_is_trusted() {
        let words = |all: [u64; 5]| Words(all.map(Some));
        let before = words([0, 1, 500, 500, 9]);
        assert!(!locate((&before, 500), (&words([0, 1, 600, 600, 9]), 600)), "two places fit");
        assert!(!locate((&before, 500), (&words([0, 1, 500, 500, 9]), 500)), "nothing changed");
        assert!(!locate((&before, 500), (&words([0, 1, 601, 500, 9]), 600)), "none fits");
        assert!(!locate((&Words([None; 5]), 0), (&Words([None; 5]), 600)), "there is no such word");
        assert!(locate((&before, 500), (&words([0, 1, 600, 500, 9]), 600)));
    }
}
