//! The process's descriptors that matter to its copy.

use std::os::fd::{BorrowedFd, RawFd};

use super::child::last_message::LastMessage;

/// eventfds at this moment: what libuv writes to from any thread, and aborts if it cannot. In the child they become `/dev/null`: V8 posts tasks there, which libuv announces
/// by a write, and a closed descriptor would end the child.
pub fn eventfds() -> Vec<RawFd> {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| {
            std::fs::read_link(entry.path()).is_ok_and(|to| to.as_os_str() == "anon_inode:[eventfd]")
        })
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// A way for a child to say on stderr that it failed, when there is nobody else left to say it.
pub fn last_message(file: String) -> Option<Box<LastMessage>> {
    // SAFETY: used for this call only; a closed one is an error.
    let stderr = unsafe { BorrowedFd::borrow_raw(libc::STDERR_FILENO) };
    LastMessage::prepare(stderr, file).map(Box::new)
}

/// More than a capture opens at a time.
const PLENTY: usize = 16;

/// Whether this process, or the machine, has hardly a descriptor left to give.
pub fn scarce() -> bool {
    let free = (0..PLENTY).map_while(|_| std::fs::File::open("/dev/null").ok()).collect::<Vec<_>>();
    free.len() < PLENTY
}
