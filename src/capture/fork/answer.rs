//! Some memory that parent and child share, for what the child has to say instead of leaving a file.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::capture::reading::MOST;

/// Room for one answer. Pages that are not written to are not there.
#[derive(Debug)]
pub struct Answer(NonNull<AtomicU64>);

// SAFETY: one process writes it, before it says that it is complete; the other reads it after that.
unsafe impl Send for Answer {}

/// The length stands in front.
const HEAD: usize = size_of::<AtomicU64>();
const SIZE: usize = HEAD + MOST;

impl Answer {
    /// Room for one.
    ///
    /// # Errors
    /// There is no memory.
    pub fn new() -> io::Result<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping of our own, zeroed by the kernel: a valid counter.
        let room = unsafe { libc::mmap(std::ptr::null_mut(), SIZE, protection, flags, -1, 0) };
        if room == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        NonNull::new(room.cast()).map(Self).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    fn length(&self) -> &AtomicU64 {
        // SAFETY: mapped, aligned and initialised for as long as `self` lives.
        unsafe { self.0.as_ref() }
    }

    /// Says it, in the child; whether it had room.
    pub fn write(&mut self, bytes: &[u8]) -> bool {
        if bytes.len() > MOST {
            return false;
        }
        // SAFETY: as many bytes as the mapping has behind its head, and nobody reads them yet.
        unsafe {
            self.0.cast::<u8>().add(HEAD).copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len());
        }
        self.length().store(bytes.len() as u64, Ordering::Release);
        true
    }

    /// What was said, in the parent, when the child has said that it is complete.
    pub fn read(&self) -> Vec<u8> {
        let length = (self.length().load(Ordering::Acquire) as usize).min(MOST);
        // SAFETY: within the mapping, and written no more.
        unsafe { std::slice::from_raw_parts(self.0.cast::<u8>().add(HEAD).as_ptr(), length) }.to_vec()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`; nobody else in this process has its address.
        unsafe { libc::munmap(self.0.as_ptr().cast(), SIZE) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_said() {
        let mut answer = Answer::new().unwrap();
        assert!(answer.read().is_empty());
        assert!(answer.write(b"{}"));
        assert_eq!(answer.read(), b"{}");
        assert!(answer.write(&vec![7; MOST]));
        assert_eq!(answer.read().len(), MOST);
        assert!(!answer.write(&vec![7; MOST + 1]));
    }
}
