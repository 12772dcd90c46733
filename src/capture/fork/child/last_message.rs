//! What an orphan says on its service's stderr when it ends without a file, for nobody else is left to say it.
//!
//! It never holds stderr open: who reads from a pipe or a terminal waits for the end of all that have it, and one that
//! is read from no more would look alive to those who write. A path of it (`O_PATH`) does neither, and can be opened
//! anew, for one write that does not wait: `O_NONBLOCK` belongs to what is opened, and that is ours alone. A socket
//! cannot be opened anew; the journal's is kept, for nobody waits for its end.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::fs::{FileType, fstat};
use rustix::process::{Resource, getrlimit};

const BEGIN: &str = "heapwarden: the snapshot that was being written when its process ended failed: ";
/// Of a path: one write to a pipe is whole up to 4,096 bytes.
const PATH: usize = 3072;
/// Where systemd's journal listens, with the NUL that ends it.
const JOURNAL: &[u8] = b"/run/systemd/journal/stdout\0";

/// A way to stderr, prepared before the fork.
pub struct LastMessage {
    to: To,
    file: String,
}

enum To {
    /// Kept open: a file on a disk, the journal's socket.
    Open(OwnedFd),
    /// To be opened anew by this name.
    Path(OwnedFd, CString),
}

impl LastMessage {
    /// A way to `stderr`, to say what becomes of `file`. `None`: there is none that nobody would wait for.
    pub fn prepare(stderr: BorrowedFd<'_>, file: String) -> Option<Self> {
        let to = match FileType::from_raw_mode(fstat(stderr).ok()?.st_mode) {
            FileType::RegularFile => To::open(stderr)?,
            FileType::Fifo | FileType::CharacterDevice => To::path(stderr)?,
            // Where files may have some size only, failing is likely enough, and a child writes for seconds at most.
            FileType::Socket if is_journal(stderr) || getrlimit(Resource::Fsize).current.is_some() => {
                To::open(stderr)?
            }
            _ => return None,
        };
        let mut file = file;
        let cut = (0..=PATH.min(file.len())).rev().find(|at| file.is_char_boundary(*at)).unwrap_or(0);
        file.truncate(cut);
        Some(Self { to, file })
    }

    /// One line about the file. Async-signal-safe.
    pub fn say_of_file(&self, what: &str) {
        self.write(&[BEGIN, &self.file, ": ", what, "\n"]);
    }

    /// One line with the reason. Async-signal-safe.
    pub fn say(&self, why: &str) {
        self.write(&[BEGIN, why, "\n"]);
    }

    fn write<const N: usize>(&self, parts: &[&str; N]) {
        let pieces = parts.map(|part| libc::iovec { iov_base: part.as_ptr() as *mut _, iov_len: part.len() });
        // SAFETY: an all-zero message header is a valid, empty one.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = pieces.as_ptr().cast_mut();
        message.msg_iovlen = N as _;
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        match &self.to {
            To::Open(to) => {
                // SAFETY: message and pieces live for the call. Nobody to tell if it fails.
                let sent = unsafe { libc::sendmsg(to.as_raw_fd(), &message, flags) };
                // SAFETY: this thread's own.
                if sent < 0 && unsafe { *libc::__errno_location() } == libc::ENOTSOCK {
                    // SAFETY: as above. A file, which takes it without waiting for anybody. A socket that is full would wait.
                    unsafe { libc::writev(to.as_raw_fd(), pieces.as_ptr(), N as _) };
                }
            }
            To::Path(_, name) => {
                let flags = libc::O_WRONLY | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
                // SAFETY: a NUL-terminated path.
                let to = unsafe { libc::open(name.as_ptr(), flags) };
                if to >= 0 {
                    // SAFETY: the descriptor opened above; the pieces live for the call. SIGPIPE is ignored in a child.
                    unsafe { libc::writev(to, pieces.as_ptr(), N as _) };
                    // SAFETY: nobody else has it.
                    unsafe { libc::close(to) };
                }
            }
        }
    }
}

impl To {
    fn open(stderr: BorrowedFd<'_>) -> Option<Self> {
        const FIRST: RawFd = libc::STDERR_FILENO + 1;
        rustix::io::fcntl_dupfd_cloexec(stderr, FIRST).ok().map(Self::Open)
    }

    fn path(stderr: BorrowedFd<'_>) -> Option<Self> {
        let name = |fd: RawFd| CString::new(format!("/proc/self/fd/{fd}")).ok();
        let from = name(stderr.as_raw_fd())?;
        // SAFETY: a NUL-terminated path.
        let fd = unsafe { libc::open(from.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) };
        if fd < 0 {
            return None;
        }
        // SAFETY: opened above, nobody else has it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let name = name(fd.as_raw_fd())?;
        Some(Self::Path(fd, name))
    }
}

impl AsFd for LastMessage {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.to {
            To::Open(fd) | To::Path(fd, _) => fd.as_fd(),
        }
    }
}

/// Whether the socket leads to the journal.
fn is_journal(socket: BorrowedFd<'_>) -> bool {
    // SAFETY: an all-zero address is a valid one.
    let mut peer: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    let mut size = size_of_val(&peer) as libc::socklen_t;
    // SAFETY: both live for the call, and `size` is the address's.
    let asked = unsafe { libc::getpeername(socket.as_raw_fd(), (&raw mut peer).cast(), &mut size) };
    asked == 0
        && i32::from(peer.sun_family) == libc::AF_UNIX
        && peer.sun_path.iter().zip(JOURNAL).all(|(there, here)| *there as u8 == *here)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::{PipeFlags, pipe_with};
    use std::fs::File;
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_pipe_ends_for_its_reader_though_there_are_words_left_to_say() {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let words = LastMessage::prepare(writer.as_fd(), "/d/x".into()).unwrap();
        words.say_of_file("it has ended");
        let second = writer.try_clone().unwrap();
        drop(writer);
        words.say("so has the service");
        drop(second);
        let mut reader = File::from(reader);
        let mut text = String::new();
        // This would wait for ever for one who has it open.
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, format!("{BEGIN}/d/x: it has ended\n{BEGIN}so has the service\n"));
    }

    #[test]
    fn a_full_pipe_holds_nobody_up_and_stays_as_its_owner_wants_it() {
        let (_reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let words = LastMessage::prepare(writer.as_fd(), "x".repeat(PATH * 2)).unwrap();
        for _ in 0..100 {
            words.say_of_file("again");
        }
        let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
        assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
    }

    #[test]
    fn nor_does_a_full_socket() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let words = LastMessage { to: To::Open(ours.into()), file: "x".repeat(PATH) };
        let (done, end) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for _ in 0..1_000 {
                words.say_of_file("again");
            }
            let _ = done.send(());
        });
        end.recv_timeout(std::time::Duration::from_secs(30)).unwrap();
    }

    #[test]
    fn a_file_is_kept_and_a_socket_that_somebody_may_wait_for_is_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let to = File::options().append(true).open(file.path()).unwrap();
        let words = LastMessage::prepare(to.as_fd(), "/d/ü".into()).unwrap();
        drop(to);
        words.say_of_file("late");
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), format!("{BEGIN}/d/ü: late\n"));
        let (ours, _theirs) = UnixStream::pair().unwrap();
        if getrlimit(Resource::Fsize).current.is_none() {
            assert!(LastMessage::prepare(ours.as_fd(), String::new()).is_none());
        }
    }
}
