//! `/proc/self/maps`, line by line out of a buffer that is given. Allocates nothing and takes no lock.

use std::ffi::c_int;

use crate::capture::fork::mappings::{Range, mapping};

/// Bytes that fit several of the longest lines.
pub(super) const ROOM: usize = 64 << 10;

/// What one line tells.
pub(super) struct Line {
    pub range: Range,
    /// `PROT_` bits.
    pub protection: c_int,
    /// Private memory without a file: what may have been marked so that no fork copies it.
    pub anonymous: bool,
}

fn parse(line: &[u8]) -> Option<Line> {
    let (range, anonymous) = mapping(line)?;
    let mut flags = line.split(|byte| *byte == b' ').nth(1)?.iter();
    let mut bit = |letter, bit| if flags.next() == Some(&letter) { bit } else { 0 };
    let protection = bit(b'r', libc::PROT_READ) | bit(b'w', libc::PROT_WRITE) | bit(b'x', libc::PROT_EXEC);
    Some(Line { range, protection, anonymous })
}

/// Shows all mappings to `see`, ascending; whether that were all.
pub(super) fn each(buffer: &mut [u8], mut see: impl FnMut(&Line)) -> bool {
    // SAFETY: a path that ends in NUL.
    let fd = unsafe { libc::open(c"/proc/self/maps".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if fd < 0 {
        return false;
    }
    let whole = lines(fd, buffer, |line| {
        if let Some(line) = parse(line) {
            see(&line);
        }
    });
    // SAFETY: the descriptor opened above.
    unsafe { libc::close(fd) };
    whole
}

fn lines(fd: c_int, buffer: &mut [u8], mut see: impl FnMut(&[u8])) -> bool {
    let mut filled = 0;
    loop {
        let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) else { return false };
        // SAFETY: the kernel writes within the slice.
        let got = unsafe { libc::read(fd, room.as_mut_ptr().cast(), room.len()) };
        let Ok(got) = usize::try_from(got) else {
            // SAFETY: this thread's own.
            if unsafe { *libc::__errno_location() } == libc::EINTR {
                continue;
            }
            return false;
        };
        filled += got;
        let mut begin = 0;
        let text = buffer.get(..filled).unwrap_or(&[]);
        while let Some(end) = text.get(begin..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
            see(text.get(begin..begin + end).unwrap_or(&[]));
            begin += end + 1;
        }
        if got == 0 {
            return begin == filled;
        }
        buffer.copy_within(begin..filled, 0);
        filled -= begin;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_buffer_shows_what_a_large_one_does() {
        // Other tests map and unmap meanwhile.
        if !crate::probe::tests::alone(
            "capture::fork::signal::maps::tests::a_small_buffer_shows_what_a_large_one_does",
        ) {
            return;
        }
        let show = |room: usize| {
            let (mut buffer, mut seen, mut last) = (vec![0; room], 0, 0);
            assert!(each(&mut buffer, |line| {
                assert!(line.range.start >= last);
                last = line.range.end;
                seen += 1;
            }));
            seen
        };
        let (large, small) = (show(ROOM), show(600));
        assert!(small >= large && small <= large + 8, "{small} and {large}");
        assert!(!each(&mut [0; 10], |_| ()), "a line that does not fit is no end");
    }

    #[test]
    fn protections_are_as_the_kernel_tells_them() {
        let line = parse(b"7f00-8f00 r-xp 00000000 00:00 0 ").unwrap();
        assert_eq!((line.protection, line.anonymous), (libc::PROT_READ | libc::PROT_EXEC, true));
        let line = parse(b"7f00-8f00 -w-p 00000000 fe:01 77    /x").unwrap();
        assert_eq!((line.protection, line.anonymous), (libc::PROT_WRITE, false));
    }
}
