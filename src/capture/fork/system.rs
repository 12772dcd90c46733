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

/// Has the disk begin to take what was written to `file`, and waits only for its first `done` bytes, which it was to take before.
/// How many there are now.
pub fn write_behind(file: std::os::fd::RawFd, done: i64) -> i64 {
    // SAFETY: no memory is touched. A file system that cannot does it in its own time.
    unsafe {
        libc::sync_file_range(file, 0, 0, libc::SYNC_FILE_RANGE_WRITE);
        if done > 0 {
            libc::sync_file_range(file, 0, done, libc::SYNC_FILE_RANGE_WAIT_BEFORE);
        }
        libc::lseek(file, 0, libc::SEEK_CUR)
    }
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
