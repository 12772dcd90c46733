//! Starts the loader, and gives it the image's files.
//!
//! By the system's own way of starting programs, which copies nothing of this process, however large it is; the files'
//! descriptors go over the socket, so that none of them is ever open in a way that other programs of this process inherit.

use std::fs::File;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, sendmsg,
    socketpair,
};

use crate::error::{Error, Result};

/// Descriptors in one message; the loader takes 128.
const MOST: usize = 128;

/// What the copy may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of memory.
    pub memory: u64,
    /// Seconds of CPU, 0 = as many as it likes.
    pub seconds: u64,
}

/// The loader, and the way to it.
pub(super) struct Started {
    pub child: Child,
    pub socket: OwnedFd,
    /// `/proc/PID/status` of it.
    pub status: io::Result<File>,
}

/// Starts it. Whoever calls this has to end and reap it; it dies with the calling thread besides.
///
/// # Errors
/// `Unsupported` where the loader cannot be started, `CaptureFailed` where this process has no descriptor left.
pub(super) fn start(loader: &Path, limits: Limits, objects: &[Arc<OwnedFd>]) -> Result<Started> {
    let failed =
        |e: rustix::io::Errno| Error::CaptureFailed(format!("no socket to the loader of images: {e}"));
    let (socket, theirs) =
        socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).map_err(failed)?;
    let numbers = [u64::from(std::process::id()), limits.memory, limits.seconds, objects.len() as u64]
        .map(|n| n.to_string());
    let mut command = Command::new(loader);
    command.args(numbers).env_clear().stdin(theirs).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(|error| {
        Error::Unsupported(format!(
            "the loader of images {} cannot be started: {error}; it is part of the package, and has to lie where programs \
             may be executed",
            loader.display()
        ))
    })?;
    // Before it has an image: then it hides itself.
    let status = File::open(format!("/proc/{}/status", child.id()));
    // If memory runs out the kernel is to take the copy, whatever else there is.
    let _ = std::fs::write(format!("/proc/{}/oom_score_adj", child.id()), "1000");
    let started = Started { child, socket, status };
    for part in objects.chunks(MOST) {
        // An error: it has ended, and says why.
        if send(&started.socket, part).is_err() {
            break;
        }
    }
    Ok(started)
}

fn send(socket: &OwnedFd, objects: &[Arc<OwnedFd>]) -> rustix::io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors: Vec<BorrowedFd<'_>> = objects.iter().map(AsFd::as_fd).collect();
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(socket, &[IoSlice::new(&[0])], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}
