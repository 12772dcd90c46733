//! Watches the child from outside: reaps it, sees it hang, sees it eat the memory, ends it in time. Its deadline is
//! absolute: nothing that could wait for the child is done on the thread that minds it, and the answer does not wait
//! until a child that was killed has come to its end, which takes memory and a processor.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::child_handle::Child;
use super::child_memory::{ChildLimits, is_scarce, measure, starving};
use super::hang::{HangDetector, cpu_of};
use super::reap::{DYING, kill, reap_later};
use super::verdict::{ChildEnd, verdict};
use super::waiting::Waiting;
use crate::capture::permit::Permit;
use crate::error::Error;
use crate::probe::cgroup::{self, Cgroup};

/// How often it is looked at.
const TICK: Duration = Duration::from_millis(100);
/// The same when memory [is scarce](is_scarce): so long the service, and what it changes of what it shares with the child, may
/// grow unseen. What the child itself allocates is limited by the kernel.
const SCARCE_TICK: Duration = Duration::from_millis(20);
/// Counting its private memory walks its page tables.
const MEMORY_EVERY: Duration = Duration::from_millis(500);
/// Kept of its stderr: the end says most.
const STDERR_KEPT: usize = 4096;

/// How far a child is.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Objects that V8 has walked.
    pub walked: u64,
    /// Objects to walk.
    pub to_walk: u64,
    /// Bytes of JSON, or of an image, that it has written.
    pub written: u64,
    /// It reads what it has written.
    pub reads: bool,
}

/// Watches until the child has ended and is reaped, or its file is whole, or it has said what it was to say. `progress` hears how far
/// it is once a tick.
pub fn supervise(
    child: &Child,
    permit: &Permit,
    limits: &ChildLimits,
    mut progress: impl FnMut(Seen),
) -> ChildEnd {
    let _looking = permit.looking();
    let mut put_back = false;
    let outcome = look_after(child, permit, limits, |seen| {
        put_back = put_back || child.marks.put_back();
        progress(seen);
    });
    child.watched.store(true, std::sync::atomic::Ordering::Release);
    while !put_back {
        put_back = child.marks.put_back();
    }
    outcome
}

fn look_after(
    child: &Child,
    permit: &Permit,
    limits: &ChildLimits,
    mut progress: impl FnMut(Seen),
) -> ChildEnd {
    let Some(pid) = Pid::from_raw(child.pid) else {
        return ChildEnd::Failed(Error::CaptureFailed("fork gave no process id".into()));
    };
    let group = Cgroup::detect();
    let mut stderr = Vec::new();
    let mut hang = HangDetector::new();
    let mut private = None;
    let mut memory_at = Instant::now();
    let mut measured: Option<Receiver<Option<u64>>> = None;
    let mut ended_for: Option<(ChildEnd, Instant)> = None;
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
                (Some(_), ChildEnd::Done { published: Some(_), .. }) => outcome,
                (Some((outcome, _)), _) => outcome,
                (None, _) if status.is_some() => in_time(outcome, permit),
                (None, _) => outcome,
            };
        }
        if child.shared.completed() && ended_for.is_none() {
            let waiting = Waiting::new(pid, child.shared.clone());
            // It keeps its memory while it waits. Where that is scarce the service goes first.
            let waiting = (!is_scarce(cgroup::headroom(group.as_ref()))).then_some(waiting);
            return ChildEnd::Done { private, cpu: cpu_of(child.pid), published: None, waiting };
        }
        let (walked, to_walk, written) = child.shared.read();
        let steps = child.shared.steps();
        progress(Seen { walked, to_walk, written, reads: steps > 0 });
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
            Some(ChildEnd::Failed(permit.reason()))
        } else if let Some(how) = hang.look(child.pid, [walked, to_walk, written + steps]) {
            Some(ChildEnd::Broken(Error::CaptureFailed(how.into())))
        } else {
            let room = cgroup::headroom(group.as_ref());
            tick = if is_scarce(room) { SCARCE_TICK } else { TICK };
            starving(room, limits, private).map(ChildEnd::Failed)
        };
        if let Some(outcome) = outcome {
            // Where the service has changed its user since, the kernel refuses the signal: then the page tells it.
            child.shared.end();
            if permit.demand.is_given_up() {
                // Perhaps because the service ends, which leaves nobody to do it after the kill.
                child.discard();
            }
            kill(pid);
            ended_for = Some((outcome, Instant::now()));
        }
    }
}

/// A child that ended itself because its time was over, or because it was told to, says less than we know.
fn in_time(outcome: ChildEnd, permit: &Permit) -> ChildEnd {
    match outcome {
        ChildEnd::Done { .. } => outcome,
        _ if !permit.is_open() => ChildEnd::Failed(permit.reason()),
        _ => outcome,
    }
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
