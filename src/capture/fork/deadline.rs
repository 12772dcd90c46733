//! What a child has to keep to, and the child's own clock for it. The last word is the kernel's: it kills a child that has
//! not looked for `BLIND` (one that waits for a network's disk that is gone hears no other signal), that does not come to
//! its end, or that has used more time of a CPU than it had at all.
//!
//! Time in which it stood still does not count (SIGSTOP, a cgroup's freezer), a few times: a slow disk looks the same. A kill
//! by the clock would meet a group that was frozen the moment it is thawed, so that one is far off.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::system::now_ms;
use crate::file::turn::Turn;

/// What a child has to keep to, also when its service is gone.
pub struct Terms {
    /// Its folder's: the child has it until it ends.
    pub turn: Arc<Turn>,
    /// It ends itself then.
    pub deadline: Instant,
    /// So long after its service at the latest.
    pub orphaned: Duration,
}

/// Left to a parent that lives: it ends the child in time, and says why.
const PARENTS: Duration = Duration::from_secs(1);
/// What the handler has before it is woken, or the kernel kills.
const LAST: Duration = Duration::from_secs(2);
/// ms between two looks, which come once a second: longer, and it did not run.
const STOPPED: u64 = 3_000;
/// So often the time in which it did not run is left out.
const PUT_OFFS: u64 = 8;
/// ms: not even the handler ran for so long.
const BLIND: u64 = 600_000;
/// ms that its end may take, when its file is gone.
const ENDING: u64 = 5_000;

/// ms of the monotonic clock: when it must have ended.
static DEADLINE: AtomicU64 = AtomicU64::new(u64::MAX);
/// ms it has as an orphan.
static ALONE: AtomicU64 = AtomicU64::new(0);
/// ms of the monotonic clock: when it was looked at last.
static LOOKED: AtomicU64 = AtomicU64::new(0);
static PUT_OFF: AtomicU64 = AtomicU64::new(0);
/// The kernel's timers, −1 = there is none: one that lets it go on, one that kills it.
static WAKER: AtomicI32 = AtomicI32::new(-1);
static KILLER: AtomicI32 = AtomicI32::new(-1);

/// Starts the child's clock, and the kernel's timers. Only in the forked child: they are about the whole process.
pub fn begin(terms: &Terms) {
    let left = terms.deadline.saturating_duration_since(Instant::now()) + PARENTS;
    DEADLINE.store(now_ms().saturating_add(milliseconds(left)), Ordering::Relaxed);
    // A month is never; and no overflow.
    ALONE.store(milliseconds(terms.orphaned).min(30 * 86_400_000), Ordering::Relaxed);
    LOOKED.store(now_ms(), Ordering::Relaxed);
    limit_cpu(left.max(terms.orphaned));
    WAKER.store(make_timer(libc::SIGCONT), Ordering::Relaxed);
    KILLER.store(make_timer(libc::SIGKILL), Ordering::Relaxed);
    set_waker();
    kill_if_blind();
}

/// From the child's timer, at each turn. Async-signal-safe.
pub fn look() {
    leave_out_standstill();
    kill_if_blind();
    set_waker();
}

/// Whether its time is over. Async-signal-safe.
pub fn is_over() -> bool {
    now_ms() >= DEADLINE.load(Ordering::Relaxed)
}

/// Its service is dead: it has less time then. From the first look on: later ones give a later time. Async-signal-safe.
pub fn orphaned() {
    DEADLINE.fetch_min(now_ms() + ALONE.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// The kernel kills it if it does not look for so long. Async-signal-safe.
pub fn kill_if_blind() {
    kill_in(BLIND);
}

/// It ends now, and the kernel sees to that. Async-signal-safe.
pub fn kill_if_it_does_not_end() {
    kill_in(ENDING);
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Has the kernel kill this process, which has one thread, when it has run for longer than `time`.
fn limit_cpu(time: Duration) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the value lives for the call.
    if unsafe { libc::getrlimit(libc::RLIMIT_CPU, &mut limit) } == 0 {
        // A child begins with no CPU time. Both limits: at the lower one alone it would hear SIGXCPU.
        limit.rlim_max = limit.rlim_max.min(time.saturating_add(LAST).as_secs() + 1);
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: as above; about this process only.
        unsafe { libc::setrlimit(libc::RLIMIT_CPU, &limit) };
    }
}

/// A timer of the kernel's that sends this process `signal`. By system calls: old C libraries keep these functions apart.
fn make_timer(signal: c_int) -> c_int {
    // SAFETY: an all-zero sigevent is a valid one.
    let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
    event.sigev_notify = libc::SIGEV_SIGNAL;
    event.sigev_signo = signal;
    let mut timer: c_int = -1;
    // SAFETY: both values live for the call.
    let made = unsafe { libc::syscall(libc::SYS_timer_create, libc::CLOCK_MONOTONIC, &event, &mut timer) };
    if made == 0 { timer } else { -1 }
}

/// Should it be stopped then: after its deadline, or the time that an orphan has, for it does not see that it has become one.
/// Async-signal-safe.
fn set_waker() {
    let alone = now_ms() + ALONE.load(Ordering::Relaxed);
    let at = DEADLINE.load(Ordering::Relaxed).min(alone) + milliseconds(LAST);
    set_timer(WAKER.load(Ordering::Relaxed), at);
}

/// Unless it is put off again until then. Async-signal-safe.
fn kill_in(ms: u64) {
    set_timer(KILLER.load(Ordering::Relaxed), now_ms() + ms);
}

/// At `at` ms of the monotonic clock, and each second from then on. Async-signal-safe.
fn set_timer(timer: c_int, at: u64) {
    if timer < 0 {
        return;
    }
    let value = libc::timespec { tv_sec: (at / 1000) as _, tv_nsec: (at % 1000 * 1_000_000) as _ };
    let second = libc::timespec { tv_sec: 1, tv_nsec: 0 };
    let every = libc::itimerspec { it_interval: second, it_value: value };
    let none = std::ptr::null_mut::<libc::itimerspec>();
    // SAFETY: a timer of this process's; the value lives for the call.
    unsafe { libc::syscall(libc::SYS_timer_settime, timer, libc::TIMER_ABSTIME, &every, none) };
}

/// Time in which it did not run is no time it had. Async-signal-safe.
fn leave_out_standstill() {
    let now = now_ms();
    let gap = now.saturating_sub(LOOKED.swap(now, Ordering::Relaxed));
    if gap > STOPPED && PUT_OFF.fetch_add(1, Ordering::Relaxed) < PUT_OFFS {
        DEADLINE.store(DEADLINE.load(Ordering::Relaxed).saturating_add(gap), Ordering::Relaxed);
    }
}
