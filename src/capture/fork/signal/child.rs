//! The child that was forked in the handler: it may stand in the middle of anything, so it calls nothing but the kernel.

use std::fmt::Write;
use std::time::Duration;

use super::others::pause;
use super::request::{Inner, Request};
use crate::capture::fork::child::settle::settle;
use crate::capture::fork::child::watchdog;
use crate::capture::fork::prepared::Prepared;
use crate::capture::fork::protocol::{AMID, DONE, FAILED, MARK};
use crate::capture::fork::system::now_ms;
use crate::file::info::Finish;
use crate::image::freeze::{Frozen, How};
use crate::v8::Unknown;

/// What the parent has to give the file its name.
const NAMING_MS: u64 = 120_000;
const LOOK_AGAIN: Duration = Duration::from_millis(1);

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
    let Some(intake) = inner.prepared.target.intake() else {
        fail(&mut stderr, format_args!("an image has no file"))
    };
    if !intake.sink().header().buffers
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
    let shared = &inner.prepared.shared;
    let mut look = |raw_bytes| {
        shared.write(raw_bytes);
        watchdog::look_at_memory();
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
    see_that_it_is_named(request.process, &inner.prepared);
    // SAFETY: ends the child and runs nothing of it.
    unsafe { libc::_exit(DONE) }
}

/// The parent gives the file its name, and ends us. Should it die before, nobody else is left to do it.
fn see_that_it_is_named(parent: i32, prepared: &Prepared) {
    prepared.shared.complete();
    // So that it looks.
    // SAFETY: the byte lives for the call.
    unsafe { libc::write(libc::STDERR_FILENO, b"\n".as_ptr().cast(), 1) };
    let until = now_ms() + NAMING_MS;
    while !prepared.shared.ended() && now_ms() < until {
        // SAFETY: no arguments, no failure.
        if unsafe { libc::getppid() } != parent {
            let (folder, temp, name) = (prepared.folder, prepared.temp.as_ptr(), prepared.name.as_ptr());
            // A name that is taken is somebody's.
            // SAFETY: names that end in NUL, below an open folder.
            unsafe { libc::syscall(libc::SYS_renameat2, folder, temp, folder, name, libc::RENAME_NOREPLACE) };
            return;
        }
        pause(LOOK_AGAIN);
    }
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
