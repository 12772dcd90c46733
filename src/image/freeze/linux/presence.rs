//! Which pages of a mapping are there.

use std::ffi::c_int;

use super::super::outcome::Presence;
use super::base::{PAGE, Seams};
use super::sys;
use super::view::View;

/// Pages that are asked about at once: 16 MiB of addresses.
pub(super) const PAGES: usize = 4096;

/// Which pages are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// All.
    All,
    /// That are there, in memory or swapped out.
    Present,
    /// Of a file's mapping: that are no longer the file's.
    Own,
    /// Of a shared mapping: that this process or its file has in memory. A forked child has no pages of its own there.
    Shared,
}

/// A file, with which memory is compared where nothing else tells whose a page is.
#[derive(Clone, Copy)]
pub(super) struct Base {
    pub fd: c_int,
    pub offset: u64,
}

/// Bits of an entry of pagemap: in memory, swapped out, a file's or shared.
const IN_MEMORY: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
const FILES: u64 = 1 << 61;

pub(super) struct Pages<'a> {
    pagemap: Option<c_int>,
    swaps: bool,
    /// What the kernel gives of pagemap at once.
    most: usize,
    fails: bool,
    lies: bool,
    entries: &'a mut [u64; PAGES],
    scratch: &'a mut [u8; 2 * PAGE],
    /// One for each page of the last chunk: whether it is wanted.
    pub wanted: &'a mut [u8; PAGES],
}

impl<'a> Pages<'a> {
    pub fn open(
        seams: &Seams,
        entries: &'a mut [u64; PAGES],
        wanted: &'a mut [u8; PAGES],
        scratch: &'a mut [u8; 2 * PAGE],
    ) -> Self {
        let pagemap = if seams.no_pagemap { None } else { sys::open(c"/proc/self/pagemap").ok() };
        let swaps = seams.swaps || (pagemap.is_none() && swaps(scratch));
        let most = if seams.short_pagemap { 16 } else { usize::MAX };
        let (fails, lies) = (seams.failing_pagemap, seams.lying_pagemap);
        let mut pages = Self { pagemap, swaps, most, fails, lies, entries, scratch, wanted };
        if let Some(fd) = pages.pagemap.filter(|fd| !pages.knows_a_page(*fd)) {
            pages.give_up(fd);
        }
        pages
    }

    /// Whether it tells of a page that is there for certain: somebody else's idea of such a file may say of none that it is.
    fn knows_a_page(&mut self, fd: c_int) -> bool {
        self.scratch.fill(1);
        let page = self.scratch.as_ptr().align_offset(PAGE);
        let at = self.scratch.get(page).map_or(0, |byte| std::ptr::from_ref(byte) as u64);
        self.read_pagemap(fd, at, 1)
            && self.entries.first().is_some_and(|entry| entry & (IN_MEMORY | SWAPPED) != 0)
    }

    /// It does not tell: what is wanted has to be seen otherwise.
    fn give_up(&mut self, fd: c_int) {
        sys::close(fd);
        self.pagemap = None;
        self.swaps |= swaps(self.scratch);
    }

    /// How it is known.
    pub fn presence(&self) -> Presence {
        match (self.pagemap, self.swaps) {
            (Some(_), _) => Presence::Pagemap,
            (None, false) => Presence::Mincore,
            (None, true) => Presence::Everything,
        }
    }

    /// Whether [`Want::Own`] needs the file.
    pub fn compares(&self) -> bool {
        self.pagemap.is_none()
    }

    /// Which of the `count` pages from `at` on are wanted; `protection` is their mapping's.
    pub fn look(
        &mut self,
        at: u64,
        count: usize,
        want: Want,
        protection: u32,
        base: Option<Base>,
        view: &View,
    ) {
        let count = count.min(PAGES);
        if want == Want::All {
            self.wanted.fill(1);
            return;
        }
        if let Some(fd) = self.pagemap {
            if self.read_pagemap(fd, at, count) {
                self.by_pagemap(at, count, want);
                return;
            }
            self.give_up(fd);
        }
        match want {
            Want::Own => self.by_comparing(at, count, base, view),
            // What is swapped out is not in core; what nobody may read nobody has written lately.
            Want::Present if self.swaps && protection & 1 != 0 => self.wanted.fill(1),
            _ => self.by_mincore(at, count),
        }
    }

    /// Whether all entries of the `count` pages from `at` on are there.
    fn read_pagemap(&mut self, fd: c_int, at: u64, count: usize) -> bool {
        let entries = self.entries.get_mut(..count).unwrap_or(&mut []);
        // SAFETY: the bytes of integers that any bytes are a value of.
        let (_, bytes, _) = unsafe { entries.align_to_mut::<u8>() };
        let begin = at / PAGE as u64 * 8;
        let mut filled = 0;
        while let Some(rest @ [_, ..]) = bytes.get_mut(filled..) {
            let most = rest.len().min(self.most);
            let rest = rest.get_mut(..most).unwrap_or(&mut []);
            match sys::read_at(fd, rest, begin + filled as u64) {
                Ok(n @ 1..) if !self.fails => filled += n,
                _ => return false,
            }
        }
        if self.lies {
            entries.fill(0);
        }
        true
    }

    fn by_pagemap(&mut self, at: u64, count: usize, want: Want) {
        if want == Want::Shared {
            self.by_mincore(at, count);
        } else {
            self.wanted.fill(0);
        }
        for (entry, wanted) in self.entries.iter().take(count).zip(self.wanted.iter_mut()) {
            let there = entry & (IN_MEMORY | SWAPPED) != 0;
            *wanted |= u8::from(there && (want != Want::Own || entry & FILES == 0));
        }
    }

    fn by_mincore(&mut self, at: u64, count: usize) {
        self.wanted.fill(0);
        let wanted = self.wanted.get_mut(..count).unwrap_or(&mut []);
        // Parts of it may have vanished meanwhile: page by page what is left.
        if sys::in_core(at, wanted).is_err() {
            for (page, wanted) in wanted.chunks_mut(1).enumerate() {
                if sys::in_core(at + (page * PAGE) as u64, wanted).is_err() {
                    wanted.fill(0);
                }
            }
        }
        wanted.iter_mut().for_each(|page| *page &= 1);
    }

    /// A page is the file's if it has its bytes. Without the file all that can be read are wanted: then it
    /// does no harm.
    fn by_comparing(&mut self, at: u64, count: usize, base: Option<Base>, view: &View) {
        let (ours, theirs) = self.scratch.split_at_mut(PAGE);
        for (page, wanted) in self.wanted.iter_mut().take(count).enumerate() {
            let begin = (page * PAGE) as u64;
            let readable = view.whole(at + begin, ours);
            let read = base.map_or(0, |base| read_file(base, begin, theirs));
            theirs.get_mut(read..).unwrap_or(&mut []).fill(0);
            *wanted = u8::from(readable && (base.is_none() || ours != theirs));
        }
    }
}

fn read_file(base: Base, begin: u64, into: &mut [u8]) -> usize {
    let mut filled = 0;
    while let Some(rest @ [_, ..]) = into.get_mut(filled..) {
        match sys::read_at(base.fd, rest, base.offset + begin + filled as u64) {
            Ok(n @ 1..) => filled += n,
            _ => break,
        }
    }
    filled
}

/// Whether this process has anything swapped out, as `/proc/self/status` tells.
fn swaps(buffer: &mut [u8]) -> bool {
    let Ok(fd) = sys::open(c"/proc/self/status") else { return false };
    let mut filled = 0;
    while let Some(rest @ [_, ..]) = buffer.get_mut(filled..)
        && let Ok(n @ 1..) = sys::read(fd, rest)
    {
        filled += n;
    }
    sys::close(fd);
    has_swap(buffer.get(..filled).unwrap_or(&[]))
}

fn has_swap(status: &[u8]) -> bool {
    let line = status.split(|byte| *byte == b'\n').find(|line| line.starts_with(b"VmSwap:"));
    line.is_some_and(|line| line.iter().any(|byte| matches!(byte, b'1'..=b'9')))
}

impl Drop for Pages<'_> {
    fn drop(&mut self) {
        if let Some(fd) = self.pagemap {
            sys::close(fd);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swap_by_its_line() {
        assert!(has_swap(b"Name:\tx\nVmSwap:\t     120 kB\nThreads:\t1\n"));
        assert!(!has_swap(b"Name:\tx1\nVmSwap:\t       0 kB\nThreads:\t1\n"));
        assert!(!has_swap(b"Name:\tx1\n"));
    }

    /// Five anonymous pages, of which the second and the fourth are there.
    fn pages() -> u64 {
        let (all, private) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping, written within it.
        unsafe {
            let at = libc::mmap(std::ptr::null_mut(), 5 * PAGE, all, private, -1, 0);
            assert_ne!(at, libc::MAP_FAILED);
            libc::madvise(at, 5 * PAGE, libc::MADV_NOHUGEPAGE);
            at.cast::<u8>().add(PAGE).write(1);
            at.cast::<u8>().add(3 * PAGE).write(1);
            at as u64
        }
    }

    fn seen(seams: Seams, at: u64, count: usize, want: Want, base: Option<Base>) -> (Presence, Vec<u8>) {
        let (mut entries, mut wanted, mut scratch) = ([0; PAGES], [9; PAGES], [0; 2 * PAGE]);
        let view = View::open(&seams).unwrap();
        let mut pages = Pages::open(&seams, &mut entries, &mut wanted, &mut scratch);
        pages.look(at, count, want, 3, base, &view);
        (pages.presence(), pages.wanted[..count].to_vec())
    }

    #[test]
    fn both_ways_see_the_same() {
        let at = pages();
        let without = Seams { no_pagemap: true, ..Seams::default() };
        assert_eq!(
            seen(Seams::default(), at, 5, Want::Present, None),
            (Presence::Pagemap, vec![0, 1, 0, 1, 0])
        );
        assert_eq!(seen(without, at, 5, Want::Present, None), (Presence::Mincore, vec![0, 1, 0, 1, 0]));
        let swapping = Seams { swaps: true, ..without };
        assert_eq!(seen(swapping, at, 5, Want::Present, None), (Presence::Everything, vec![1; 5]));
    }

    #[test]
    fn a_pagemap_that_tells_in_pieces_or_nothing_loses_no_page() {
        let at = pages();
        let expected = vec![0, 1, 0, 1, 0];
        let short = Seams { short_pagemap: true, ..Seams::default() };
        assert_eq!(seen(short, at, 5, Want::Present, None), (Presence::Pagemap, expected.clone()));
        let failing = Seams { failing_pagemap: true, ..Seams::default() };
        assert_eq!(seen(failing, at, 5, Want::Present, None), (Presence::Mincore, expected.clone()));
        let lying = Seams { lying_pagemap: true, ..Seams::default() };
        assert_eq!(seen(lying, at, 5, Want::Present, None), (Presence::Mincore, expected));
        let swapping = Seams { swaps: true, ..failing };
        assert_eq!(seen(swapping, at, 5, Want::Present, None), (Presence::Everything, vec![1; 5]));
    }

    #[test]
    fn a_hole_is_no_page() {
        // Other tests' memory may come to lie there.
        if !crate::probe::tests::alone("image::freeze::linux::presence::tests::a_hole_is_no_page") {
            return;
        }
        let at = pages();
        // SAFETY: the test's own mapping, its first page.
        unsafe { libc::munmap(at as *mut _, PAGE) };
        let without = Seams { no_pagemap: true, ..Seams::default() };
        assert_eq!(seen(without, at, 5, Want::Present, None).1, [0, 1, 0, 1, 0]);
    }

    #[test]
    fn pages_of_a_file_that_are_no_longer_its() {
        use std::io::Write;
        use std::os::fd::AsRawFd;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![b'f'; 3 * PAGE + 100]).unwrap();
        let all = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping, written within the file.
        let at = unsafe {
            let at = libc::mmap(std::ptr::null_mut(), 4 * PAGE, all, libc::MAP_PRIVATE, file.as_raw_fd(), 0);
            assert_ne!(at, libc::MAP_FAILED);
            assert_eq!(at.cast::<u8>().read_volatile(), b'f');
            at.cast::<u8>().add(2 * PAGE + 5).write(b'g');
            at as u64
        };
        let base = Some(Base { fd: file.as_raw_fd(), offset: 0 });
        for no_pagemap in [false, true] {
            let seams = Seams { no_pagemap, ..Seams::default() };
            assert_eq!(seen(seams, at, 4, Want::Own, base).1, [0, 0, 1, 0]);
        }
        let seams = Seams { no_pagemap: true, ..Seams::default() };
        assert_eq!(seen(seams, at, 4, Want::Own, None).1, [1; 4]);
    }
}
