//! Watches the child from outside: reaps it, sees it hang, sees it eat the memory, ends it in time.

use std::io::Read;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};

use super::Child;
use crate::capture::child;
use crate::capture::pipe::Fate;
use crate::error::Error;
use crate::probe::cgroup::{self, Cgroup};
use crate::units::print_bytes;

/// How often it is looked at.
const TICK: Duration = Duration::from_millis(100);
/// Asleep on a lock without any CPU time for so long: nobody will wake it, it has only one thread.
const STILL: Duration = Duration::from_millis(700);
/// On the CPU for so many ticks, 10 s, and no object walked, no byte written, no page touched for the first time: it goes
/// round in a loop that only another thread could end.
const CIRCLES: u64 = 1000;
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

/// What `/proc/PID/stat` shows.
#[derive(Clone, Copy, Default)]
struct Stat {
    /// One letter.
    state: u8,
    /// Ticks on the CPU.
    cpu: u64,
    /// Page faults.
    faults: u64,
}

/// A process that gets nowhere: it sleeps on a lock and uses no CPU, or uses it for nothing.
struct Stillness {
    cpu: Option<u64>,
    since: Instant,
    /// Page faults and progress when there was some last, and the CPU ticks then.
    gone: (u64, [u64; 3], u64),
}

impl Stillness {
    fn new() -> Self {
        Self { cpu: None, since: Instant::now(), gone: Default::default() }
    }

    /// How it hangs, if it does for certain.
    fn look(&mut self, pid: i32, progress: [u64; 3]) -> Option<&'static str> {
        let stat = stat(pid)?;
        if self.circles(stat, progress) {
            return Some("it ran in circles");
        }
        if stat.state != b'S' || self.cpu != Some(stat.cpu) {
            self.cpu = Some(stat.cpu);
            self.since = Instant::now();
            return None;
        }
        (self.since.elapsed() >= STILL && waits_for_a_lock(pid))
            .then_some("it waited for a lock nobody holds")
    }

    fn circles(&mut self, stat: Stat, progress: [u64; 3]) -> bool {
        let (faults, before, since) = self.gone;
        if (faults, before) != (stat.faults, progress) {
            self.gone = (stat.faults, progress, stat.cpu);
            return false;
        }
        stat.cpu.saturating_sub(since) >= CIRCLES
    }
}

fn stat(pid: i32) -> Option<Stat> {
    let mut stat = Vec::with_capacity(512);
    std::fs::File::open(format!("/proc/{pid}/stat")).ok()?.read_to_end(&mut stat).ok()?;
    let close = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(close + 2..)?).ok()?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        state: *rest.as_bytes().first()?,
        cpu: number(11)? + number(12)?,
        faults: number(7)? + number(9)?,
    })
}

/// Whether it is in `futex`. Where the kernel does not tell, sleeping without CPU time must do: a disk that
/// makes it wait shows as state D.
fn waits_for_a_lock(pid: i32) -> bool {
    let call = std::fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    match call.split(' ').next().and_then(|number| number.parse::<i64>().ok()) {
        Some(number) => number == libc::SYS_futex,
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_state_is_read() {
        let before = stat(std::process::id() as i32).unwrap();
        assert!(b"RS".contains(&before.state));
        let touched = vec![1_u8; 4 << 20];
        let after = stat(std::process::id() as i32).unwrap();
        assert!(after.faults > before.faults && touched[touched.len() - 1] == 1);
        assert!(private_memory(std::process::id() as i32).unwrap() > 0);
    }

    #[test]
    fn who_uses_the_cpu_for_nothing_goes_in_circles() {
        let mut stillness = Stillness::new();
        let mut look =
            |cpu, faults, walked| stillness.circles(Stat { state: b'R', cpu, faults }, [walked, 10, 0]);
        assert!(!look(5, 100, 1));
        assert!(!look(CIRCLES + 4, 100, 1), "not yet");
        assert!(look(CIRCLES + 5, 100, 1));
        assert!(!look(CIRCLES + 6, 101, 1), "it touched a page");
        assert!(!look(2 * CIRCLES + 6, 101, 2), "it walked on");
        assert!(!look(3 * CIRCLES, 101, 2));
        assert!(look(3 * CIRCLES + 6, 101, 2));
    }

    #[test]
    fn last_words_become_the_error() {
        let words = format!("noise\n{}HEAPWARDEN_NO_SPACE the disk is full\n", child::MARK);
        let Outcome::Failed(error) = verdict(None, None, words.as_bytes()) else { panic!() };
        assert_eq!((error.code(), error.to_string().as_str()), ("HEAPWARDEN_NO_SPACE", "the disk is full"));
    }
}
