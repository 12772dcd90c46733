//! Watches the child from outside: reaps it, sees it hang, sees it eat the memory, ends it in time. Its deadline is
//! absolute: nothing that could wait for the child is done on the thread that minds it, and the answer does not wait
//! until a child that was killed has come to its end, which takes memory and a processor.

use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, kill_process, pidfd_open, waitpid};

use super::child::{run as child, watchdog};
use super::hang::HangDetector;
use super::prepared::Child;
use super::waiting::Waiting;
use crate::capture::budget::RESERVE;
use crate::capture::permit::{self, Permit};
use crate::error::Error;
use crate::probe::cgroup::{self, Cgroup};
use crate::units::print_bytes;

/// How often it is looked at.
const TICK: Duration = Duration::from_millis(100);
/// The same when less than [`SCARCE`] is free: so long the service, and what it changes of what it shares with the child, may
/// grow unseen. What the child itself allocates is limited by the kernel.
const SCARCE_TICK: Duration = Duration::from_millis(20);
const SCARCE: u64 = 256 << 20;
/// Counting its private memory walks its page tables.
const MEMORY_EVERY: Duration = Duration::from_millis(500);
/// What a killed child has until the answer is given without it. It is reaped later then.
pub(super) const DYING: Duration = Duration::from_secs(1);
/// Kept of its stderr: the end says most.
const STDERR_KEPT: usize = 4096;

/// What V8, C++ and Rust say when an allocation fails, in small letters: V8 says it in both. The one exception of C++ that is
/// thrown where there are none, by `new`, is foreign to Rust.
const OUT_OF_MEMORY: [&str; 4] = ["out of memory", "bad_alloc", "memory allocation of", "foreign exception"];

/// How a child ended.
#[derive(Debug)]
pub enum Outcome {
    /// The file is finished. `private`: the most memory that was its own, bytes.
    Done {
        /// Bytes; `None` if it was too quick to be measured.
        private: Option<u64>,
        /// The name that the child has given it, for the service has changed its user.
        published: Option<String>,
        /// It has not ended yet: to be dropped when the file has its name.
        waiting: Option<Waiting>,
    },
    /// It hung, and was ended, or crashed: another fork may do better.
    Broken(Error),
    /// It failed, for a reason that another fork would meet again.
    Failed(Error),
}

/// Limits on a child.
pub struct ChildLimits {
    /// Bytes of private memory; `None`: what the container has left.
    pub memory: Option<u64>,
}

/// Watches until the child has ended and is reaped, or its file is whole. `progress(walked, to walk, written)` once a tick.
pub fn supervise(
    child: &Child,
    permit: &Permit,
    limits: &ChildLimits,
    mut progress: impl FnMut(u64, u64, u64),
) -> Outcome {
    let _looking = permit.looking();
    let mut put_back = false;
    let outcome = look_after(child, permit, limits, |walked, to_walk, written| {
        put_back = put_back || child.marks.put_back();
        progress(walked, to_walk, written);
    });
    child.watched.store(true, std::sync::atomic::Ordering::Release);
    while !put_back {
        put_back = child.marks.put_back();
    }
    outcome
}

/// Ends a child that is not watched, and reaps it.
pub(super) fn see_off(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        end(pid);
        let _ = waitpid(Some(pid), WaitOptions::empty());
    }
}

fn look_after(
    child: &Child,
    permit: &Permit,
    limits: &ChildLimits,
    mut progress: impl FnMut(u64, u64, u64),
) -> Outcome {
    let Some(pid) = Pid::from_raw(child.pid) else {
        return Outcome::Failed(Error::CaptureFailed("fork gave no process id".into()));
    };
    let group = Cgroup::detect();
    let mut stderr = Vec::new();
    let mut hang = HangDetector::new();
    let mut private = None;
    let mut memory_at = Instant::now();
    let mut measured: Option<Receiver<Option<u64>>> = None;
    let mut ended_for: Option<(Outcome, Instant)> = None;
    let mut tick = SCARCE_TICK;
    loop {
        listen(child, &mut stderr, tick);
        let mut stood = permit.look();
        let left = match waitpid(Some(pid), WaitOptions::NOHANG) {
            Ok(Some((_, status))) => Some(Some(status)),
            Ok(None) => None,
            // Somebody in this process waits for any child, and took ours. The file tells how it ended.
            Err(_) => Some(None),
        };
        if let Some(status) = left {
            while listen(child, &mut stderr, Duration::ZERO) {}
            // Its file is whole, however it has ended since: unless it was told to, and has taken it along.
            let whole = child.shared.completed() && !child.shared.ended();
            let status = if whole { None } else { status };
            let outcome = verdict(status, private, &stderr);
            return match (ended_for, &outcome) {
                // It has published its file before it heard of its end.
                (Some(_), Outcome::Done { published: Some(_), .. }) => outcome,
                (Some((outcome, _)), _) => outcome,
                (None, _) if status.is_some() => in_time(outcome, permit),
                (None, _) => outcome,
            };
        }
        if child.shared.completed() && ended_for.is_none() {
            let waiting = Waiting::new(pid, child);
            // It keeps its memory while it waits. Where that is scarce the service goes first.
            let waiting = (!is_scarce(cgroup::headroom(group.as_ref()))).then_some(waiting);
            return Outcome::Done { private, published: None, waiting };
        }
        let (walked, to_walk, written) = child.shared.read();
        progress(walked, to_walk, written);
        if let Some((outcome, since)) = ended_for.take() {
            if since.elapsed() >= DYING && reap_later(pid) {
                return outcome;
            }
            // Once more, should it not have been allowed the first time; its own timer and the page are left besides.
            let _ = kill_process(pid, Signal::KILL);
            ended_for = Some((outcome, since));
            continue;
        }
        if let Some(Ok(bytes)) = measured.as_ref().map(Receiver::try_recv) {
            private = private.max(bytes);
            measured = None;
        }
        if measured.is_none() && memory_at.elapsed() >= MEMORY_EVERY {
            memory_at = Instant::now();
            measured = measure(child.pid);
        }
        let open = permit.is_open();
        stood |= permit.look();
        if stood {
            // Perhaps its child did too.
            hang = HangDetector::new();
        }
        let outcome = if !open {
            Some(Outcome::Failed(permit.reason()))
        } else if let Some(how) = hang.look(child.pid, [walked, to_walk, written]) {
            Some(Outcome::Broken(Error::CaptureFailed(how.into())))
        } else {
            let room = cgroup::headroom(group.as_ref());
            tick = if is_scarce(room) { SCARCE_TICK } else { TICK };
            starving(room, limits, private).map(Outcome::Failed)
        };
        if let Some(outcome) = outcome {
            // Where the service has changed its user since, the kernel refuses the signal: then the page tells it.
            child.shared.end();
            if permit.demand.is_given_up() {
                // Perhaps because the service ends, which leaves nobody to do it after the kill.
                child.discard();
            }
            end(pid);
            ended_for = Some((outcome, Instant::now()));
        }
    }
}

/// Kills it, and has its memory given back at once: at idle priority it would take its time over that, and stay charged.
pub(super) fn end(pid: Pid) {
    // Before the kill: after it, the number may be nobody's.
    let handle = pidfd_open(pid, PidfdFlags::empty());
    // SAFETY: plain system calls about a child of ours that is not reaped yet; a refusal leaves it as it was.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, pid.as_raw_nonzero().get() as libc::id_t, 0);
        let ordinary = libc::sched_param { sched_priority: 0 };
        libc::sched_setscheduler(pid.as_raw_nonzero().get(), libc::SCHED_OTHER, &ordinary);
    }
    let _ = kill_process(pid, Signal::KILL);
    if let Ok(handle) = handle {
        // SAFETY: Linux 5.15; the descriptor is a process's, and frees memory of one that has been killed only.
        unsafe { libc::syscall(SYS_PROCESS_MRELEASE, handle.as_raw_fd(), 0) };
    }
}

/// The same number on every platform.
const SYS_PROCESS_MRELEASE: libc::c_long = 448;

/// A child that ended itself because its time was over, or because it was told to, says less than we know.
fn in_time(outcome: Outcome, permit: &Permit) -> Outcome {
    match outcome {
        Outcome::Done { .. } => outcome,
        _ if !permit.is_open() => Outcome::Failed(permit.reason()),
        _ => outcome,
    }
}

/// Leaves the reaping to a thread of its own; whether there is one.
pub(super) fn reap_later(pid: Pid) -> bool {
    let wait = move || {
        let _ = waitpid(Some(pid), WaitOptions::empty());
    };
    std::thread::Builder::new().name("heapwarden-reap".into()).spawn(wait).is_ok()
}

/// Asks for the child's memory on a thread of its own: the kernel makes whoever asks wait until a child that is in the
/// middle of a page fault has got its processor.
fn measure(pid: i32) -> Option<Receiver<Option<u64>>> {
    let (sender, receiver) = bounded(1);
    let ask = move || {
        let _ = sender.send(private_memory(pid));
    };
    let thread = std::thread::Builder::new().name("heapwarden-rss".into()).stack_size(128 << 10).spawn(ask);
    thread.ok().map(|_| receiver)
}

/// Reads a piece of its stderr, or waits a tick for it to say something or end. Whether it has said something.
fn listen(child: &Child, stderr: &mut Vec<u8>, tick: Duration) -> bool {
    let mut wanted = [PollFd::from_borrowed_fd(child.stderr.as_fd(), PollFlags::IN)];
    let tick = Timespec { tv_sec: 0, tv_nsec: tick.as_nanos() as _ };
    let ready = poll(&mut wanted, Some(&tick)).is_ok_and(|count| count > 0);
    if !ready {
        return false;
    }
    let mut piece = [0; 1024];
    let read = rustix::io::read(&child.stderr, &mut piece).unwrap_or(0);
    if read == 0 {
        // Closed: it has ended, or is about to. Not a tight loop until it is a zombie.
        std::thread::sleep(Duration::from_millis(2));
        return false;
    }
    stderr.extend_from_slice(&piece[..read]);
    if stderr.len() > STDERR_KEPT {
        stderr.drain(..stderr.len() - STDERR_KEPT);
    }
    true
}

fn verdict(status: Option<WaitStatus>, private: Option<u64>, stderr: &[u8]) -> Outcome {
    let stderr = String::from_utf8_lossy(stderr);
    let done = status.is_none_or(|status| status.exit_status() == Some(child::DONE));
    if done && !stderr.contains(child::MARK) {
        let published =
            stderr.rsplit_once(child::PUBLISHED).map(|(_, name)| name.trim_end_matches('\n').to_owned());
        return Outcome::Done { private, published, waiting: None };
    }
    if let Some((code, message)) =
        stderr.rsplit_once(child::MARK).and_then(|(_, line)| line.trim_end().split_once(' '))
    {
        return Outcome::Failed(Error::from_code(code, message.to_owned()));
    }
    if let Some(error) = status.and_then(WaitStatus::exit_status).and_then(own_end) {
        return error;
    }
    let how = match status.map(|status| (status.exit_status(), status.terminating_signal())) {
        Some((Some(code), _)) => format!("exited with status {code}"),
        Some((_, Some(signal))) => format!("was ended by signal {signal}"),
        _ => "ended".to_owned(),
    };
    let small = stderr.to_ascii_lowercase();
    if OUT_OF_MEMORY.iter().any(|said| small.contains(said)) {
        return Outcome::Failed(Error::MemoryBudget(format!(
            "the child that takes the snapshot needed more memory than there was for it, and {how}; raise the \
             container's limit"
        )));
    }
    let stderr = stderr.trim();
    let said = if stderr.is_empty() { String::new() } else { format!("; its last words: {stderr}") };
    let error = Error::CaptureFailed(format!("the child that takes the snapshot {how}{said}"));
    match status.and_then(WaitStatus::terminating_signal) {
        Some(libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGTRAP | libc::SIGABRT) => {
            Outcome::Broken(error)
        }
        _ => Outcome::Failed(error),
    }
}

/// How a child ended that saw itself that it had to.
fn own_end(status: i32) -> Option<Outcome> {
    Some(match status {
        watchdog::HUNG => {
            Outcome::Broken(Error::CaptureFailed("the child that takes the snapshot hung".into()))
        }
        watchdog::UNWANTED => Outcome::Failed(Error::Aborted("the snapshot was given up".into())),
        watchdog::LATE => Outcome::Failed(permit::late()),
        watchdog::STARVING => Outcome::Failed(Error::MemoryBudget(
            "too little memory was left while a snapshot was being taken; its child ended itself".into(),
        )),
        _ => return None,
    })
}

fn is_scarce(room: Option<u64>) -> bool {
    room.is_some_and(|room| room < SCARCE)
}

fn starving(room: Option<u64>, limits: &ChildLimits, private: Option<u64>) -> Option<Error> {
    if let (Some(most), Some(private)) = (limits.memory, private)
        && private > most
    {
        return Some(Error::MemoryBudget(format!(
            "the snapshot's child had taken {} of memory, memoryBudget allows {}; it was ended",
            print_bytes(private),
            print_bytes(most)
        )));
    }
    let room = room?;
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
        let stderr = format!("noise\n{}HEAPWARDEN_NO_SPACE the disk is full\n", child::MARK);
        let Outcome::Failed(error) = verdict(None, None, stderr.as_bytes()) else { panic!() };
        assert_eq!((error.code(), error.to_string().as_str()), ("HEAPWARDEN_NO_SPACE", "the disk is full"));
    }
}
