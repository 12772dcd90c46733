//! Whether a child gets nowhere, as far as can be seen from outside.

use std::io::Read;
use std::time::{Duration, Instant};

/// Asleep on a lock without any CPU time for so long: nobody will wake it, it has only one thread.
const STILL: Duration = Duration::from_millis(700);
/// On the CPU for so long, and no object walked, no byte written, no page touched for the first time: it goes round in a
/// loop that only another thread could end.
pub const CIRCLES: Duration = Duration::from_secs(10);
/// Of `/proc/PID/stat`, a second: what Linux tells user space, whatever its own clock does.
const TICKS: u64 = 100;
/// Asleep whenever it is looked at, and none of that either: it asks again and again for what only another thread could
/// give. A child that gets no CPU is not asleep, nor is one that waits for a disk.
const ASLEEP: Duration = Duration::from_secs(30);

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
pub(super) struct HangDetector {
    cpu: Option<u64>,
    since: Instant,
    /// Page faults and progress when there was some last, and the CPU ticks then.
    gone: (u64, [u64; 3], u64),
    /// When it was last seen awake, or further.
    awake: Instant,
}

impl HangDetector {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { cpu: None, since: now, gone: Default::default(), awake: now }
    }

    /// How it hangs, if it does for certain.
    pub(super) fn look(&mut self, pid: i32, progress: [u64; 3]) -> Option<&'static str> {
        let stat = stat(pid)?;
        if let Some(how) = self.nowhere(stat, progress, Instant::now()) {
            return Some(how);
        }
        if stat.state != b'S' || self.cpu != Some(stat.cpu) {
            self.cpu = Some(stat.cpu);
            self.since = Instant::now();
            return None;
        }
        (self.since.elapsed() >= STILL && waits_for_a_lock(pid))
            .then_some("it waited for a lock nobody holds")
    }

    /// How it has spent its time for nothing, if it has.
    fn nowhere(&mut self, stat: Stat, progress: [u64; 3], now: Instant) -> Option<&'static str> {
        let (faults, before, since) = self.gone;
        let further = (faults, before) != (stat.faults, progress);
        if further {
            self.gone = (stat.faults, progress, stat.cpu);
        }
        if further || stat.state != b'S' {
            self.awake = now;
        }
        if !further && stat.cpu.saturating_sub(since) >= CIRCLES.as_secs() * TICKS {
            return Some("it ran in circles");
        }
        (now.saturating_duration_since(self.awake) >= ASLEEP).then_some("it slept and got nowhere")
    }
}

/// How long it has been on a processor.
pub(super) fn cpu_of(pid: i32) -> Option<Duration> {
    Some(Duration::from_millis(stat(pid)?.cpu * 1000 / TICKS))
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
        assert!(b"RSD".contains(&before.state));
        let touched = vec![1_u8; 4 << 20];
        let after = stat(std::process::id() as i32).unwrap();
        assert!(after.faults > before.faults && touched[touched.len() - 1] == 1);
    }

    #[test]
    fn who_uses_the_cpu_for_nothing_goes_in_circles() {
        const CIRCLES: u64 = 1000;
        let mut hang = HangDetector::new();
        let now = Instant::now();
        let mut circles = |cpu, faults, walked| {
            hang.nowhere(Stat { state: b'R', cpu, faults }, [walked, 10, 0], now).is_some()
        };
        assert!(!circles(5, 100, 1));
        assert!(!circles(CIRCLES + 4, 100, 1), "not yet");
        assert!(circles(CIRCLES + 5, 100, 1));
        assert!(!circles(CIRCLES + 6, 101, 1), "it touched a page");
        assert!(!circles(2 * CIRCLES + 5, 101, 2), "it walked on");
        assert!(!circles(3 * CIRCLES, 101, 2));
        assert!(circles(3 * CIRCLES + 5, 101, 2));
    }

    #[test]
    fn who_only_sleeps_gets_nowhere() {
        let mut hang = HangDetector::new();
        let begin = Instant::now();
        let mut nowhere = |seconds, state, cpu, walked| {
            let at = begin + Duration::from_secs(seconds);
            hang.nowhere(Stat { state, cpu, faults: 7 }, [walked, 10, 0], at).is_some()
        };
        assert!(!nowhere(1, b'S', 1, 1));
        assert!(!nowhere(30, b'S', 9, 1), "not yet");
        assert!(nowhere(31, b'S', 10, 1), "some CPU time is no progress");
        assert!(!nowhere(31, b'S', 10, 2), "it walked on");
        assert!(!nowhere(60, b'R', 10, 2), "it got no CPU, on a busy machine");
        assert!(!nowhere(89, b'D', 10, 2), "the disk was slow");
        assert!(!nowhere(110, b'S', 10, 2));
        assert!(nowhere(119, b'S', 10, 2));
    }
}
