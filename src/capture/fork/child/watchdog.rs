//! A child looks after itself, because its parent may be dead, or stopped, or may have lost the right to end it: a timer
//! asks whether it is still wanted and has time left. One whose parent has died has nobody who would see it hang, crash or
//! eat the memory either: the timer asks for that too. Whatever ends it takes its file along. Where it is stopped no handler
//! runs: so when its time is over a second timer lets it go on, to look at the clock. The last word is the kernel's: it
//! kills a child that has not looked for [`BLIND`] (one that waits for a network's disk that is gone hears no other signal),
//! that does not come to its end, or that has used more time of a CPU than it had at all.
//!
//! Time in which it stood still does not count (SIGSTOP, a cgroup's freezer), a few times: a slow disk looks the same. A kill by
//! the clock would meet a group that was frozen the moment it is thawed, so that one is far off.

use std::ffi::{c_char, c_int};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::last_message::LastMessage;
use crate::capture::budget::RESERVE;
use crate::capture::fork::hang::CIRCLES;
use crate::capture::fork::prepared::Prepared;
use crate::capture::fork::priority;
use crate::capture::fork::shared_page::SharedPage;
use crate::probe::cgroup::gauge::Gauge;

/// Seconds without CPU time. A disk can make it wait, and so can a busy machine.
const STILL: u64 = 30;
/// Says to whoever reaps it: it hung.
pub const HUNG: c_int = 3;
/// It was told to end.
pub const UNWANTED: c_int = 4;
/// Its time was over.
pub const LATE: c_int = 5;
/// Too little memory was left.
pub const STARVING: c_int = 6;
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
/// V8's own end is SIGABRT or SIGTRAP.
const CRASHES: [c_int; 6] =
    [libc::SIGABRT, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGSEGV, libc::SIGTRAP];

static PARENT: AtomicI32 = AtomicI32::new(0);
static TEMP: AtomicPtr<c_char> = AtomicPtr::new(std::ptr::null_mut());
/// The descriptor of its folder.
static FOLDER: AtomicI32 = AtomicI32::new(-1);
static MESSAGE: AtomicPtr<LastMessage> = AtomicPtr::new(std::ptr::null_mut());
static SHARED: AtomicPtr<SharedPage> = AtomicPtr::new(std::ptr::null_mut());
static GAUGE: AtomicPtr<Gauge> = AtomicPtr::new(std::ptr::null_mut());
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
static CPU: AtomicU64 = AtomicU64::new(0);
static SECONDS: AtomicU64 = AtomicU64::new(0);
/// All that can only grow while it gets on, and the CPU time when it last did.
static GONE: AtomicU64 = AtomicU64::new(0);
static GONE_AT: AtomicU64 = AtomicU64::new(0);

/// Starts the timer, and handles crashes.
///
/// # Safety
/// Only in the forked child. What is behind `prepared.temp`, `prepared.shared`, `prepared.gauge` and
/// `prepared.last_message` must stay where it is for the rest of the process.
pub unsafe fn watch_over(prepared: &Prepared, parent: c_int) {
    PARENT.store(parent, Ordering::Relaxed);
    TEMP.store(prepared.temp.as_ptr().cast_mut(), Ordering::Relaxed);
    SHARED.store(Arc::as_ptr(&prepared.shared).cast_mut(), Ordering::Relaxed);
    FOLDER.store(prepared.folder, Ordering::Relaxed);
    GAUGE.store((&raw const *prepared.gauge).cast_mut(), Ordering::Relaxed);
    let message = prepared.last_message.as_deref().map_or(std::ptr::null(), |message| &raw const *message);
    MESSAGE.store(message.cast_mut(), Ordering::Relaxed);
    let terms = &prepared.terms;
    let left = terms.deadline.saturating_duration_since(Instant::now()) + PARENTS;
    DEADLINE.store(now().saturating_add(milliseconds(left)), Ordering::Relaxed);
    // A month is never; and no overflow.
    ALONE.store(milliseconds(terms.orphaned).min(30 * 86_400_000), Ordering::Relaxed);
    LOOKED.store(now(), Ordering::Relaxed);
    limit_cpu(left.max(terms.orphaned));
    WAKER.store(make_timer(libc::SIGCONT), Ordering::Relaxed);
    KILLER.store(make_timer(libc::SIGKILL), Ordering::Relaxed);
    set_waker();
    kill_in(BLIND);
    for signal in CRASHES {
        // SAFETY: `crash` only makes async-signal-safe calls.
        unsafe { handle(signal, crash, libc::SA_RESETHAND | libc::SA_NODEFER | libc::SA_ONSTACK) };
    }
    // SAFETY: as above, `look`.
    unsafe { handle(libc::SIGALRM, look, libc::SA_RESTART) };
    let second = libc::timeval { tv_sec: 1, tv_usec: 0 };
    let every = libc::itimerval { it_interval: second, it_value: second };
    // SAFETY: the value lives for the call.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &every, std::ptr::null_mut()) };
}

/// # Safety
/// `handler` makes async-signal-safe calls only.
unsafe fn handle(signal: c_int, handler: extern "C" fn(c_int), flags: c_int) {
    // SAFETY: an all-zero sigaction is a valid one on Linux: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = flags;
    // SAFETY: as the caller vouches.
    unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) };
}

fn remove_file() {
    let temp = TEMP.load(Ordering::Relaxed);
    if !temp.is_null() {
        // SAFETY: a NUL-terminated name that lives as long as the process. Async-signal-safe. By the folder's descriptor:
        // it may have been moved.
        unsafe { libc::unlinkat(FOLDER.load(Ordering::Relaxed), temp, 0) };
    }
}

/// The handler of signals that end it: nobody else may be there to remove the file.
extern "C" fn crash(signal: c_int) {
    remove_file();
    kill_in(ENDING);
    say_of_file(match signal {
        libc::SIGABRT | libc::SIGTRAP => "it was aborted, as V8 does when it gets no more memory",
        _ => "it crashed",
    });
    // SAFETY: async-signal-safe. The kernel's own handling is in place again: this does not return.
    unsafe { libc::raise(signal) };
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// ms of the monotonic clock. Async-signal-safe.
fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` lives for the call.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
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
    let alone = now() + ALONE.load(Ordering::Relaxed);
    let at = DEADLINE.load(Ordering::Relaxed).min(alone) + milliseconds(LAST);
    set_timer(WAKER.load(Ordering::Relaxed), at);
}

/// Unless it is put off again until then. Async-signal-safe.
fn kill_in(ms: u64) {
    set_timer(KILLER.load(Ordering::Relaxed), now() + ms);
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
    let now = now();
    let gap = now.saturating_sub(LOOKED.swap(now, Ordering::Relaxed));
    if gap > STOPPED && PUT_OFF.fetch_add(1, Ordering::Relaxed) < PUT_OFFS {
        DEADLINE.store(DEADLINE.load(Ordering::Relaxed).saturating_add(gap), Ordering::Relaxed);
    }
}

/// The file gets its name now, with the time that takes: nothing may say any more that there is none.
pub fn publishing() {
    let never = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let none = libc::itimerval { it_interval: never, it_value: never };
    // SAFETY: the value lives for the call.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &none, std::ptr::null_mut()) };
    kill_in(BLIND);
}

/// The message, if the service has died: while it lives it hears of everything itself.
fn message() -> Option<&'static LastMessage> {
    // SAFETY: they live as long as the process.
    is_orphan().then(|| unsafe { MESSAGE.load(Ordering::Relaxed).as_ref() })?
}

/// Says for a dead service what became of its file. Async-signal-safe.
pub fn say_of_file(what: &str) {
    if let Some(message) = message() {
        message.say_of_file(what);
    }
}

/// Says for a dead service why it has no file. Async-signal-safe.
pub fn say(why: &str) {
    if let Some(message) = message() {
        message.say(why);
    }
}

fn is_orphan() -> bool {
    // SAFETY: no arguments, no failure.
    (unsafe { libc::getppid() }) != PARENT.load(Ordering::Relaxed)
}

/// Ends this process and its file. Async-signal-safe.
fn end(status: c_int) -> ! {
    remove_file();
    kill_in(ENDING);
    match status {
        HUNG => say_of_file("it got nowhere any more"),
        LATE => say_of_file("its time was over before it was done"),
        STARVING => say_of_file("too little memory was left"),
        // Whoever did not want it knows.
        _ => {}
    }
    // SAFETY: ends the process without running anything of it.
    unsafe { libc::_exit(status) }
}

/// Whether so little memory is left that the kernel would soon take somebody's life.
fn starving() -> bool {
    // SAFETY: the gauge lives as long as the process.
    let gauge = unsafe { GAUGE.load(Ordering::Relaxed).as_ref() };
    gauge.and_then(Gauge::room).is_some_and(|room| room < RESERVE)
}

/// The handler of the timer: no allocation, no lock.
extern "C" fn look(_: c_int) {
    // SAFETY: this thread's own.
    let before = unsafe { *libc::__errno_location() };
    look_around();
    // What was interrupted may be about to read it.
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = before };
}

fn look_around() {
    // SAFETY: the shared page and its keeper live as long as the process.
    if unsafe { SHARED.load(Ordering::Relaxed).as_ref() }.is_some_and(SharedPage::ended) {
        end(UNWANTED);
    }
    leave_out_standstill();
    kill_in(BLIND);
    set_waker();
    if now() >= DEADLINE.load(Ordering::Relaxed) {
        end(LATE);
    }
    let orphan = is_orphan();
    priority::look(orphan);
    if !orphan {
        return;
    }
    // From the first look on: later ones give a later time.
    DEADLINE.fetch_min(now() + ALONE.load(Ordering::Relaxed), Ordering::Relaxed);
    if starving() {
        end(STARVING);
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` lives for the call, which is async-signal-safe.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    // This handler uses some itself: milliseconds are coarse enough not to see it.
    let cpu = time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000;
    let gone = gone();
    if gone != GONE.swap(gone, Ordering::Relaxed) {
        GONE_AT.store(cpu, Ordering::Relaxed);
    }
    let circles = cpu.saturating_sub(GONE_AT.load(Ordering::Relaxed)) >= CIRCLES.as_millis() as u64;
    let still = if cpu > CPU.swap(cpu, Ordering::Relaxed) {
        SECONDS.store(0, Ordering::Relaxed);
        false
    } else {
        SECONDS.fetch_add(1, Ordering::Relaxed) + 1 >= STILL
    };
    if circles || still {
        end(HUNG);
    }
}

fn gone() -> u64 {
    // SAFETY: the shared page and its keeper live as long as the process.
    let shared = unsafe { SHARED.load(Ordering::Relaxed).as_ref() };
    let (walked, _, written) = shared.map_or((0, 0, 0), SharedPage::read);
    // SAFETY: an all-zero rusage is a valid one.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: a plain system call; the value lives for it.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    walked + written + usage.ru_minflt as u64 + usage.ru_majflt as u64
}
