//! Keeps a loader's copy within its limits: time, memory, sleep, and whoever may stop it.

use std::fs::File;
use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::asleep::Asleep;
use super::end::Cause;
use super::feed::Fed;
use super::needs::RESERVE;
use super::options::{Progress, ThawOptions};
use super::status::Status;
use crate::error::Error;
use crate::probe::cgroup::{self, Cgroup};

/// Between two looks at memory.
const PERIOD: Duration = Duration::from_millis(50);

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

/// Looks, as often as it is asked to.
pub(super) struct Guard<'a> {
    watched: &'a Watched<'a>,
    status: Status,
    group: Option<Cgroup>,
    looked: Instant,
    answers: Answers,
    asleep: Asleep,
    told: u64,
    since: Instant,
    asked: u64,
}

impl<'a> Guard<'a> {
    pub fn new(watched: &'a Watched<'a>, status: io::Result<File>) -> Self {
        Self {
            watched,
            status: Status(status),
            group: Cgroup::detect(),
            looked: Instant::now(),
            answers: Answers::default(),
            asleep: Asleep::default(),
            told: 0,
            since: watched.started,
            asked: 0,
        }
    }

    /// What the copy has written.
    pub fn heard(&mut self, bytes: &[u8]) {
        self.asleep.heard();
        if self.watched.session {
            self.answers.push(bytes);
        }
    }

    /// Why it has to end now.
    pub fn look(&mut self, progress: &mut dyn FnMut(Progress)) -> Option<Cause> {
        let Watched { options, fed, raw_bytes, memory, session, .. } = self.watched;
        let now = Instant::now();
        if options.stop.stopped() {
            return Some(Cause::Stopped);
        }
        let asked = fed.requests.load(Ordering::Relaxed);
        if *session && asked != self.asked {
            (self.asked, self.since) = (asked, now);
        }
        // In advance they would stop the clock for a question that is still to come.
        if *session && self.answers.count > asked {
            let words = "the copy answers what nobody has asked".into();
            return Some(Cause::Refused(Error::CaptureFailed(words)));
        }
        // Whoever asks may think about it as long as he likes.
        let loaded = fed.bytes.load(Ordering::Relaxed) >= *raw_bytes;
        let idle = *session && loaded && self.answers.count >= asked;
        if !idle && now.duration_since(self.since) > options.timeout {
            return Some(Cause::Late);
        }
        if now.duration_since(self.looked) < PERIOD {
            return None;
        }
        self.looked = now;
        let done = fed.bytes.load(Ordering::Relaxed);
        if done != self.told {
            self.told = done;
            progress(Progress::Loading { done: raw_bytes + done, total: raw_bytes * 2 });
        }
        // Its own limit refuses it more before: this is for what that limit does not count, what it has idle above all.
        match self.status.look() {
            Ok(look) if look.own > memory.saturating_add(RESERVE) => return Some(Cause::TooLarge),
            // A question's own code may sleep: for as long as its time allows.
            Ok(look) if loaded && !session => self.asleep.look(look.switches, now),
            Ok(_) => {}
            Err(error) => {
                let words =
                    format!("the memory of a copy cannot be watched here (/proc/PID/status): {error}");
                return Some(Cause::Refused(Error::Unsupported(words)));
            }
        }
        if self.asleep.is_for_good() {
            return Some(Cause::Asleep);
        }
        // A service beside it has to be able to go on growing.
        let others = if options.beside { RESERVE } else { RESERVE / 4 };
        if cgroup::headroom(self.group.as_ref()).is_some_and(|left| left < others) {
            return Some(Cause::Starving);
        }
        None
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
    fn it_does_not_go_on_unwatched() {
        let options = ThawOptions::new("loader".into());
        let (fed, started) = (Fed::default(), Instant::now());
        let watched =
            Watched { options: &options, fed: &fed, raw_bytes: 0, memory: 1 << 40, session: false, started };
        let mut guard = Guard::new(&watched, Err(io::Error::from_raw_os_error(libc::EACCES)));
        guard.looked = started.checked_sub(PERIOD * 2).unwrap();
        assert!(matches!(guard.look(&mut |_| {}), Some(Cause::Refused(Error::Unsupported(_)))));
    }

    #[test]
    fn answers_in_advance_are_refused() {
        let options = ThawOptions::new("loader".into());
        let (fed, started) = (Fed::default(), Instant::now());
        let watched =
            Watched { options: &options, fed: &fed, raw_bytes: 0, memory: 1 << 40, session: true, started };
        let mut guard = Guard::new(&watched, File::open("/proc/self/status"));
        fed.requests.store(1, Ordering::Relaxed);
        guard.heard(&[0; 8]);
        assert!(guard.look(&mut |_| {}).is_none());
        guard.heard(&[0; 8]);
        assert!(matches!(guard.look(&mut |_| {}), Some(Cause::Refused(Error::CaptureFailed(_)))));
    }
}
