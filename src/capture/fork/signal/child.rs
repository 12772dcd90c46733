//! The child that was forked in the handler: it may stand in the middle of anything, so it calls nothing but the kernel.

use std::fmt::Write;

use super::request::{Inner, Request};
use crate::capture::fork::child::settle::settle;
use crate::capture::fork::child::watchdog;
use crate::capture::fork::protocol::{AMID, DONE, FAILED, MARK};
use crate::file::info::Finish;
use crate::image::freeze::{Frozen, How};
use crate::v8::Unknown;

/// Words of bounded length.
struct Words {
    text: [u8; 256],
    length: usize,
}

impl Write for Words {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = self.text.get_mut(self.length..).unwrap_or(&mut []);
        let count = text.len().min(room.len());
        for (to, byte) in room.iter_mut().zip(text.bytes()) {
            *to = byte;
        }
        self.length += count;
        Ok(())
    }
}

/// Freezes itself, ends the file and leaves. Returns only in the copy.
///
/// # Safety
/// Directly after the fork, in the child.
pub(super) unsafe fn run(request: &Request, inner: &mut Inner, pause_ms: f64) {
    if !inner.exchange.take(&mut inner.buffer[..]) {
        fail(&mut inner.prepared.stderr, format_args!("memory that was not copied was not handed over"));
    }
    // SAFETY: as the caller vouches. What is behind the addresses stays for ever.
    unsafe { settle(&inner.prepared, request.process) };
    let mut stderr = libc::STDERR_FILENO;
    if !inner.prepared.intake.sink().header().buffers
        // SAFETY: this is the child.
        && let Err(why) = unsafe { inner.copy.leave_out_buffers(How::Alone) }
    {
        if matches!(why, Unknown::Sweeping | Unknown::Torn) {
            // Another moment will do, which is another fork.
            // SAFETY: ends the child and runs nothing of it.
            unsafe { libc::_exit(AMID) }
        }
        fail(&mut stderr, format_args!("the contents of Buffers could not be left out: {why}"));
    }
    let (intake, shared) = (&inner.prepared.intake, &inner.prepared.shared);
    let mut look = |raw_bytes| {
        shared.write(raw_bytes);
        !shared.ended() && intake.sink().has_room()
    };
    let pid = request.process as u32;
    // SAFETY: a child with one thread; the copy goes on as the handler does.
    let written = match unsafe { inner.copy.freeze(request.to, How::Alone, pid, request.at_once, &mut look) }
    {
        Frozen::Written(written) => written,
        Frozen::Thawed => return,
        Frozen::Failed(_) if !intake.sink().has_room() => {
            say(&mut stderr, "HEAPWARDEN_NO_SPACE", format_args!("the disk has no more room for an image"))
        }
        Frozen::Failed(fault) => fail(
            &mut stderr,
            format_args!(
                "the process could not be frozen: {:?} at {:#x}, error {}",
                fault.step, fault.at, fault.errno
            ),
        ),
    };
    watchdog::publishing();
    let finish = Finish { pause_ms, ..Finish::default() };
    let sink = intake.sink();
    let ended = sink.finish_image_raw(written.raw_bytes, written.data_bytes, written.frames, &finish);
    match ended {
        Ok(()) => {}
        Err(libc::ENOSPC | libc::EDQUOT | libc::EFBIG) => {
            say(&mut stderr, "HEAPWARDEN_NO_SPACE", format_args!("the disk is full"))
        }
        Err(errno) => fail(&mut stderr, format_args!("the image's file could not be ended: error {errno}")),
    }
    inner.prepared.shared.complete();
    // SAFETY: ends the child and runs nothing of it.
    unsafe { libc::_exit(DONE) }
}

fn fail(stderr: &mut i32, why: std::fmt::Arguments) -> ! {
    say(stderr, "HEAPWARDEN_CAPTURE_FAILED", why)
}

/// Tells the parent, and leaves.
fn say(stderr: &mut i32, code: &str, why: std::fmt::Arguments) -> ! {
    let mut words = Words { text: [0; 256], length: 0 };
    let _ = write!(words, "{MARK}{code} {why}");
    let _ = words.write_str("\n");
    // SAFETY: the words live for the call; then the child ends and runs nothing of itself.
    unsafe {
        libc::write(*stderr, words.text.as_ptr().cast(), words.length);
        libc::_exit(FAILED)
    }
}
