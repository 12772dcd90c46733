//! Watches the child from outside: reaps it, sees it hang, sees it eat the memory, ends it in time.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};

use super::Child;
use super::stillness::Stillness;
use crate::capture::child;
use crate::capture::pipe::Fate;
use crate::error::Error;
use crate::probe::cgroup::{self, Cgroup};
use crate::units::print_bytes;

/// How often it is looked at.
const TICK: Duration = Duration::from_millis(100);
/// What must stay free for the service while the child works.
const RESERVE: u64 = 32 << 20;
/// Counting its private memory walks its page tables.
const MEMORY_EVERY: Duration = Duration::from_millis(500);
/// Kept of its stderr: the end says most.
const LAST_WORDS: usize = 4096;

/// How a child ended.
#[derive(Debug)]
pub enum Outcome {
    /// The file is finished. `private`: the most memory that was its own, bytes.
    Done {
        /// Bytes; `None` if it was too quick to be measured.
        private: Option<u64>,
    },
    /// It hung, and was ended, or crashed: another fork may do better.
    Broken(Error),
    /// It failed, for a reason that another fork would meet again.
    Failed(Error),
}

/// Limits on a child.
pub struct Limits {
    /// Bytes of private memory; `None`: what the container has left.
    pub memory: Option<u64>,
}

/// Watches until the child has ended and is reaped. `progress(walked, to walk, written)` once a tick.
pub fn watch(
    child: &Child,
    fate: &Fate,
    limits: &Limits,
    mut progress: impl FnMut(u64, u64, u64),
) -> Outcome {
    let mut put_back = false;
    let outcome = look_after(child, fate, limits, |walked, to_walk, written| {
        put_back = put_back || child.marks.put_back();
        progress(walked, to_walk, written);
    });
    while !put_back {
        put_back = child.marks.put_back();
    }
    outcome
}

fn look_after(
    child: &Child,
    fate: &Fate,
    limits: &Limits,
    mut progress: impl FnMut(u64, u64, u64),
) -> Outcome {
    let Some(pid) = Pid::from_raw(child.pid) else {
        return Outcome::Failed(Error::CaptureFailed("fork gave no process id".into()));
    };
    let group = Cgroup::detect();
    let mut words = Vec::new();
    let mut stillness = Stillness::new();
    let mut private = None;
    let mut memory_at = Instant::now();
    let mut ended_for = None;
    loop {
        listen(child, &mut words);
        match waitpid(Some(pid), WaitOptions::NOHANG) {
            Ok(Some((_, status))) => {
                listen(child, &mut words);
                return ended_for.unwrap_or_else(|| verdict(Some(status), private, &words));
            }
            Ok(None) => {}
            // Somebody in this process waits for any child, and took ours. The file tells how it ended.
            Err(_) => return ended_for.unwrap_or_else(|| verdict(None, private, &words)),
        }
        let (walked, to_walk, written) = child.shared.read();
        progress(walked, to_walk, written);
        if ended_for.is_some() {
            continue;
        }
        if memory_at.elapsed() >= MEMORY_EVERY {
            memory_at = Instant::now();
            private = private.max(private_memory(child.pid));
        }
        ended_for = if !fate.is_open() {
            Some(Outcome::Failed(fate.reason()))
        } else if let Some(how) = stillness.look(child.pid, [walked, to_walk, written]) {
            Some(Outcome::Broken(Error::CaptureFailed(how.into())))
        } else {
            starving(group.as_ref(), limits, private).map(Outcome::Failed)
        };
        if ended_for.is_some() {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Reads its stderr, or waits a tick for it to say something or end.
fn listen(child: &Child, words: &mut Vec<u8>) {
    let mut wanted = [PollFd::from_borrowed_fd(child.stderr.as_fd(), PollFlags::IN)];
    let tick = Timespec { tv_sec: 0, tv_nsec: TICK.as_nanos() as _ };
    let ready = poll(&mut wanted, Some(&tick)).is_ok_and(|count| count > 0);
    if !ready {
        return;
    }
    let mut piece = [0; 1024];
    let read = rustix::io::read(&child.stderr, &mut piece).unwrap_or(0);
    if read == 0 {
        // Closed: it has ended, or is about to. Not a tight loop until it is a zombie.
        std::thread::sleep(Duration::from_millis(2));
        return;
    }
    words.extend_from_slice(&piece[..read]);
    if words.len() > LAST_WORDS {
        words.drain(..words.len() - LAST_WORDS);
    }
}

fn verdict(status: Option<WaitStatus>, private: Option<u64>, words: &[u8]) -> Outcome {
    let words = String::from_utf8_lossy(words);
    let done = status.is_none_or(|status| status.exit_status() == Some(child::DONE));
    if done && !words.contains(child::MARK) {
        return Outcome::Done { private };
    }
    if let Some((code, message)) =
        words.rsplit_once(child::MARK).and_then(|(_, line)| line.trim_end().split_once(' '))
    {
        return Outcome::Failed(Error::from_code(code, message.to_owned()));
    }
    let how = match status.map(|status| (status.exit_status(), status.terminating_signal())) {
        Some((Some(code), _)) => format!("exited with status {code}"),
        Some((_, Some(signal))) => format!("was ended by signal {signal}"),
        _ => "ended".to_owned(),
    };
    let words = words.trim();
    let said = if words.is_empty() { String::new() } else { format!("; its last words: {words}") };
    let error = Error::CaptureFailed(format!("the child that takes the snapshot {how}{said}"));
    match status.and_then(WaitStatus::terminating_signal) {
        Some(libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGTRAP | libc::SIGABRT) => {
            Outcome::Broken(error)
        }
        _ => Outcome::Failed(error),
    }
}

fn starving(group: Option<&Cgroup>, limits: &Limits, private: Option<u64>) -> Option<Error> {
    if let (Some(most), Some(private)) = (limits.memory, private)
        && private > most
    {
        return Some(Error::MemoryBudget(format!(
            "the snapshot's child had taken {} of memory, memoryBudget allows {}; it was ended",
            print_bytes(private),
            print_bytes(most)
        )));
    }
    let room = cgroup::headroom(group)?;
    (room < RESERVE).then(|| {
        Error::MemoryBudget(format!(
            "only {} of memory were left while a snapshot was being taken; its child was ended so that the \
             service lives",
            print_bytes(room)
        ))
    })
}

/// Bytes the child alone holds.
fn private_memory(pid: i32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let kilobytes = |line: &str| line.split_whitespace().nth(1)?.parse::<u64>().ok();
    let lines = text.lines().filter(|line| line.starts_with("Private_"));
    Some(lines.filter_map(kilobytes).sum::<u64>() * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_memory_is_counted() {
        assert!(private_memory(std::process::id() as i32).unwrap() > 0);
    }

    #[test]
    fn last_words_become_the_error() {
        let words = format!("noise\n{}HEAPWARDEN_NO_SPACE the disk is full\n", child::MARK);
        let Outcome::Failed(error) = verdict(None, None, words.as_bytes()) else { panic!() };
        assert_eq!((error.code(), error.to_string().as_str()), ("HEAPWARDEN_NO_SPACE", "the disk is full"));
    }
}
