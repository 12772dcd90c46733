//! Reading memory that may not be there, through the kernel.

use std::ffi::c_int;

use super::super::outcome::{Fault, Step};
use super::base::{PAGE, Seams};
use super::sys;

/// `process_vm_readv`, which takes two thirds of the time, and for what that does not show (pages that may not be read) or where
/// it is not to be had, `/proc/self/mem`. One of the two is enough.
pub(super) struct View {
    mem: Option<c_int>,
    process: Option<c_int>,
}

impl View {
    /// The fault says that neither works.
    pub fn open(seams: &Seams) -> Result<Self, Fault> {
        let probe = 0x5eed_u64;
        let mut got = [0; 8];
        let at = &raw const probe as u64;
        let right =
            |read: Result<usize, i32>, got: [u8; 8]| read == Ok(8) && u64::from_le_bytes(got) == probe;
        let process = (!seams.no_process_read).then(sys::process);
        let process = process.filter(|process| right(sys::read_process(*process, &mut got, at), got));
        got.fill(0);
        let mut errno = libc::EACCES;
        match if seams.no_mem { Err(errno) } else { sys::open(c"/proc/self/mem") } {
            Ok(fd) => {
                let read = sys::read_at(fd, &mut got, at);
                if right(read, got) {
                    return Ok(Self { mem: Some(fd), process });
                }
                errno = read.err().unwrap_or(errno);
                sys::close(fd);
            }
            Err(other) => errno = other,
        }
        if process.is_some() { Ok(Self { mem: None, process }) } else { Err(Fault::new(Step::Memory, errno)) }
    }

    /// Fills `into` with the memory at `at`; zeros stand for pages that cannot be read.
    pub fn read(&self, mut at: u64, mut into: &mut [u8]) {
        while !into.is_empty() {
            match self.once(at, into) {
                Ok(n) if n > 0 => {
                    into = into.get_mut(n..).unwrap_or(&mut []);
                    at += n as u64;
                }
                _ => {
                    let page = PAGE - (at as usize & (PAGE - 1));
                    let (lost, rest) = into.split_at_mut(page.min(into.len()));
                    lost.fill(0);
                    at += lost.len() as u64;
                    into = rest;
                }
            }
        }
    }

    /// Fills `into` if all of it can be read.
    pub fn whole(&self, mut at: u64, mut into: &mut [u8]) -> bool {
        while !into.is_empty() {
            let Ok(n @ 1..) = self.once(at, into) else { return false };
            into = into.get_mut(n..).unwrap_or(&mut []);
            at += n as u64;
        }
        true
    }

    fn once(&self, at: u64, into: &mut [u8]) -> Result<usize, i32> {
        let read = self.process.map_or(Ok(0), |process| sys::read_process(process, into, at));
        match (read, self.mem) {
            (Ok(1..), _) | (_, None) => read,
            (_, Some(fd)) => sys::read_at(fd, into, at),
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if let Some(fd) = self.mem {
            sys::close(fd);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two pages that may be read, one that may not, one that is not there.
    fn pages() -> u64 {
        let (all, private) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: new mappings of the test's own; the fourth page is given back within it.
        unsafe {
            let at = libc::mmap(std::ptr::null_mut(), 4 * PAGE, all, private, -1, 0);
            assert_ne!(at, libc::MAP_FAILED);
            at.cast::<u8>().write_bytes(b'x', 3 * PAGE);
            libc::mprotect(at.add(2 * PAGE), PAGE, libc::PROT_NONE);
            libc::munmap(at.add(3 * PAGE), PAGE);
            at as u64
        }
    }

    #[test]
    fn what_is_not_there_is_zeros() {
        // Other tests' memory may come to lie there.
        if !crate::probe::tests::alone("image::freeze::linux::view::tests::what_is_not_there_is_zeros") {
            return;
        }
        let at = pages();
        for (no_mem, no_process_read) in [(false, false), (true, false), (false, true)] {
            let view = View::open(&Seams { no_mem, no_process_read, ..Seams::default() }).unwrap();
            assert_eq!((view.mem.is_none(), view.process.is_none()), (no_mem, no_process_read));
            let mut into = vec![7; 4 * PAGE];
            view.read(at, &mut into);
            // Only /proc/self/mem shows what is protected.
            let seen = if no_mem { 2 } else { 3 } * PAGE;
            assert!(into[..seen].iter().all(|byte| *byte == b'x'));
            assert!(into[seen..].iter().all(|byte| *byte == 0));
            assert!(view.whole(at + 5, &mut into[..2 * PAGE - 5]));
            assert!(!view.whole(at, &mut into));
        }
        assert!(View::open(&Seams { no_mem: true, no_process_read: true, ..Seams::default() }).is_err());
    }
}
