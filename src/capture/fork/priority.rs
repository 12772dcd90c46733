//! How much of the CPU a child takes from others: little as long as it gets on, its share when it does not.
//!
//! A service that leaks is busy collecting garbage, and a child that runs only when nobody else wants to would never end:
//! the evidence would be lost. So each second in which it got less than its share raises it a step. An orphan takes its
//! full share at once. Not every process may take back what it gave up: without privileges or `RLIMIT_NICE` the kernel
//! lets nobody leave the idle class or lower a nice value, and then the child gives up only what it can take
//! back: the right to interrupt others (`SCHED_BATCH`), and the place of its scheduling group.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};

use super::system::{cpu_ms, now_ms, write_file};

/// Of a second, in percent: with less it is raised.
const SHARE: u64 = 40;
/// Runs when nothing else wants to; a tenth of its share; as the service does.
const STEPS: [(libc::c_int, libc::c_int); 3] =
    [(libc::SCHED_IDLE, 19), (libc::SCHED_OTHER, 10), (libc::SCHED_OTHER, 0)];
const FULL: u8 = STEPS.len() as u8 - 1;

static STEP: AtomicU8 = AtomicU8::new(FULL);
/// The nice value to come back to, of the service.
static NICE: AtomicU8 = AtomicU8::new(0);
static RETURNS: AtomicBool = AtomicBool::new(false);
static OWN_GROUP: AtomicBool = AtomicBool::new(false);
/// ms, of the clock and of CPU time, when it was looked at last.
static LOOKED: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// Whether a process like this one may lower its nice value again: tried out by a thread that is made for it, as a limit or a
/// capability does not tell in every container. Each time anew: a service may have become another user. Not in the child.
pub fn may_return() -> bool {
    // SAFETY: plain system calls; on Linux they are about the calling thread only, which ends with it.
    let attempt = || unsafe {
        let nice = libc::getpriority(libc::PRIO_PROCESS, 0);
        libc::setpriority(libc::PRIO_PROCESS, 0, 19) == 0
            && libc::setpriority(libc::PRIO_PROCESS, 0, nice) == 0
    };
    let thread = std::thread::Builder::new().name("heapwarden-nice".into()).spawn(attempt);
    // No thread now: no risk.
    thread.is_ok_and(|thread| thread.join().unwrap_or(false))
}

/// Begins gently. `returns`: [`may_return`], asked before the fork. `own_group`: this is a session of its own, and so a
/// scheduling group of its own where the kernel makes such.
///
/// # Safety
/// Only in the forked child: it is about the whole process.
pub unsafe fn begin(returns: bool, own_group: bool) {
    // SAFETY: no memory involved.
    let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    NICE.store(nice.clamp(0, 19) as u8, Relaxed);
    RETURNS.store(returns, Relaxed);
    OWN_GROUP.store(own_group, Relaxed);
    LOOKED[0].store(now_ms(), Relaxed);
    LOOKED[1].store(cpu_ms(), Relaxed);
    STEP.store(0, Relaxed);
    apply(0);
}

/// Once a second, from a signal handler: only system calls.
pub fn look(orphan: bool) {
    let step = STEP.load(Relaxed);
    if step >= FULL {
        return;
    }
    let time = now_ms();
    let cpu = cpu_ms();
    let passed = time.saturating_sub(LOOKED[0].swap(time, Relaxed));
    let used = cpu.saturating_sub(LOOKED[1].swap(cpu, Relaxed));
    let next = next(step, orphan, passed, used);
    if next != step {
        STEP.store(next, Relaxed);
        apply(next);
    }
}

fn next(step: u8, orphan: bool, passed: u64, used: u64) -> u8 {
    if orphan {
        FULL
    } else if used * 100 < passed * SHARE {
        (step + 1).min(FULL)
    } else {
        step
    }
}

fn apply(step: u8) {
    let (policy, nice) = STEPS[usize::from(step)];
    let full = step == FULL;
    let none = libc::sched_param { sched_priority: 0 };
    // SAFETY: plain system calls about this process; a refusal leaves it as it was.
    unsafe {
        if RETURNS.load(Relaxed) {
            let nice = nice.max(NICE.load(Relaxed).into());
            // Out of the idle class first, or into it at last: it is the nice value that the kernel asks about.
            libc::sched_setscheduler(0, policy, &none);
            libc::setpriority(libc::PRIO_PROCESS, 0, nice);
        } else {
            libc::sched_setscheduler(0, if full { libc::SCHED_OTHER } else { libc::SCHED_BATCH }, &none);
        }
        // IOPRIO_WHO_PROCESS, self: class idle, or none, which goes by the nice value.
        libc::syscall(libc::SYS_ioprio_set, 1, 0, if full { 0 } else { 3 << 13 });
    }
    // As a group it would be the service's equal: nice and the idle class count inside a group only. And the service's
    // own group is not ours to change.
    if OWN_GROUP.load(Relaxed) {
        let place: &[u8] = [b"19".as_slice(), b"10", b"0"][usize::from(step)];
        let _ = write_file(c"/proc/self/autogroup", place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gets_on_stays_where_it_is() {
        assert_eq!(next(0, false, 1000, 400), 0);
        assert_eq!(next(1, false, 1000, 990), 1);
    }

    #[test]
    fn who_does_not_rises_step_by_step() {
        assert_eq!(next(0, false, 1000, 399), 1);
        assert_eq!(next(1, false, 1000, 0), FULL);
        assert_eq!(next(FULL, false, 1000, 0), FULL);
    }

    #[test]
    fn an_orphan_stands_back_no_more() {
        assert_eq!(next(0, true, 1000, 1000), FULL);
    }

    #[test]
    fn what_was_tried_out_is_not_this_threads() {
        let nice = || {
            // SAFETY: no memory involved.
            unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
        };
        let before = nice();
        may_return();
        assert_eq!(nice(), before);
    }
}
