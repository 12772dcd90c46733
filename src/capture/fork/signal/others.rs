//! Whether all other threads sleep: one that is in the middle of something does not exist in the copy, which may wait for it.
//! Allocates nothing and takes no lock.

use std::time::Duration;

use crate::capture::fork::system::{now_ms, state};

/// How long it is waited for.
const MOST_MS: u64 = 40;
const LOOK_AGAIN: Duration = Duration::from_micros(200);

/// Waits until all threads but the `known` sleep, for a while: some never do.
pub(super) fn wait(known: [i32; 2]) {
    let until = now_ms() + MOST_MS;
    while !asleep(known) && now_ms() < until {
        pause(LOOK_AGAIN);
    }
}

/// Sleeps, or a little less.
pub(super) fn pause(time: Duration) {
    let time = libc::timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() };
    // SAFETY: the value lives for the call.
    unsafe { libc::nanosleep(&time, std::ptr::null_mut()) };
}

/// Of `struct linux_dirent64`: bytes in front of the name, and where its length stands.
const NAME: usize = 19;
const LENGTH: usize = 16;

/// A path below /proc/self/task that ends in NUL.
fn path(name: &[u8]) -> Option<[u8; 64]> {
    let mut path = [0; 64];
    let mut at = 0;
    for part in [b"/proc/self/task/".as_slice(), name, b"/stat\0"] {
        path.get_mut(at..at + part.len())?.copy_from_slice(part);
        at += part.len();
    }
    Some(path)
}

fn sleeps(name: &[u8]) -> bool {
    let Some(path) = path(name) else { return true };
    // SAFETY: a path that ends in NUL.
    let fd = unsafe { libc::open(path.as_ptr().cast(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if fd < 0 {
        // It has ended.
        return true;
    }
    let mut text = [0_u8; 512];
    // SAFETY: the kernel writes within the array.
    let got = unsafe { libc::read(fd, text.as_mut_ptr().cast(), text.len()) };
    // SAFETY: the descriptor opened above.
    unsafe { libc::close(fd) };
    let text = usize::try_from(got).ok().and_then(|got| text.get(..got)).unwrap_or(&[]);
    state(text).is_none_or(|state| state == b'S')
}

fn number(name: &[u8]) -> Option<i32> {
    name.iter().try_fold(0_i32, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| i32::from(*byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

fn asleep(known: [i32; 2]) -> bool {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
    // SAFETY: a path that ends in NUL.
    let fd = unsafe { libc::open(c"/proc/self/task".as_ptr(), flags) };
    if fd < 0 {
        return true;
    }
    let mut entries = [0_u8; 4096];
    let mut all = true;
    while all {
        // SAFETY: the kernel writes within the array.
        let got = unsafe { libc::syscall(libc::SYS_getdents64, fd, entries.as_mut_ptr(), entries.len()) };
        let Some(mut rest) =
            usize::try_from(got).ok().filter(|got| *got > 0).and_then(|got| entries.get(..got))
        else {
            break;
        };
        while let (Some(low), Some(high)) = (rest.get(LENGTH), rest.get(LENGTH + 1)) {
            let length = usize::from(u16::from_le_bytes([*low, *high]));
            let name = rest.get(NAME..length).unwrap_or(&[]);
            let name = name.split(|byte| *byte == 0).next().unwrap_or(&[]);
            if number(name).is_some_and(|task| !known.contains(&task)) && !name.is_empty() {
                all &= sleeps(name);
            }
            rest = rest.get(length.max(1)..).unwrap_or(&[]);
        }
    }
    // SAFETY: the descriptor opened above.
    unsafe { libc::close(fd) };
    all
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_thread_that_runs_is_seen() {
        // SAFETY: no arguments, no failure.
        let me = unsafe { libc::gettid() };
        let (run, seen) = (AtomicBool::new(true), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while run.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
            for _ in 0..2000 {
                seen.store(!asleep([me, me]), Ordering::Relaxed);
                if seen.load(Ordering::Relaxed) {
                    break;
                }
            }
            run.store(false, Ordering::Relaxed);
        });
        assert!(seen.into_inner());
        assert_eq!((number(b"120"), number(b".."), number(b"99999999999")), (Some(120), None, None));
    }
}
