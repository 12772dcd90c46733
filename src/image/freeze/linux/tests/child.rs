//! Children that freeze themselves.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsRawFd;

use super::super::super::{Frozen, How, Step, Written};
use super::super::Freezer;
use crate::image::format;

/// Freezes this very process.
pub fn freeze(freezer: &mut Freezer, file: &File, how: How, look: &mut dyn FnMut(u64) -> bool) -> Frozen {
    let pid = std::os::unix::process::parent_id();
    // SAFETY: who asks for `Alone` is a forked child. No image of a test is thawed here.
    unsafe { freezer.freeze(file.as_raw_fd(), how, format::MOMENT_FORK, pid, look) }
}

/// Forks; the child does `work` and leaves with what it gives as its status.
pub fn fork(work: impl FnOnce() -> i32) -> libc::pid_t {
    // SAFETY: the child calls what needs no other thread, and leaves without running what else is to be run.
    match unsafe { libc::fork() } {
        // SAFETY: as said.
        0 => unsafe { libc::_exit(work()) },
        child => child,
    }
}

/// Its wait status, once it has ended, or stopped.
pub fn wait(child: libc::pid_t) -> i32 {
    let mut status = 0;
    // SAFETY: our own child.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, libc::WUNTRACED) }, child);
    status
}

/// Status of a child by what came of it: 0, or 100 and the step.
pub fn status(frozen: &Frozen) -> i32 {
    match frozen {
        Frozen::Written(_) => 0,
        Frozen::Thawed => 99,
        Frozen::Failed(fault) => match (fault.step, fault.errno) {
            (Step::Write, errno) => errno,
            (Step::Stopped, _) => 101,
            (Step::Memory, _) => 102,
            _ => 100,
        },
    }
}

/// The stream in a file.
pub fn unpacked(file: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    crate::image::open::whole(&zstd::decode_all(&bytes[..]).unwrap())
}

/// Freezes in a child; what it wrote, and what it said of it. The child is stopped, as it was then, until the handle is gone.
pub fn stopped(freezer: &mut Freezer, how: How) -> (Stopped, Vec<u8>, Written) {
    let mut file = tempfile::tempfile().unwrap();
    let (mut told, tell) = std::io::pipe().unwrap();
    let child = fork(|| {
        let frozen = freeze(freezer, &file, how, &mut |_| true);
        let Frozen::Written(written) = frozen else { return status(&frozen) };
        // SAFETY: a plain structure; the process's own number.
        unsafe {
            libc::write(tell.as_raw_fd(), (&raw const written).cast(), size_of::<Written>());
            libc::kill(libc::getpid(), libc::SIGSTOP);
        }
        0
    });
    let status = wait(child);
    assert!(libc::WIFSTOPPED(status), "{status:x}");
    let mut written = Written::default();
    // SAFETY: a plain structure, of which the child, the same program, wrote the bytes.
    let bytes = unsafe { std::slice::from_raw_parts_mut((&raw mut written).cast(), size_of::<Written>()) };
    told.read_exact(bytes).unwrap();
    assert_eq!(written.data_bytes, file.metadata().unwrap().len());
    let raw = unpacked(&mut file);
    assert_eq!(written.raw_bytes, raw.len() as u64);
    (Stopped(child), raw, written)
}

/// A child that is stopped.
pub struct Stopped(pub libc::pid_t);

impl Drop for Stopped {
    fn drop(&mut self) {
        // SAFETY: our own child.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        wait(self.0);
    }
}
