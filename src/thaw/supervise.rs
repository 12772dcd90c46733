//! A started loader: takes what it and its copy write, keeps them within their limits, and sees them off.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Child;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::end::{Cause, Ending};
use super::feed::Fed;
use super::needs::RESERVE;
use super::options::{Progress, ThawOptions};
use crate::file::fault;
use crate::probe::cgroup::{self, Cgroup};

/// Between two looks at time, memory and whoever may stop it.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// Bytes of its last words.
const WORDS: usize = 16 << 10;
/// How its lines begin that tell how far it is.
const PROGRESS: &str = "heapwarden-progress ";
/// A page on this architecture.
const PAGE: u64 = crate::image::format::PAGE;

/// What is watched.
pub(super) struct Watched<'a> {
    pub options: &'a ThawOptions,
    pub fed: &'a Fed,
    /// Raw bytes of the image.
    pub raw_bytes: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// Its time starts anew with each request, and stands still when all are answered.
    pub session: bool,
    pub started: Instant,
}

/// Until it has ended and is reaped. It is killed when it is over a limit, or when `out` takes no more.
pub(super) fn supervise(
    child: Child,
    watched: &Watched<'_>,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(Progress),
) -> Ending {
    let mut child = Mortal(child);
    let child = &mut child.0;
    let mut lines = Lines::default();
    let mut cause = None;
    let pipes = child.stdout.take().zip(child.stderr.take());
    if let Some((from, words)) = pipes {
        let (mut from, mut words) =
            (File::from(std::os::fd::OwnedFd::from(from)), File::from(std::os::fd::OwnedFd::from(words)));
        let _ = rustix::pipe::fcntl_setpipe_size(&from, 1 << 20);
        let mut guard = Guard::new(watched, child.id());
        cause = relay(&mut from, &mut words, &mut guard, out, &mut lines, progress);
    }
    if cause.is_some() {
        let _ = child.kill();
    }
    // Whoever closes both pipes may go on living: not for long.
    if cause.is_none() {
        cause = linger(child, watched);
    }
    let status = child.wait().ok();
    Ending { cause, status, words: lines.words(), passed: lines.passed }
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

/// It has closed its pipes, and is about to end. It stays to be reaped by its number.
fn linger(child: &mut Child, watched: &Watched<'_>) -> Option<Cause> {
    let pid = Pid::from_raw(child.id().cast_signed())?;
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        match waitid(WaitId::Pid(pid), look) {
            Ok(None) => {}
            // It has ended, or somebody else has reaped it.
            Ok(Some(_)) | Err(_) => return None,
        }
        if Instant::now() > until || watched.options.stop.stopped() {
            let _ = child.kill();
            return Some(if watched.options.stop.stopped() { Cause::Stopped } else { Cause::Late });
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Time, memory, and whoever may stop it.
struct Guard<'a> {
    watched: &'a Watched<'a>,
    statm: String,
    group: Option<Cgroup>,
    looked: Instant,
    answers: Answers,
    told: u64,
    since: Instant,
    asked: u64,
}

impl<'a> Guard<'a> {
    fn new(watched: &'a Watched<'a>, pid: u32) -> Self {
        let now = Instant::now();
        Self {
            watched,
            statm: format!("/proc/{pid}/statm"),
            group: Cgroup::detect(),
            looked: now,
            answers: Answers::default(),
            told: 0,
            since: watched.started,
            asked: 0,
        }
    }

    fn heard(&mut self, bytes: &[u8]) {
        if self.watched.session {
            self.answers.push(bytes);
        }
    }

    fn look(&mut self, progress: &mut dyn FnMut(Progress)) -> Option<Cause> {
        let Watched { options, fed, raw_bytes, memory, session, .. } = self.watched;
        let now = Instant::now();
        if options.stop.stopped() {
            return Some(Cause::Stopped);
        }
        let asked = fed.requests.load(Ordering::Relaxed);
        if *session && asked != self.asked {
            (self.asked, self.since) = (asked, now);
        }
        // Whoever asks may think about it as long as he likes.
        let loaded = fed.bytes.load(Ordering::Relaxed) >= *raw_bytes;
        let idle = *session && loaded && self.answers.count >= asked;
        if !idle && now.duration_since(self.since) > options.timeout {
            return Some(Cause::Late);
        }
        if now.duration_since(self.looked) < Duration::from_millis(50) {
            return None;
        }
        self.looked = now;
        let done = fed.bytes.load(Ordering::Relaxed);
        if done != self.told {
            self.told = done;
            progress(Progress::Loading { done: raw_bytes + done, total: raw_bytes * 2 });
        }
        // Its own limit refuses it more before: this is for what that limit does not count.
        if self.own().is_some_and(|own| own > memory.saturating_add(RESERVE)) {
            return Some(Cause::TooLarge);
        }
        if cgroup::headroom(self.group.as_ref()).is_some_and(|left| left < RESERVE / 4) {
            return Some(Cause::Starving);
        }
        None
    }

    /// Bytes of its own in memory.
    fn own(&self) -> Option<u64> {
        let text = std::fs::read_to_string(&self.statm).ok()?;
        let mut fields = text.split(' ').skip(1).map(|field| field.parse::<u64>().ok());
        let (resident, shared) = (fields.next()??, fields.next()??);
        Some(resident.saturating_sub(shared) * PAGE)
    }
}

/// Counts answers as they pass: four bytes of kind, four of length, so many of text.
#[derive(Default)]
struct Answers {
    count: u64,
    head: Vec<u8>,
    text: u64,
}

impl Answers {
    fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.text == 0 {
                let part = bytes.len().min(8 - self.head.len());
                self.head.extend_from_slice(&bytes[..part]);
                bytes = &bytes[part..];
                if let [_, _, _, _, a, b, c, d] = self.head[..] {
                    self.text = u32::from_le_bytes([a, b, c, d]).into();
                    self.head.clear();
                    self.count += u64::from(self.text == 0);
                }
                continue;
            }
            let part = self.text.min(bytes.len() as u64);
            self.text -= part;
            self.count += u64::from(self.text == 0);
            bytes = &bytes[part as usize..];
        }
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
    fn answers_are_counted_however_they_come() {
        let frame = |text: &str| [&[0; 4][..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
        let all = [frame("one"), frame(""), frame("three")].concat();
        for size in 1..all.len() {
            let mut answers = Answers::default();
            all.chunks(size).for_each(|piece| answers.push(piece));
            assert_eq!((answers.count, answers.text, answers.head.len()), (3, 0, 0), "{size}");
        }
    }

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
