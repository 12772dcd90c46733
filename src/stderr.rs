//! Lines on the host's stderr, the only way anything here prints: they never wait and never fail.
//!
//! A log collector that stands still leaves a full pipe behind. Where that pipe waits, a print would stop the
//! service; where it does not, `eprintln!` panics, and at the heap limit the panic costs whatever follows it. A
//! line that does not fit now is dropped. `O_NONBLOCK` is never set here: it belongs to the open file, which the
//! parent's shell and every sibling share.
//!
//! Architecture invariant: sees no other room, waits for nobody, never fails and never panics; nothing else in the crate prints
//! (`clippy.toml` refuses it). Its tests, with pipes that are full, are below.

/// POSIX's `PIPE_BUF` on Linux: a pipe that takes text at all takes this much, as a whole.
#[cfg(unix)]
const MOST: usize = 4096;

/// Writes one line if it fits now; whether it did.
#[cfg(unix)]
pub fn say(line: &str) -> bool {
    use std::os::fd::AsFd;
    write(std::io::stderr().as_fd(), line)
}

/// Whether a line would fit now. What Node prints for us waits where this would not.
#[cfg(unix)]
pub fn takes() -> bool {
    use std::os::fd::AsFd;
    ready(std::io::stderr().as_fd())
}

#[cfg(unix)]
fn write(to: std::os::fd::BorrowedFd<'_>, line: &str) -> bool {
    let mut bytes = line.as_bytes();
    if bytes.len() >= MOST {
        // At a character's border, so that a cut line is still text.
        let cut = (0..MOST).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        bytes = &bytes[..cut];
    }
    let mut whole = Vec::new();
    if whole.try_reserve_exact(bytes.len() + 1).is_err() {
        return false;
    }
    whole.extend_from_slice(bytes);
    whole.push(b'\n');
    // A descriptor on a disk is always ready; a pipe that is not ready may still be filled by others between the
    // two calls, which is what the second one's own "do not wait" is for, where the kernel knows it.
    ready(to)
        && match without_waiting(to, &whole) {
            Some(written) => written,
            None => rustix::io::write(to, &whole).is_ok(),
        }
}

#[cfg(unix)]
fn ready(to: std::os::fd::BorrowedFd<'_>) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut polled = [PollFd::from_borrowed_fd(to, PollFlags::OUT)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut polled, Some(&at_once)).is_ok()
        && polled[0].revents().contains(PollFlags::OUT)
        && !polled[0].revents().intersects(PollFlags::ERR | PollFlags::NVAL)
}

/// A write that the kernel does not let wait; `None` where it knows no such thing (a terminal, a disk, Linux
/// before 6.4 for pipes).
#[cfg(target_os = "linux")]
fn without_waiting(to: std::os::fd::BorrowedFd<'_>, bytes: &[u8]) -> Option<bool> {
    use rustix::fs::{FileType, fstat};
    use rustix::io::{Errno, IoSlice, ReadWriteFlags, pwritev2};
    let kind = FileType::from_raw_mode(fstat(to).ok()?.st_mode);
    if !matches!(kind, FileType::Fifo | FileType::Socket) {
        return None;
    }
    // The offset −1 is "where it stands".
    match pwritev2(to, &[IoSlice::new(bytes)], u64::MAX, ReadWriteFlags::NOWAIT) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::PERM | Errno::INVAL) => None,
        other => Some(other.is_ok()),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn without_waiting(_: std::os::fd::BorrowedFd<'_>, _: &[u8]) -> Option<bool> {
    None
}

/// See the Unix version: here nobody knows whether it would wait, so nothing is said.
#[cfg(not(unix))]
pub fn say(_: &str) -> bool {
    false
}

/// See the Unix version.
#[cfg(not(unix))]
pub fn takes() -> bool {
    true
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use rustix::pipe::{PipeFlags, pipe_with};
    use std::io::Read;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::net::UnixStream;

    /// Writes until it is told that there is no room; how many lines fitted. A write that waits never ends this.
    fn fill(to: &OwnedFd) -> usize {
        (0..1_000_000).take_while(|at| write(to.as_fd(), &format!("line {at}"))).count()
    }

    #[test]
    fn a_full_pipe_takes_no_line_and_holds_nobody_up() {
        for flags in [PipeFlags::CLOEXEC, PipeFlags::CLOEXEC | PipeFlags::NONBLOCK] {
            let (reader, writer) = pipe_with(flags).unwrap();
            let lines = fill(&writer);
            assert!((100..100_000).contains(&lines), "{lines}");
            assert!(!ready(writer.as_fd()) && !write(writer.as_fd(), "more"));
            let mut text = vec![0; 1 << 16];
            let read = std::fs::File::from(reader).read(&mut text).unwrap();
            let text = String::from_utf8(text[..read].to_vec()).unwrap();
            assert!(text.starts_with("line 0\nline 1\n") && text.ends_with('\n'), "{text}");
        }
    }

    #[test]
    fn a_full_socket_neither() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let lines = fill(&OwnedFd::from(ours));
        assert!((10..1_000_000).contains(&lines), "{lines}");
        drop(theirs);
    }

    #[test]
    fn nobody_reads_any_more() {
        // A child that another test forks has the reader too.
        if !crate::probe::tests::alone("stderr::tests::nobody_reads_any_more") {
            return;
        }
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        drop(reader);
        assert!(!write(writer.as_fd(), "to nobody"));
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        assert!(write(writer.as_fd(), &format!("x{}", "ü".repeat(5000))));
        drop(writer);
        let mut text = String::new();
        std::fs::File::from(reader).read_to_string(&mut text).unwrap();
        assert_eq!(text, format!("x{}\n", "ü".repeat(2047)));
    }

    #[test]
    fn a_file_takes_every_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let to = std::fs::File::options().append(true).open(file.path()).unwrap();
        assert!(write(to.as_fd(), "one") && write(to.as_fd(), "two"));
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "one\ntwo\n");
    }
}
