//! What a forked child asks the kernel, also in the handlers of its signals: no allocation, no lock.

use std::ffi::CStr;

/// Milliseconds of the kernel's clock `clock`.
fn clock_ms(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` lives for the call, which is async-signal-safe.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}

/// Milliseconds of the monotonic clock.
pub fn now_ms() -> u64 {
    clock_ms(libc::CLOCK_MONOTONIC)
}

/// Milliseconds for which this process has run.
pub fn cpu_ms() -> u64 {
    clock_ms(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// Writes `text` to the file at `path` in one call; whether all of it was taken.
pub fn write_file(path: &CStr, text: &[u8]) -> bool {
    // SAFETY: a NUL-terminated path.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC) };
    if fd < 0 {
        return false;
    }
    // SAFETY: `text` lives for the call.
    let written = unsafe { libc::write(fd, text.as_ptr().cast(), text.len()) };
    // SAFETY: the descriptor opened above.
    unsafe { libc::close(fd) };
    written == text.len() as isize
}

/// Has the disk begin to take what was written to `file`, and does not wait for it. Bytes that were.
pub fn start_write_back(file: std::os::fd::RawFd) -> u64 {
    // SAFETY: no memory is touched. A file system that cannot does it in its own time.
    let written = unsafe {
        libc::sync_file_range(file, 0, 0, libc::SYNC_FILE_RANGE_WRITE);
        libc::lseek(file, 0, libc::SEEK_CUR)
    };
    written.max(0) as u64
}

/// Waits until it has the first `bytes` of those that it was to take. The system's number if it could not take them.
pub fn wait_for_disk(file: std::os::fd::RawFd, bytes: u64) -> Option<i32> {
    // To the kernel no bytes are all of them.
    if bytes == 0 {
        return None;
    }
    // SAFETY: as above; the errno is this thread's.
    let failed = unsafe {
        match libc::sync_file_range(file, 0, bytes as i64, libc::SYNC_FILE_RANGE_WAIT_BEFORE) {
            0 => None,
            _ => Some(*libc::__errno_location()),
        }
    };
    failed.filter(|errno| lost(*errno))
}

/// Whether this is said of bytes that the disk has not taken. What is no file of a disk's cannot be waited for.
pub fn lost(errno: i32) -> bool {
    ![libc::ESPIPE, libc::EINVAL, libc::ENOSYS, libc::EPERM, libc::EINTR].contains(&errno)
}

/// The state letter of `/proc/PID/stat` or `/proc/self/task/N/stat`, behind the name in parentheses.
pub fn state(stat: &[u8]) -> Option<u8> {
    let close = stat.iter().rposition(|byte| *byte == b')')?;
    stat.get(close + 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_behind_the_last_parenthesis() {
        assert_eq!(state(b"12 (a) b) S 1 2"), Some(b'S'));
        assert_eq!(state(b"garbage"), None);
    }
}
