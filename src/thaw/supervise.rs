//! A started loader: takes what it and its copy write, keeps them within their limits, and sees them off.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::end::{Cause, Ending};
use super::guard::{Guard, Watched};
use super::options::Progress;
use crate::file::fault;

/// Between two looks at time, memory and whoever may stop it.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// Bytes of its last words.
const WORDS: usize = 16 << 10;
/// How its lines begin that tell how far it is.
const PROGRESS: &str = "heapwarden-progress ";
/// How long it may live on after it has closed its pipes.
const LINGER: Duration = Duration::from_secs(10);

/// Until it has ended and is reaped. `status`: what the kernel says of it. It is killed when it is over a limit, or when `out` takes no more.
pub(super) fn supervise(
    child: Child,
    status: io::Result<File>,
    watched: &Watched<'_>,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(Progress),
) -> Ending {
    let mut child = Mortal(child);
    let child = &mut child.0;
    let mut lines = Lines::default();
    let kills = oom_kills();
    let mut guard = Guard::new(watched, status);
    let mut cause = None;
    let pipes = child.stdout.take().zip(child.stderr.take());
    if let Some((from, words)) = pipes {
        let (mut from, mut words) =
            (File::from(std::os::fd::OwnedFd::from(from)), File::from(std::os::fd::OwnedFd::from(words)));
        let _ = rustix::pipe::fcntl_setpipe_size(&from, 1 << 20);
        cause = relay(&mut from, &mut words, &mut guard, out, &mut lines, progress);
    }
    if cause.is_some() {
        let _ = child.kill();
    }
    // Whoever closes both pipes may go on living: not for long.
    if cause.is_none() {
        cause = linger(child, &mut guard, progress);
    }
    let status = child.wait().ok();
    let starved = kills.zip(oom_kills()).map(|(before, after)| after > before);
    Ending { cause, status, starved, words: lines.words(), passed: lines.passed }
}

/// How many processes of this machine the kernel has killed for want of memory; older than Linux 4.13 it does not say.
fn oom_kills() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/vmstat").ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// Does not outlive a panic of whoever takes what comes out.
struct Mortal(Child);

impl Drop for Mortal {
    fn drop(&mut self) {
        // Nothing is done to one that was waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Passes on until both pipes are at their ends; `Some`: it has to be killed, and why.
fn relay(
    from: &mut File,
    words: &mut File,
    guard: &mut Guard<'_>,
    out: &mut dyn Write,
    lines: &mut Lines,
    progress: &mut dyn FnMut(Progress),
) -> Option<Cause> {
    let mut buffer = vec![0; 256 << 10];
    let (mut from_open, mut words_open) = (true, true);
    while from_open || words_open {
        let (mut from_ready, mut words_ready) = (false, false);
        {
            let wanted = |open| if open { PollFlags::IN } else { PollFlags::empty() };
            let mut ready =
                [PollFd::new(&*from, wanted(from_open)), PollFd::new(&*words, wanted(words_open))];
            // What is at its end reports that without being asked: one of the two only then.
            let part = match (from_open, words_open) {
                (true, true) => &mut ready[..],
                (true, false) => &mut ready[..1],
                _ => &mut ready[1..],
            };
            if poll(part, Some(&TICK)).is_ok() {
                from_ready = from_open && !ready[0].revents().is_empty();
                words_ready = words_open && !ready[1].revents().is_empty();
            }
        }
        if words_ready {
            match words.read(&mut buffer) {
                Ok(0) | Err(_) => words_open = false,
                Ok(count) => lines.push(&buffer[..count], progress),
            }
        }
        if from_ready {
            match from.read(&mut buffer) {
                Ok(0) | Err(_) => from_open = false,
                Ok(count) => {
                    guard.heard(&buffer[..count]);
                    lines.passed += count as u64;
                    if let Err(error) = out.write_all(&buffer[..count]) {
                        return Some(Cause::Refused(fault::unwrap(error)));
                    }
                }
            }
        }
        if let Some(cause) = guard.look(progress) {
            return Some(cause);
        }
    }
    None
}

/// It has closed its pipes, and is about to end: within its limits. It stays to be reaped by its number.
fn linger(child: &mut Child, guard: &mut Guard<'_>, progress: &mut dyn FnMut(Progress)) -> Option<Cause> {
    let pid = Pid::from_raw(child.id().cast_signed())?;
    let until = Instant::now() + LINGER;
    loop {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        match waitid(WaitId::Pid(pid), look) {
            Ok(None) => {}
            // It has ended, or somebody else has reaped it.
            Ok(Some(_)) | Err(_) => return None,
        }
        let late = Instant::now() > until;
        if let Some(cause) = guard.look(progress).or(late.then_some(Cause::Late)) {
            let _ = child.kill();
            return Some(cause);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What it says on stderr: how far it is, and its last words.
#[derive(Default)]
struct Lines {
    words: Vec<u8>,
    line: Vec<u8>,
    passed: u64,
}

impl Lines {
    fn push(&mut self, bytes: &[u8], progress: &mut dyn FnMut(Progress)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(&piece[..piece.len().min(WORDS)]);
            if self.line.ends_with(b"\n") || self.line.len() > WORDS {
                self.end_line(progress);
            }
        }
    }

    fn end_line(&mut self, progress: &mut dyn FnMut(Progress)) {
        let line = std::mem::take(&mut self.line);
        let text = str::from_utf8(&line).unwrap_or_default();
        if let Some((done, total)) =
            text.strip_prefix(PROGRESS).and_then(|rest| rest.trim_end().split_once(' '))
        {
            if let (Ok(done), Ok(total)) = (done.parse(), total.parse()) {
                progress(Progress::Working { done, total });
            }
            return;
        }
        self.words.extend_from_slice(&line);
        let over = self.words.len().saturating_sub(WORDS);
        self.words.drain(..over);
    }

    fn words(&mut self) -> String {
        self.words.append(&mut self.line);
        String::from_utf8_lossy(&self.words).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_progress_are_no_last_words() {
        let mut lines = Lines::default();
        let mut told = Vec::new();
        for piece in ["heapwarden-prog", "ress 3 10\nFATAL", " ERROR\nheapwarden-progress x 1\nend"] {
            lines.push(piece.as_bytes(), &mut |progress| told.push(progress));
        }
        assert_eq!(told, [Progress::Working { done: 3, total: 10 }]);
        assert_eq!(lines.words(), "FATAL ERROR\nend");
        lines.push(&vec![b'x'; 10 * WORDS], &mut |_| {});
        assert!(lines.words().len() <= 2 * WORDS + 1);
    }
}
