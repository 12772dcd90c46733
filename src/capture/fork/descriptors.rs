//! The process's descriptors that matter to its copy.

use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

use rustix::fs::{FileType, fstat};
use rustix::process::{Resource, getrlimit};

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

/// A copy of stderr for a child to say on that it failed, when there is nobody else left to say it. Not of a pipe or a
/// terminal: who reads from it waits for the end of all that have it. But where files may have some size only
/// (`RLIMIT_FSIZE`) failing is likely enough, and a child writes for seconds at most.
pub fn last_words() -> Option<OwnedFd> {
    const FIRST: RawFd = libc::STDERR_FILENO + 1;
    // SAFETY: used for these two calls only; a closed one is an error.
    let stderr = unsafe { BorrowedFd::borrow_raw(libc::STDERR_FILENO) };
    let is_file = FileType::from_raw_mode(fstat(stderr).ok()?.st_mode) == FileType::RegularFile;
    let limited = getrlimit(Resource::Fsize).current.is_some();
    (is_file || limited).then(|| rustix::io::fcntl_dupfd_cloexec(stderr, FIRST).ok())?
}

/// More than a capture opens at a time.
const PLENTY: usize = 16;

/// Whether this process, or the machine, has hardly a descriptor left to give.
pub fn scarce() -> bool {
    let free = (0..PLENTY).map_while(|_| std::fs::File::open("/dev/null").ok()).collect::<Vec<_>>();
    free.len() < PLENTY
}
