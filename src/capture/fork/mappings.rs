//! V8's mappings, which Node marks `MADV_DONTFORK`: found beforehand, copied by our fork only.
//!
//! `/proc/self/smaps` is the one place that shows the flag (`dc`), and reading it costs many ms: the kernel walks
//! the page tables. So it is read on another thread, and the JavaScript thread reads only `/proc/self/maps`
//! to see what is mapped now. All of it is copied, whatever the scan said: V8 may have made a mapping since, also at
//! an address that was another's, and it marks it a moment after it has made it. A mapping the scan did not find
//! marked stays copied: it costs a later `child_process.spawn` the copy of its page tables, microseconds.

use std::io::{self, Read};

/// Addresses, end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// First address.
    pub start: usize,
    /// The address behind the last.
    pub end: usize,
}

/// What was marked `MADV_DONTFORK` at one moment, by ascending address.
#[derive(Debug, Default)]
pub struct Scan(Vec<Range>);

/// What the fork has to make copyable: all private anonymous memory.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    /// Marked when scanned and still there: marked again after the fork.
    pub known: Vec<Range>,
    /// The rest, of which nothing says whether it is marked.
    pub others: Vec<Range>,
}

fn read(path: &str, room: usize) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    // A process at a limit of its own (`ulimit -v`) may not have it.
    text.try_reserve_exact(room)?;
    std::fs::File::open(path)?.read_to_end(&mut text)?;
    Ok(text)
}

fn hex(text: &[u8]) -> Option<(usize, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let value = usize::from_str_radix(std::str::from_utf8(&text[..digits]).ok()?, 16).ok()?;
    Some((value, &text[digits..]))
}

/// `7f00-7f10 rw-p 00000000 00:00 0   name` → range, permissions, and whether it is anonymous (no inode, no
/// name: not the stack, not `[heap]`).
fn mapping(line: &[u8]) -> Option<(Range, &[u8], bool)> {
    let (start, rest) = hex(line)?;
    let (end, rest) = hex(rest.strip_prefix(b"-")?)?;
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let permissions = words.next().filter(|word| word.len() == 4)?;
    let (_offset, _device, inode) = (words.next()?, words.next()?, words.next()?);
    Some((Range { start, end }, permissions, inode == b"0" && words.next().is_none()))
}

fn parse_smaps(text: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut last = None;
    for line in text.split(|byte| *byte == b'\n') {
        if let Some(flags) = line.strip_prefix(b"VmFlags:") {
            let dont_copy = flags.split(|byte| *byte == b' ').any(|flag| flag == b"dc");
            if let (Some(range), true) = (last, dont_copy) {
                push(&mut scan.0, range);
            }
        } else if let Some((range, _, _)) = mapping(line) {
            last = Some(range);
        }
    }
    scan
}

/// Appends; neighbours become one, which saves system calls.
fn push(ranges: &mut Vec<Range>, range: Range) {
    match ranges.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        _ => ranges.push(range),
    }
}

/// Reads the flags of all mappings. Many ms: not on the JavaScript thread.
pub fn scan() -> io::Result<Scan> {
    Ok(parse_smaps(&read("/proc/self/smaps", 1 << 20)?))
}

/// Compares with what is mapped now. Some hundred µs.
pub fn plan(scan: &Scan) -> io::Result<Plan> {
    Ok(compare(scan, &read("/proc/self/maps", 256 << 10)?))
}

fn compare(scan: &Scan, maps: &[u8]) -> Plan {
    let mut now = Vec::new();
    for line in maps.split(|byte| *byte == b'\n') {
        if let Some((range, permissions, true)) = mapping(line)
            && permissions[3] == b'p'
        {
            push(&mut now, range);
        }
    }
    let mut plan = Plan::default();
    for range in now {
        let mut from = range.start;
        let first = scan.0.partition_point(|known| known.end <= range.start);
        for known in scan.0[first..].iter().take_while(|known| known.start < range.end) {
            let both = Range { start: known.start.max(range.start), end: known.end.min(range.end) };
            if from < both.start {
                push(&mut plan.others, Range { start: from, end: both.start });
            }
            from = both.end;
            push(&mut plan.known, both);
        }
        if from < range.end {
            push(&mut plan.others, Range { start: from, end: range.end });
        }
    }
    plan
}

fn advise(ranges: &[Range], advice: libc::c_int) -> io::Result<()> {
    let mut first = Ok(());
    for range in ranges {
        // SAFETY: DOFORK and DONTFORK change one flag of a mapping and never its contents; an address that is
        // not mapped any more is an error, not a fault.
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

impl Plan {
    /// The next fork copies these mappings.
    pub fn open(&self) -> io::Result<()> {
        advise(&self.known, libc::MADV_DOFORK)?;
        // Some of it may be nothing to do with V8, and refuse.
        let _ = advise(&self.others, libc::MADV_DOFORK);
        Ok(())
    }

    /// Later forks do not, as before.
    pub fn close(&self) {
        // A failure here costs a later fork some copying; there is nobody to tell who could do anything.
        let _ = advise(&self.known, libc::MADV_DONTFORK);
    }
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

    const SMAPS: &[u8] = b"\
1000-2000 rw-p 00000000 00:00 0 \nSize: 4 kB\nVmFlags: rd wr mr mw me ac dc \n\
2000-3000 ---p 00000000 00:00 0 \nVmFlags: mr mw me dc sd \n\
5000-6000 rw-p 00000000 00:00 0                          [heap]\nVmFlags: rd wr mr mw me ac \n\
7000-9000 r-xp 00000000 fe:01 12   /usr/bin/node\nVmFlags: rd ex mr mw me \n";

    #[test]
    fn neighbours_with_the_flag_are_one_range() {
        let scan = parse_smaps(SMAPS);
        assert_eq!(scan.0, [Range { start: 0x1000, end: 0x3000 }]);
    }

    #[test]
    fn what_went_is_left_out_and_all_that_is_there_is_in() {
        let scan = parse_smaps(SMAPS);
        // 6000 was not there at the scan, 7000 was another's.
        let maps = b"\
1000-1800 rw-p 00000000 00:00 0 \n2800-4000 rw-p 00000000 00:00 0 \n\
5000-6000 rw-p 00000000 00:00 0                          [heap]\n\
6000-8000 rw-p 00000000 00:00 0 \n9000-a000 rw-s 00000000 00:01 44 /dev/zero (deleted)\n";
        assert_eq!(
            compare(&scan, maps),
            Plan {
                known: vec![Range { start: 0x1000, end: 0x1800 }, Range { start: 0x2800, end: 0x3000 }],
                others: vec![Range { start: 0x3000, end: 0x4000 }, Range { start: 0x6000, end: 0x8000 }],
            }
        );
    }

    #[test]
    fn our_own_address_space_can_be_read() {
        let scan = scan().unwrap();
        let plan = plan(&scan).unwrap();
        assert_eq!(plan.known, []);
        assert!(plan.others.len() > 1);
        supported().unwrap();
    }
}
