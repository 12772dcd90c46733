//! What a copy has for an event loop that goes on in it until a stack guard comes: libuv ends a process whose loop cannot read
//! what has woken it, or cannot watch a descriptor.

use std::ffi::{c_int, c_void};

use super::slots::Replacement;

unsafe extern "C" fn read(from: c_int, into: *mut c_void, count: usize) -> libc::ssize_t {
    if from > libc::STDERR_FILENO {
        // There is nothing, and it is not said that there never will be.
        // SAFETY: this thread's own.
        unsafe { *libc::__errno_location() = libc::EAGAIN };
        return -1;
    }
    // SAFETY: the caller's promise.
    unsafe { libc::syscall(libc::SYS_read, from, into, count) as libc::ssize_t }
}

unsafe extern "C" fn epoll_ctl(_: c_int, _: c_int, _: c_int, _: *mut c_void) -> c_int {
    0
}

pub(super) fn replacements() -> [Replacement; 2] {
    [(c"read", read as *const () as usize), (c"epoll_ctl", epoll_ctl as *const () as usize)]
}
