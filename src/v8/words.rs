//! Words of memory that may not be what they are taken for.

use std::ffi::c_void;
use std::ops::Range;

/// Bytes to a word.
pub(super) const WORD: u64 = 8;

/// Reads words of this process.
pub(super) struct Reader {
    /// Through the kernel; otherwise where they lie.
    process: Option<i32>,
}

impl Reader {
    /// Reads where they lie.
    ///
    /// # Safety
    /// Whatever is read is there, or the process may end of it.
    pub unsafe fn direct() -> Self {
        Self { process: None }
    }

    /// By the kernel, which says so of what is not there. `None`: it does not.
    #[cfg(target_os = "linux")]
    pub fn through_kernel() -> Option<Self> {
        // SAFETY: no arguments, no failure.
        let reader = Self { process: Some(unsafe { libc::getpid() }) };
        let probe = 0x5eed_u64;
        (reader.words(&raw const probe as u64) == Some([probe])).then_some(reader)
    }

    /// It does not here.
    #[cfg(not(target_os = "linux"))]
    pub fn through_kernel() -> Option<Self> {
        None
    }

    /// Those at `at`, if all are there.
    pub fn words<const N: usize>(&self, at: u64) -> Option<[u64; N]> {
        let mut words = [0; N];
        (self.read(at, &mut words)? == N).then_some(words)
    }

    /// As many as there are, but one at least; the others stay.
    pub fn some(&self, at: u64, words: &mut [u64]) -> bool {
        self.read(at, words).is_some_and(|count| count > 0)
    }

    fn read(&self, at: u64, words: &mut [u64]) -> Option<usize> {
        match self.process {
            Some(process) => through_kernel(process, at, words),
            None => {
                for (index, word) in words.iter_mut().enumerate() {
                    // SAFETY: as promised in `direct`; V8's own are aligned.
                    *word = unsafe { ((at + index as u64 * WORD) as *const u64).read_volatile() };
                }
                Some(words.len())
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn through_kernel(process: i32, at: u64, words: &mut [u64]) -> Option<usize> {
    let bytes = size_of_val(words);
    let ours = libc::iovec { iov_base: words.as_mut_ptr().cast(), iov_len: bytes };
    let theirs = libc::iovec { iov_base: at as *mut c_void, iov_len: bytes };
    // All as wide as registers: of what is narrower the rest would be anything.
    let (one, none, process) = (1_usize, 0_usize, i64::from(process));
    let (ours, theirs) = (&raw const ours, &raw const theirs);
    // SAFETY: the kernel writes within the words, and reads elsewhere without a fault of ours.
    let got = unsafe { libc::syscall(libc::SYS_process_vm_readv, process, ours, one, theirs, one, none) };
    usize::try_from(got).ok().map(|got| got / WORD as usize)
}

#[cfg(not(target_os = "linux"))]
fn through_kernel(_: i32, _: u64, _: &mut [u64]) -> Option<usize> {
    None
}

/// Each word of a block of ours, with its address.
pub(super) fn words_of(block: &Range<u64>) -> impl Iterator<Item = (u64, u64)> + use<> {
    let (begin, end) = (block.start, block.end);
    (begin..end.saturating_sub(WORD - 1))
        .step_by(WORD as usize)
        // SAFETY: inside a block of the allocator's that lives; volatile because other threads may change it.
        .map(|at| (at, unsafe { (at as *const u64).read_volatile() }))
}

/// Bytes of a block of the C allocator's.
#[cfg(target_os = "linux")]
pub(super) fn usable(block: *mut c_void) -> u64 {
    // SAFETY: asks malloc; V8 and Node allocate these objects with it. Only read.
    unsafe { libc::malloc_usable_size(block) as u64 }
}

/// None here.
#[cfg(not(target_os = "linux"))]
pub(super) fn usable(_: *mut c_void) -> u64 {
    0
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_said_to_be_none() {
        let words = [1_u64, 2, 3];
        let at = words.as_ptr() as u64;
        // SAFETY: the test's own words.
        let direct = unsafe { Reader::direct() };
        for reader in [direct, Reader::through_kernel().unwrap()] {
            assert_eq!(reader.words(at), Some(words));
        }
        let reader = Reader::through_kernel().unwrap();
        assert_eq!(reader.words::<1>(8), None);
        assert!(!reader.some(8, &mut [0]));
    }
}
