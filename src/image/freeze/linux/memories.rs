//! Memories of WebAssembly, which V8 from version 14 on has in no list before JavaScript asks for their buffers. Each lies at the
//! beginning of addresses that V8 has reserved for it, so that code needs not ask whether it may: what is behind it may not be
//! touched, up to 8 GiB from its beginning, or a multiple.

use super::super::outcome::{Fault, Step};
use super::cuts::Cuts;
use super::kind::{Source, source};
use super::maps::{self, Maps};

/// What V8 reserves, once or several times.
const RESERVED: u64 = 8 << 30;
/// No less of it lies behind a memory: those with 32-bit addresses end at 4 GiB, and larger ones nobody has.
const GUARD: u64 = 4 << 30;

/// The last beginnings that there were.
#[derive(Default)]
struct Begins {
    all: [u64; 16],
    next: usize,
}

impl Begins {
    fn push(&mut self, begin: u64) {
        if let Some(place) = self.all.get_mut(self.next % 16) {
            *place = begin;
        }
        self.next += 1;
    }

    fn has(&self, begin: u64) -> bool {
        self.all.contains(&begin)
    }
}

/// Notes each among the `cuts`, but for those that are there already as an ArrayBuffer's.
///
/// # Errors
/// The list cannot be read; there is one that cannot be told from what lies around it; there is no memory to note one.
pub(super) fn leave_out(maps: &mut Maps, cuts: &mut Cuts) -> Result<(), Fault> {
    let fault = |errno, at| Fault { step: Step::Memories, errno, at };
    let listed = cuts.len();
    // Mappings that may be read and written, with nothing in between, and where each begins, as far as that is remembered.
    let mut run = 0..0;
    let mut begins = Begins::default();
    while maps.advance()? {
        let here = maps.here()?;
        if !here.is_writable() || source(&here) != Source::Present {
            continue;
        }
        if run.end != here.low {
            (run.start, begins) = (here.low, Begins::default());
        }
        run.end = here.high;
        begins.push(here.low);
        let Some(guard) = maps.next().filter(|next| next.low == here.high && next.protection == 0) else {
            continue;
        };
        // An ArrayBuffer that may grow very large looks so too.
        let is_other = source(&guard) != Source::Present || guard.high - guard.low < GUARD;
        if is_other || cuts.fill(listed, here.low..here.high) {
            continue;
        }
        let times = (guard.high - run.start) / RESERVED;
        let begin = guard.high - times * RESERVED;
        // Where something else is reserved right behind it, or lies right before it, the kernel tells of both as of one.
        if begin >= run.end || !begins.has(begin) {
            return Err(fault(0, run.start));
        }
        if !cuts.push(begin..run.end) {
            return Err(fault(libc::ENOMEM, begin));
        }
    }
    Ok(())
}

/// Whether the memory of WebAssembly that begins at this address is found by what lies behind it. Not for where nothing may
/// be allocated.
pub fn is_guarded(memory: u64) -> bool {
    let (mut buffer, mut cuts) = (vec![0; maps::ROOM], Cuts::new());
    let Ok(mut maps) = Maps::open(&mut buffer) else { return false };
    // One that comes before and cannot be told is a matter of the moment.
    let _ = leave_out(&mut maps, &mut cuts);
    cuts.all().iter().any(|range| range.start == memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reserves so much, and gives the first part of it.
    fn reserve(bytes: u64, first: u64) -> u64 {
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping where the kernel likes, then the first part of it.
        unsafe {
            let at = libc::mmap(std::ptr::null_mut(), bytes as usize, libc::PROT_NONE, kind, -1, 0);
            assert_ne!(at, libc::MAP_FAILED);
            assert_eq!(libc::mprotect(at, first as usize, libc::PROT_READ | libc::PROT_WRITE), 0);
            at as u64
        }
    }

    fn found(lines: &[(u64, u64, &str)]) -> Result<Vec<(u64, u64)>, Fault> {
        use std::io::Write;
        let mut file = tempfile::tempfile().unwrap();
        for (low, high, flags) in lines {
            writeln!(file, "{low:x}-{high:x} {flags} 00000000 00:00 0 ").unwrap();
        }
        std::io::Seek::rewind(&mut file).unwrap();
        let mut buffer = vec![0; 4096];
        let mut cuts = Cuts::new();
        assert!(cuts.push(KNOWN..KNOWN + 9));
        leave_out(&mut Maps::of(std::os::fd::IntoRawFd::into_raw_fd(file), &mut buffer), &mut cuts)?;
        Ok(cuts.all().iter().skip(1).map(|range| (range.start, range.end)).collect())
    }

    const GIB: u64 = 1 << 30;
    const KNOWN: u64 = 900 * GIB;
    const AT: u64 = 100 * GIB;

    #[test]
    fn each_from_its_first_byte_to_its_last() {
        // Two, one behind the other, and one whose addresses have 64 bits.
        let two = [
            (AT, AT + 9, "rw-p"),
            (AT + 9, AT + 8 * GIB, "---p"),
            (AT + 8 * GIB, AT + 12 * GIB, "rw-p"),
            (AT + 12 * GIB, AT + 16 * GIB, "---p"),
            (AT + 50 * GIB, AT + 51 * GIB, "rw-p"),
            (AT + 51 * GIB, AT + 66 * GIB, "---p"),
        ];
        let ranges = [(AT, AT + 9), (AT + 8 * GIB, AT + 12 * GIB), (AT + 50 * GIB, AT + 51 * GIB)];
        assert_eq!(found(&two).unwrap(), ranges);
        // The kernel has made two mappings of it.
        let split = [(AT, AT + 5, "rw-p"), (AT + 5, AT + 9, "rw-p"), (AT + 9, AT + 8 * GIB, "---p")];
        assert_eq!(found(&split).unwrap(), [(AT, AT + 9)]);
        // One without a page behind another.
        assert_eq!(found(&[(AT, AT + 9, "rw-p"), (AT + 9, AT + 16 * GIB, "---p")]).unwrap(), [(AT, AT + 9)]);
    }

    #[test]
    fn nothing_else_is_one_and_what_cannot_be_told_is_said() {
        let others = [
            (AT, AT + 9 * GIB, "rw-p"),
            (AT + 9 * GIB, AT + 9 * GIB + 4096, "---p"),
            (AT + 20 * GIB, AT + 21 * GIB, "r--p"),
            (AT + 21 * GIB, AT + 28 * GIB, "---p"),
            (AT + 30 * GIB, AT + 31 * GIB, "rw-p"),
            (AT + 32 * GIB, AT + 40 * GIB, "---p"),
        ];
        assert_eq!(found(&others).unwrap(), []);
        // Listed.
        let listed = [(KNOWN, KNOWN + 9, "rw-p"), (KNOWN + 9, KNOWN + 5 * GIB, "---p")];
        assert_eq!(found(&listed).unwrap(), []);
        // The kernel has made one mapping of it and what lies before it, or of what is reserved behind both.
        let before = [(AT - 4096, AT + 9, "rw-p"), (AT + 9, AT + 8 * GIB, "---p")];
        let behind = [(AT, AT + GIB, "rw-p"), (AT + GIB, AT + 8 * GIB + (64 << 20), "---p")];
        for lines in [before, behind] {
            assert_eq!(found(&lines).unwrap_err().step, Step::Memories);
        }
        let odd = found(&[(AT, AT + 9, "rw-p"), (AT + 9, AT + 7 * GIB, "---p")]).unwrap_err();
        assert_eq!((odd.step, odd.at), (Step::Memories, AT));
    }

    #[test]
    fn a_real_one_is_guarded_and_another_is_not() {
        // Other tests' mappings may lie right behind it.
        if !crate::probe::tests::alone(
            "image::freeze::linux::memories::tests::a_real_one_is_guarded_and_another_is_not",
        ) {
            return;
        }
        let (one, other) = (reserve(RESERVED, 1 << 16), reserve(GIB, 1 << 16));
        assert!(is_guarded(one) && !is_guarded(other) && !is_guarded(one + 4096));
    }
}
