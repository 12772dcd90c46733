//! `write` of a copy. It has three descriptors, and none of those that its event loops are woken by: libuv ends a process that
//! cannot write to one, and V8 wakes its loop when a collection has left something to be done there.

use std::ffi::c_void;

use super::slots::Replacement;

unsafe extern "C" fn write(to: libc::c_int, bytes: *const c_void, count: usize) -> libc::ssize_t {
    if to > libc::STDERR_FILENO {
        // Nobody hears of it.
        return count as libc::ssize_t;
    }
    // SAFETY: the caller's promise.
    unsafe { libc::syscall(libc::SYS_write, to, bytes, count) as libc::ssize_t }
}

pub(super) fn replacements() -> [Replacement; 1] {
    [(c"write", write as *const () as usize)]
}
