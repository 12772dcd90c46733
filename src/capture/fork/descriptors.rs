//! The process's wake-up descriptors: what libuv writes to from any thread, and aborts if it cannot.

use std::os::fd::RawFd;

/// eventfds at this moment. In the child they become `/dev/null`: V8 posts tasks there, which libuv announces
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
