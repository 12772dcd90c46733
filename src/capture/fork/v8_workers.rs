//! Whether V8's worker threads sleep: one that is in the middle of a job would not exist in the child, which
//! would wait for it.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::system::state;
use super::task;

/// The threads to look at, found off the JavaScript thread.
#[derive(Debug, Clone, Default)]
pub struct Workers(Vec<u32>);

fn name(task: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/self/task/{task}/comm"))
        .ok()
        .map(|name| name.trim_end().to_owned())
}

/// Whether `/proc/self/task/N/syscall` shows a thread that waits on a condition variable: for work. One that
/// waits for a mutex sleeps as well, but is in the middle of something.
fn waits_for_work(call: &str) -> bool {
    condition(call).is_some()
}

/// The address of the condition variable it waits on. The futexes of one lie within 8 bytes.
fn condition(call: &str) -> Option<i64> {
    let mut words = call.split_ascii_whitespace();
    let futex = words.next().and_then(|number| number.parse().ok()) == Some(libc::SYS_futex);
    let mut argument = || i64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    let (address, operation, expected) = (argument()?, argument(), argument());
    let waits = match operation.map(|operation| operation as i32 & libc::FUTEX_CMD_MASK) {
        Some(libc::FUTEX_WAIT_BITSET) => futex,
        // glibc before 2.30. It waits for a mutex this way too, and then expects 2: locked, with others waiting.
        Some(libc::FUTEX_WAIT) => futex && expected == Some(0),
        _ => false,
    };
    waits.then_some(address & !7)
}

/// A thread that has ended is idle too. Allocates nothing and takes no lock.
fn idle(thread: u32) -> bool {
    let mut text = [0; 512];
    if let Some(call) = task::read(thread, "syscall", &mut text) {
        return waits_for_work(call);
    }
    // Some kernels do not tell.
    task::read(thread, "stat", &mut text).is_none_or(|stat| state(stat.as_bytes()) == Some(b'S'))
}

/// Where V8's threads have no name of their own (Node 20 and 22) they are the first that were started, behind
/// the one for delayed tasks.
const DELAYED: usize = 1;
/// Node's default `--v8-pool-size`.
const POOL: usize = 4;

/// How often threads without a name are looked at, to see who waits for work together.
const LOOKS: u32 = 20;
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Those with V8's name; else all that may be.
fn choose(threads: &[(u32, String)], main: u32) -> (Vec<u32>, bool) {
    let named = |wanted: fn(&str) -> bool| {
        threads.iter().filter(|(_, name)| wanted(name)).map(|(task, _)| *task).collect::<Vec<_>>()
    };
    let workers = named(|name| name.contains("V8Worker"));
    if !workers.is_empty() {
        return (workers, true);
    }
    // Not by the main thread's own name: `process.title` changes it.
    let others = threads.iter().filter(|(task, name)| *task > main && !name.starts_with("heapwarden"));
    (others.map(|(task, _)| *task).collect(), false)
}

/// The `candidates` that wait on one condition variable, `pool` of them, each time there are: V8's workers share one, and so do
/// libuv's, which are started later. A stranger's thread (a preloaded allocator's, a tracer's) waits on its own, or never.
/// `seen`: on which each was seen, 0 = none yet.
fn groups(candidates: &[u32], seen: &[i64], pool: usize) -> Vec<Vec<u32>> {
    let mut conditions: Vec<i64> = Vec::new();
    for condition in seen.iter().copied().filter(|one| *one != 0) {
        if !conditions.contains(&condition) {
            conditions.push(condition);
        }
    }
    let members = |condition: i64| -> Vec<u32> {
        let of = candidates.iter().zip(seen).filter(move |(_, one)| **one == condition);
        of.map(|(task, _)| *task).collect()
    };
    conditions.into_iter().map(members).filter(|members| members.len() == pool).collect()
}

/// The nameless workers, and whether that is certain.
#[derive(Debug, PartialEq, Eq)]
struct Nameless(Vec<u32>, bool);

/// By what they wait on, else the first behind the thread for delayed tasks. `wait` is called between two looks.
fn nameless(candidates: &[u32], pool: usize, mut look: impl FnMut(u32) -> i64, wait: impl Fn()) -> Nameless {
    let usual: Vec<u32> = candidates.iter().copied().skip(DELAYED).take(pool).collect();
    let mut seen = vec![0; candidates.len()];
    let mut found = Vec::new();
    for round in 0..LOOKS {
        for (task, seen) in candidates.iter().zip(&mut seen) {
            match look(*task) {
                0 => {}
                condition => *seen = condition,
            }
        }
        found = groups(candidates, &seen, pool);
        // One alone that waits may be anybody.
        if pool > 1 && found.first() == Some(&usual) {
            return Nameless(usual, true);
        }
        if round + 1 < LOOKS {
            wait();
        }
    }
    // Whoever is not seen to wait is at work. V8's may be for long, and then those who wait together are libuv's.
    let mut of_usual = seen.iter().skip(DELAYED).take(pool).copied().filter(|one| *one != 0);
    let first = of_usual.next();
    let may_be = of_usual.all(|one| Some(one) == first);
    // Who is in both is V8's; two groups may be libuv's and an addon's.
    let sure = |group: &[u32]| !may_be || group.iter().any(|one| usual.contains(one));
    match found.as_slice() {
        [first, others @ ..] if pool > 1 && (sure(first) || !others.is_empty()) => {
            Nameless(first.clone(), sure(first) && !others.is_empty())
        }
        _ => Nameless(usual, false),
    }
}

/// Those without a name as they were found once for certain: V8's workers live as long as the process.
static CERTAIN: OnceLock<Vec<u32>> = OnceLock::new();

impl Workers {
    /// Finds V8's workers. `pool`: Node's `--v8-pool-size` if it was given.
    pub fn find(pool: Option<usize>) -> Self {
        let Ok(entries) = std::fs::read_dir("/proc/self/task") else { return Self::default() };
        let tasks = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut threads: Vec<(u32, String)> = tasks.filter_map(|task| Some((task, name(task)?))).collect();
        threads.sort_unstable();
        let (found, named) = choose(&threads, std::process::id());
        if named {
            return Self(found);
        }
        if let Some(known) = CERTAIN.get() {
            return Self(known.clone());
        }
        let look = |task| {
            let call = std::fs::read_to_string(format!("/proc/self/task/{task}/syscall"));
            call.ok().and_then(|call| condition(&call)).unwrap_or(0)
        };
        let Nameless(workers, certain) =
            nameless(&found, pool.unwrap_or(POOL), look, || std::thread::sleep(LOOK_AGAIN));
        if certain {
            let _ = CERTAIN.set(workers.clone());
        }
        Self(workers)
    }

    /// Finds them while they most likely sleep: later they may be at work for long, and not be told from others.
    pub fn learn(pool: Option<usize>) {
        Self::find(pool);
    }

    /// The kernel's ids of them.
    pub fn ids(&self) -> &[u32] {
        &self.0
    }

    /// Whether all wait for work now. Allocates nothing and takes no lock.
    pub fn asleep(&self) -> bool {
        self.0.iter().copied().all(idle)
    }

    /// Waits for it, at most `most`; whether it came true.
    pub fn wait(&self, most: Duration, pause: Duration) -> bool {
        let until = Instant::now() + most;
        loop {
            if self.asleep() {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(pause);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threads(names: &[&str]) -> Vec<(u32, String)> {
        names.iter().enumerate().map(|(index, name)| (100 + index as u32, (*name).to_owned())).collect()
    }

    #[test]
    fn named_workers_are_taken_by_name() {
        let all = threads(&["MainThread", "DelayedTask", "V8Worker", "V8Worker", "libuv-worker"]);
        assert_eq!(choose(&all, 100), (vec![102, 103], true));
    }

    #[test]
    fn the_main_thread_and_ours_are_no_workers() {
        let all = threads(&["my-app", "node", "node", "heapwarden", "node"]);
        assert_eq!(choose(&all, 100), (vec![101, 102, 104], false));
    }

    fn found(candidates: &[u32], pool: usize, look: impl FnMut(u32) -> i64) -> (Vec<u32>, bool) {
        let Nameless(workers, certain) = nameless(candidates, pool, look, || {});
        (workers, certain)
    }

    #[test]
    fn nameless_workers_are_those_that_wait_together() {
        // A preloaded library's two, one of which waits, the delayed tasks', V8's, libuv's.
        let candidates = [101, 102, 103, 104, 105, 106, 107, 108];
        let mut looks = 0;
        let look = |task| match task {
            101 => 40,
            103 => 24,
            104 => 16,
            105 => {
                looks += 1;
                if looks == 3 { 16 } else { 0 }
            }
            107 | 108 => 32,
            _ => 0,
        };
        assert_eq!(found(&candidates, 2, look), (vec![104, 105], false));
    }

    #[test]
    fn workers_that_are_at_work_all_the_time_are_not_taken_for_libuvs() {
        // The delayed tasks', V8's, libuv's.
        let candidates = [101, 102, 103, 104, 105];
        let waits = |task| match task {
            101 => 8,
            104 | 105 => 32,
            _ => 0,
        };
        assert_eq!(found(&candidates, 2, waits), (vec![102, 103], false));
        let one_of_them_waits = |task| if task == 103 { 16 } else { waits(task) };
        assert_eq!(found(&candidates, 2, one_of_them_waits), (vec![102, 103], false));
        let alone = |task| if task == 102 { 0 } else { i64::from(task) };
        assert_eq!(found(&[101, 102, 103, 104], 1, alone), (vec![102], false), "of one");
        let all_wait = |task| match task {
            103 | 104 => 16,
            105 | 106 => 32,
            102 => 8,
            _ => 0,
        };
        assert_eq!(found(&[101, 102, 103, 104, 105, 106], 2, all_wait), (vec![103, 104], true));
    }

    #[test]
    fn nameless_workers_that_never_wait_are_the_first_after_the_delayed_task_thread() {
        assert_eq!(found(&[101, 102, 103, 104, 105], 3, |_| 0), (vec![102, 103, 104], false));
    }

    #[test]
    fn the_usual_threads_are_looked_at_once() {
        let mut looks = 0;
        let look = |task| {
            looks += 1;
            if task == 101 { 0 } else { 8 }
        };
        assert_eq!(found(&[101, 102, 103], 2, look), (vec![102, 103], true));
        assert_eq!(looks, 3);
    }

    #[test]
    fn a_thread_that_waits_for_a_lock_is_not_idle() {
        // As seen on Node 26 with glibc 2.36; and a condition variable of glibc 2.28.
        assert!(waits_for_work("202 0x311b2800 0x189 0x0 0x0 0x0 0xffffffff 0x7ffd 0x7fc8\n"));
        assert!(waits_for_work("202 0x311b2800 0x80 0x0 0x0 0x0 0x0 0x7ffd 0x7fc8\n"));
        for busy in [
            "running\n",
            "202 0x311b27b0 0x80 0x2 0x0 0x0 0x0 0x7ffd 0x7fc8\n",
            "230 0x0 0x0 0x7fc8\n",
            "-1 0x1",
            "",
        ] {
            assert!(!waits_for_work(busy), "{busy}");
        }
    }
}
