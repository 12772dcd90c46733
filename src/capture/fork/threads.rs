//! Whether V8's worker threads sleep: one that is in the middle of a job would not exist in the child, which
//! would wait for it.

use std::time::{Duration, Instant};

/// The threads to look at, found off the JavaScript thread.
#[derive(Debug, Clone, Default)]
pub struct Workers(Vec<u32>);

fn name(task: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/self/task/{task}/comm"))
        .ok()
        .map(|name| name.trim_end().to_owned())
}

/// The state letter of `/proc/self/task/N/stat`, behind the name in parentheses.
fn state(stat: &[u8]) -> Option<u8> {
    let close = stat.iter().rposition(|byte| *byte == b')')?;
    stat.get(close + 2).copied()
}

/// Whether `/proc/self/task/N/syscall` shows a thread that waits on a condition variable: for work. One that
/// waits for a mutex sleeps as well, but is in the middle of something.
fn waits_for_work(call: &str) -> bool {
    let mut words = call.split_ascii_whitespace();
    let futex = words.next().and_then(|number| number.parse().ok()) == Some(libc::SYS_futex);
    let mut argument = || i64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    let (_address, operation, expected) = (argument(), argument(), argument());
    match operation.map(|operation| operation as i32 & libc::FUTEX_CMD_MASK) {
        Some(libc::FUTEX_WAIT_BITSET) => futex,
        // glibc before 2.30. It waits for a mutex this way too, and then expects 2: locked, with others waiting.
        Some(libc::FUTEX_WAIT) => futex && expected == Some(0),
        _ => false,
    }
}

/// A thread that has ended is idle too.
fn idle(task: u32) -> bool {
    if let Ok(call) = std::fs::read_to_string(format!("/proc/self/task/{task}/syscall")) {
        return waits_for_work(&call);
    }
    // Some kernels do not tell.
    let stat = std::fs::read(format!("/proc/self/task/{task}/stat"));
    stat.map_or(true, |stat| state(&stat) == Some(b'S'))
}

/// Where V8's threads have no name of their own (Node 20 and 22) they are the first that were started, behind
/// the one for delayed tasks.
const DELAYED: usize = 1;
/// Node's default `--v8-pool-size`.
const POOL: usize = 4;

fn choose(threads: &[(u32, String)], main: u32, pool: usize) -> Vec<u32> {
    let named = |wanted: fn(&str) -> bool| {
        threads.iter().filter(|(_, name)| wanted(name)).map(|(task, _)| *task).collect::<Vec<_>>()
    };
    let workers = named(|name| name.contains("V8Worker"));
    if !workers.is_empty() {
        return workers;
    }
    // Not by the main thread's own name: `process.title` changes it.
    let others = threads.iter().filter(|(task, name)| *task > main && !name.starts_with("heapwarden"));
    others.map(|(task, _)| *task).skip(DELAYED).take(pool).collect()
}

impl Workers {
    /// Finds V8's workers. `pool`: Node's `--v8-pool-size` if it was given.
    pub fn find(pool: Option<usize>) -> Self {
        let Ok(entries) = std::fs::read_dir("/proc/self/task") else { return Self::default() };
        let tasks = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut threads: Vec<(u32, String)> = tasks.filter_map(|task| Some((task, name(task)?))).collect();
        threads.sort_unstable();
        Self(choose(&threads, std::process::id(), pool.unwrap_or(POOL)))
    }

    /// Whether all wait for work now.
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
        assert_eq!(choose(&all, 100, 4), [102, 103]);
    }

    #[test]
    fn nameless_workers_are_the_first_after_the_delayed_task_thread() {
        let all = threads(&["my-app", "node", "node", "node", "node", "node", "node", "heapwarden", "node"]);
        assert_eq!(choose(&all, 100, 4), [102, 103, 104, 105]);
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

    #[test]
    fn the_state_is_behind_the_last_parenthesis() {
        assert_eq!(state(b"12 (a) b) S 1 2"), Some(b'S'));
        assert_eq!(state(b"garbage"), None);
    }
}
