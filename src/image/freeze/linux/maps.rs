//! `/proc/self/maps`, line by line out of a buffer that never grows: a service has thousands of mappings.

use std::ffi::c_int;

use super::super::outcome::{Fault, Step};
use super::sys;

/// One line of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mapping<'a> {
    pub low: u64,
    pub high: u64,
    /// `PROT_` bits.
    pub protection: u32,
    pub private: bool,
    pub offset: u64,
    /// Major and minor number in one.
    pub device: u64,
    /// 0: no file.
    pub inode: u64,
    pub path: &'a [u8],
}

impl Mapping<'_> {
    /// It may be read and written.
    pub fn is_writable(&self) -> bool {
        const ACCESS: u32 = (libc::PROT_READ | libc::PROT_WRITE) as u32;
        self.protection & ACCESS == ACCESS
    }
}

/// Bytes of the list that are read at once; the longest line fits several times.
pub(super) const ROOM: usize = 64 << 10;

/// `5581c000-5581d000 r-xp 00001000 fd:01 1234       /usr/bin/node`.
pub(super) fn parse(line: &[u8]) -> Option<Mapping<'_>> {
    let (low, line) = hex(line, b'-')?;
    let (high, line) = hex(line, b' ')?;
    let (flags, line) = line.split_at_checked(5)?;
    let (offset, line) = hex(line, b' ')?;
    let (major, line) = hex(line, b':')?;
    let (minor, line) = hex(line, b' ')?;
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (inode, line) = line.split_at_checked(end)?;
    let inode = inode.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(*byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })?;
    let begin = line.iter().position(|byte| *byte != b' ').unwrap_or(line.len());
    let bit = |at: usize, letter: u8, bit: u32| if flags.get(at) == Some(&letter) { bit } else { 0 };
    Some(Mapping {
        low,
        high,
        protection: bit(0, b'r', 1) | bit(1, b'w', 2) | bit(2, b'x', 4),
        private: flags.get(3) == Some(&b'p'),
        offset,
        device: major << 32 | minor,
        inode,
        path: line.get(begin..)?,
    })
}

/// A number and what stands behind the `end` that follows it.
fn hex(text: &[u8], end: u8) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (at, byte) in text.iter().enumerate() {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            other if *other == end && at > 0 => return Some((value, text.get(at + 1..)?)),
            _ => return None,
        };
        value = value.checked_mul(16)? | u64::from(digit);
    }
    None
}

/// The list, a line and the one behind it at a time.
pub(super) struct Maps<'a> {
    fd: c_int,
    buffer: &'a mut [u8],
    // The line, with its end.
    line: (usize, usize),
    filled: usize,
    ended: bool,
}

impl<'a> Maps<'a> {
    pub fn open(buffer: &'a mut [u8]) -> Result<Self, Fault> {
        let fd = sys::open(c"/proc/self/maps").map_err(|errno| Fault::new(Step::Maps, errno))?;
        Ok(Self::of(fd, buffer))
    }

    pub(super) fn of(fd: c_int, buffer: &'a mut [u8]) -> Self {
        Self { fd, buffer, line: (0, 0), filled: 0, ended: false }
    }

    /// Goes on to the next line; false behind the last one.
    pub fn advance(&mut self) -> Result<bool, Fault> {
        let begin = self.line.1;
        self.buffer.copy_within(begin..self.filled, 0);
        self.filled -= begin;
        self.line = (0, 0);
        loop {
            let mut ends = memchr::memchr_iter(b'\n', self.buffer.get(..self.filled).unwrap_or(&[]));
            if let Some(end) = ends.next()
                && (self.ended || ends.next().is_some())
            {
                self.line = (0, end + 1);
                return Ok(true);
            }
            if self.ended {
                // The kernel ends each line.
                return if self.filled == 0 { Ok(false) } else { Err(Fault::new(Step::Maps, libc::EINVAL)) };
            }
            let room = self.buffer.get_mut(self.filled..).unwrap_or(&mut []);
            if room.is_empty() {
                return Err(Fault::new(Step::Maps, libc::ENOBUFS));
            }
            match sys::read(self.fd, room).map_err(|errno| Fault::new(Step::Maps, errno))? {
                0 => self.ended = true,
                n => self.filled += n,
            }
        }
    }

    /// The line.
    pub fn here(&self) -> Result<Mapping<'_>, Fault> {
        let line = self.buffer.get(self.line.0..self.line.1.saturating_sub(1)).and_then(parse);
        line.ok_or(Fault::new(Step::Maps, libc::EINVAL))
    }

    /// The one behind it.
    pub fn next(&self) -> Option<Mapping<'_>> {
        let rest = self.buffer.get(self.line.1..self.filled)?;
        parse(rest.get(..memchr::memchr(b'\n', rest)?)?)
    }
}

impl Drop for Maps<'_> {
    fn drop(&mut self) {
        sys::close(self.fd);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::IntoRawFd;

    #[test]
    fn lines_of_all_kinds() {
        let node =
            parse(b"00e3a000-0292f000 r-xp 00a3a000 fe:01 4242                               /usr/bin/no de")
                .unwrap();
        assert_eq!(
            node,
            Mapping {
                low: 0xe3a000,
                high: 0x292f000,
                protection: 5,
                private: true,
                offset: 0xa3a000,
                device: 0xfe_0000_0001,
                inode: 4242,
                path: b"/usr/bin/no de",
            }
        );
        let none = parse(b"7f0000000000-7f0000001000 ---s 00000000 00:00 0 ").unwrap();
        assert_eq!((none.protection, none.private, none.inode, none.path), (0, false, 0, &b""[..]));
        let system =
            parse(b"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]");
        assert_eq!(system.unwrap().path, b"[vsyscall]");
        for bad in [
            "",
            "-",
            "1-2",
            "1-2 rw",
            "1-2 rw-p 0 0:0 x",
            "g-2 rw-p 0 0:0 0",
            "11112222333344445-2 rw-p 0 0:0 0",
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_list_longer_than_the_buffer() {
        let lines: Vec<String> = (1..3000_u64)
            .map(|n| {
                format!(
                    "{:x}-{:x} rw-p 00000000 00:00 {n} /x{}\n",
                    n << 12,
                    (n + 1) << 12,
                    "y".repeat(n as usize % 90)
                )
            })
            .collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(lines.concat().as_bytes()).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        let mut buffer = [0; 300];
        let mut maps = Maps::of(file.into_raw_fd(), &mut buffer);
        let mut count = 0;
        while maps.advance().unwrap() {
            count += 1;
            assert_eq!(maps.here().unwrap().inode, count);
            assert_eq!(maps.next().map(|next| next.inode), (count < 2999).then_some(count + 1));
        }
        assert_eq!(count, 2999);
    }

    #[test]
    fn a_line_that_does_not_fit_is_no_end() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(format!("1000-2000 rw-p 0 0:0 1 /{}\n", "x".repeat(500)).as_bytes()).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        let mut buffer = [0; 300];
        let mut maps = Maps::of(file.into_raw_fd(), &mut buffer);
        assert_eq!(maps.advance(), Err(Fault::new(Step::Maps, libc::ENOBUFS)));
    }

    #[test]
    fn reads_our_own() {
        let mut buffer = vec![0; 64 << 10];
        let mut maps = Maps::open(&mut buffer).unwrap();
        let (mut count, mut last) = (0, 0);
        while maps.advance().unwrap() {
            let here = maps.here().unwrap();
            assert!(here.low >= last && here.low < here.high);
            last = here.high;
            count += 1;
        }
        assert!(count > 10);
    }
}
