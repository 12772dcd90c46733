//! What a thread of this process is doing, seen from another.

use crate::capture::fork::system::state;

/// What it is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It runs, or wants to.
    Runs,
    /// It waits in the kernel, for something that is not there in a copy.
    WaitsForOthers,
    /// It waits in the kernel.
    Waits,
    /// It has ended.
    Gone,
}

/// Calls that wait for what is behind a descriptor, or for another process. One that waits for a lock, or for memory, is in the
/// middle of something, and is not among them.
const FOR_OTHERS: [i64; 13] = [
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_connect,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
];

/// The same on x64 alone.
#[cfg(target_arch = "x86_64")]
const OF_OLD: [i64; 3] = [libc::SYS_epoll_wait, libc::SYS_poll, libc::SYS_select];
#[cfg(not(target_arch = "x86_64"))]
const OF_OLD: [i64; 0] = [];

/// Looks at `thread`.
pub fn doing(thread: i32) -> Doing {
    let place = format!("/proc/self/task/{thread}");
    let Ok(stat) = std::fs::read(format!("{place}/stat")) else { return Doing::Gone };
    let call = std::fs::read_to_string(format!("{place}/syscall"));
    seen(state(&stat), call.as_deref().unwrap_or_default())
}

fn seen(state: Option<u8>, call: &str) -> Doing {
    match state {
        Some(b'Z' | b'X') | None => return Doing::Gone,
        Some(b'R') => return Doing::Runs,
        Some(_) => {}
    }
    let number = call.split_ascii_whitespace().next().and_then(|number| number.parse().ok());
    match number {
        Some(number) if FOR_OTHERS.contains(&number) || OF_OLD.contains(&number) => Doing::WaitsForOthers,
        None if call.starts_with("running") => Doing::Runs,
        _ => Doing::Waits,
    }
}

/// Whether it holds `signal` back, or may, where that cannot be seen.
pub(super) fn blocks(thread: i32, signal: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap_or_default();
    mask(&status, "SigBlk:").is_none_or(|mask| has(mask, signal))
}

/// The signals in a line of `/proc/PID/status`, lowest first; `None`: there is no such line.
pub(super) fn mask(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

/// The signals of this process that are on their way to one of its threads, and those that a thread holds back, `held`
/// of its own mask; `None`: that cannot be seen.
pub(super) fn signals(held: impl Fn(u64) -> u64) -> Option<(u64, u64)> {
    let (mut pending, mut blocked) = (0, 0);
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let status = match std::fs::read_to_string(task.ok()?.path().join("status")) {
            Ok(status) => status,
            // It has ended meanwhile.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => continue,
            Err(_) => return None,
        };
        pending |= mask(&status, "SigPnd:")? | mask(&status, "ShdPnd:")?;
        blocked |= held(mask(&status, "SigBlk:")?);
    }
    Some((pending, blocked))
}

/// Whether `signal` is in a mask.
pub(super) fn has(mask: u64, signal: i32) -> bool {
    mask >> (signal - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_tell_what_is_waited_for() {
        assert_eq!(seen(Some(b'R'), "running\n"), Doing::Runs);
        assert_eq!(seen(Some(b'S'), "232 0xd 0x7ffd 0x400\n"), Doing::WaitsForOthers);
        assert_eq!(seen(Some(b'S'), "202 0x31 0x189 0x0\n"), Doing::Waits);
        assert_eq!(seen(Some(b'D'), ""), Doing::Waits);
        assert_eq!(seen(None, ""), Doing::Gone);
        // SAFETY: no arguments, no failure.
        assert_eq!(doing(unsafe { libc::gettid() }), Doing::Runs);
        assert_eq!(doing(i32::MAX), Doing::Gone);
    }

    #[test]
    fn masks_are_read() {
        let status = "Name:\tx\nSigPnd:\t0000000000000000\nSigBlk:\t8000000000000001\n";
        assert_eq!(mask(status, "SigBlk:"), Some(1 << 63 | 1));
        assert_eq!((mask(status, "SigPnd:"), mask(status, "ShdPnd:")), (Some(0), None));
        assert!(has(1 << 63 | 1, 64) && has(1 << 63 | 1, 1) && !has(1 << 63 | 1, 2));
        assert!(blocks(i32::MAX, 64), "of whom nothing can be seen");
        assert!(signals(|blocked| blocked).is_some());
    }
}
