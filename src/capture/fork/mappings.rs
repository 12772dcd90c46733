//! What is mapped in this process, and the flags with which a fork copies it or does not.
//!
//! Node marks V8's mappings `MADV_DONTFORK`. Our fork needs them: the JavaScript thread reads `/proc/self/maps` and has
//! all private anonymous memory copied, whatever it is, as V8 may have made a mapping a moment ago, and marks it a
//! moment after it has made it. Who puts the mark back is [`super::dontfork`].

use std::io::{self, Read};

/// Addresses, end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// First address.
    pub start: usize,
    /// The address behind the last.
    pub end: usize,
}

/// One mapping of private anonymous memory, as `/proc/self/smaps` shows it: all of it at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Where.
    pub range: Range,
    /// No fork copies it: `dc`.
    pub not_copied: bool,
    /// Said to be read at random: `rr`.
    pub random: bool,
}

fn read(path: &str, room: usize) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    // Growing piece by piece in between would be another's mapping in the very list.
    text.try_reserve_exact(room)?;
    std::fs::File::open(path)?.read_to_end(&mut text)?;
    Ok(text)
}

fn hex(text: &[u8]) -> Option<(usize, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let value = usize::from_str_radix(std::str::from_utf8(&text[..digits]).ok()?, 16).ok()?;
    Some((value, &text[digits..]))
}

/// `7f00-7f10 rw-p 00000000 00:00 0   name` → range, and whether it is private anonymous memory: no inode, and no
/// name but one that its maker has given it (not the stack, not `[heap]`).
pub(super) fn mapping(line: &[u8]) -> Option<(Range, bool)> {
    let (start, rest) = hex(line)?;
    let (end, rest) = hex(rest.strip_prefix(b"-")?)?;
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let permissions = words.next().filter(|word| word.len() == 4)?;
    let (_offset, _device, inode) = (words.next()?, words.next()?, words.next()?);
    let anonymous = inode == b"0" && words.next().is_none_or(|name| name.starts_with(b"[anon:"));
    Some((Range { start, end }, anonymous && permissions[3] == b'p'))
}

fn parse_smaps(text: &[u8]) -> Vec<Mapping> {
    let mut mappings = Vec::new();
    let mut last = None;
    for line in text.split(|byte| *byte == b'\n') {
        if let Some(flags) = line.strip_prefix(b"VmFlags:") {
            let has = |wanted: &[u8]| flags.split(|byte| *byte == b' ').any(|flag| flag == wanted);
            if let Some((range, true)) = last {
                mappings.push(Mapping { range, not_copied: has(b"dc"), random: has(b"rr") });
            }
        } else if let Some(found) = mapping(line) {
            last = Some(found);
        }
    }
    mappings
}

/// All private anonymous memory with its flags. Many ms, as the kernel walks the page tables.
pub fn flags() -> io::Result<Vec<Mapping>> {
    Ok(parse_smaps(&read("/proc/self/smaps", 1 << 20)?))
}

/// Appends; neighbours become one, which saves system calls.
pub fn push(ranges: &mut Vec<Range>, range: Range) {
    match ranges.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        _ => ranges.push(range),
    }
}

/// What both lists hold. Both ascending.
pub fn common(one: &[Range], other: &[Range]) -> Vec<Range> {
    let mut both = Vec::new();
    for range in one {
        let first = other.partition_point(|candidate| candidate.end <= range.start);
        for candidate in other[first..].iter().take_while(|candidate| candidate.start < range.end) {
            push(
                &mut both,
                Range { start: candidate.start.max(range.start), end: candidate.end.min(range.end) },
            );
        }
    }
    both
}

fn parse_maps(text: &[u8]) -> Vec<Range> {
    let mut ranges = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        if let Some((range, true)) = mapping(line) {
            push(&mut ranges, range);
        }
    }
    ranges
}

/// The next fork copies all private anonymous memory that there is now. Some hundred µs.
///
/// # Errors
/// `/proc/self/maps` cannot be read.
pub fn open() -> io::Result<()> {
    // Some of it may be nothing to do with V8, and refuse.
    let _ = advise(&parse_maps(&read("/proc/self/maps", 256 << 10)?), libc::MADV_DOFORK);
    Ok(())
}

/// Gives the kernel one advice about all of them; goes on after the first failure, which it returns.
pub fn advise(ranges: &[Range], advice: libc::c_int) -> io::Result<()> {
    let mut first = Ok(());
    for range in ranges {
        // SAFETY: the advices used here (DOFORK, DONTFORK, RANDOM, NORMAL) change one flag of a mapping and never its
        // contents; an address that is not mapped any more is an error, not a fault.
        let result =
            unsafe { libc::madvise(range.start as *mut libc::c_void, range.end - range.start, advice) };
        // ENOMEM: a hole, because the mapping went meanwhile; the rest of the range was done.
        if result != 0 && first.is_ok() {
            let error = io::Error::last_os_error();
            if error.raw_os_error() != Some(libc::ENOMEM) {
                first = Err(error);
            }
        }
    }
    first
}

/// Whether this kernel takes the advice at all.
pub fn supported() -> io::Result<()> {
    let size = 4096;
    // SAFETY: a new anonymous page of our own.
    let page = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            size,
            libc::PROT_NONE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if page == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let range = [Range { start: page as usize, end: page as usize + size }];
    let result = advise(&range, libc::MADV_DONTFORK).and_then(|()| advise(&range, libc::MADV_DOFORK));
    // SAFETY: the page made above, used nowhere else.
    unsafe { libc::munmap(page, size) };
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_those_of_private_anonymous_memory() {
        let mappings = parse_smaps(
            b"\
1000-2000 rw-p 00000000 00:00 0 \nSize: 4 kB\nVmFlags: rd wr mr mw me ac dc \n\
2000-3000 ---p 00000000 00:00 0 \nVmFlags: mr mw me dc rr sd \n\
3000-4000 ---p 00000000 00:00 0                          [anon:theirs]\nVmFlags: mr mw me \n\
5000-6000 rw-p 00000000 00:00 0                          [heap]\nVmFlags: rd wr mr mw me ac \n\
7000-9000 r-xp 00000000 fe:01 12   /usr/bin/node\nVmFlags: rd ex mr mw me dc \n",
        );
        let mapping = |start, not_copied, random| Mapping {
            range: Range { start, end: start + 0x1000 },
            not_copied,
            random,
        };
        assert_eq!(
            mappings,
            [mapping(0x1000, true, false), mapping(0x2000, true, true), mapping(0x3000, false, false)]
        );
    }

    #[test]
    fn all_private_anonymous_memory_is_copied() {
        let maps = b"\
1000-1800 rw-p 00000000 00:00 0 \n1800-4000 ---p 00000000 00:00 0 \n\
5000-6000 rw-p 00000000 00:00 0                          [heap]\n\
6000-8000 rw-p 00000000 00:00 0   [anon:theirs]\n9000-a000 rw-s 00000000 00:01 44 /dev/zero (deleted)\n";
        assert_eq!(
            parse_maps(maps),
            [Range { start: 0x1000, end: 0x4000 }, Range { start: 0x6000, end: 0x8000 }]
        );
    }

    #[test]
    fn what_two_lists_have_in_common() {
        let ranges = |pairs: &[(usize, usize)]| -> Vec<Range> {
            pairs.iter().map(|(start, end)| Range { start: *start, end: *end }).collect()
        };
        let (one, other) = (ranges(&[(0, 4), (6, 9)]), ranges(&[(1, 2), (3, 7), (8, 12)]));
        assert_eq!(common(&one, &other), ranges(&[(1, 2), (3, 4), (6, 7), (8, 9)]));
        assert_eq!(common(&one, &[]), []);
    }

    #[test]
    fn our_own_address_space_can_be_read() {
        assert!(flags().unwrap().len() > 1);
        supported().unwrap();
        open().unwrap();
    }
}
