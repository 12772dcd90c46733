//! A child looks after itself, because its parent may be dead, or stopped, or may have lost the right to end it: a timer
//! asks whether it is still wanted and has time left. One whose parent has died has nobody who would see it hang, crash or
//! eat the memory either: the timer asks for that too. Whatever ends it takes its file along. Where it is stopped no handler
//! runs: so when its time is over a second timer lets it go on, to look at the clock ([`deadline`]).

use std::ffi::{c_char, c_int};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, Ordering};

use super::last_message::LastMessage;
use crate::capture::budget;
use crate::capture::fork::child_memory::SCARCE;
use crate::capture::fork::hang::CIRCLES;
use crate::capture::fork::prepared::Prepared;
use crate::capture::fork::shared_page::SharedPage;
use crate::capture::fork::{deadline, priority, protocol, system};
use crate::probe::cgroup::gauge::Gauge;

/// Seconds without CPU time. A disk can make it wait, and so can a busy machine.
const STILL: u64 = 30;
/// Bytes that the service may change until a child that ends is gone.
const UNTIL_GONE: u64 = 2 << 20;
/// Between two looks of a child that writes an image at what is left, where that is less than [`SCARCE`], and where it is more.
const LOOK_SCARCE_MS: u64 = 2;
const LOOK_MS: u64 = 20;
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
/// Bytes that must stay free.
static RESERVE: AtomicU64 = AtomicU64::new(budget::RESERVE);
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
    RESERVE.store(prepared.reserve, Ordering::Relaxed);
    deadline::begin(&prepared.terms);
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
    deadline::kill_if_it_does_not_end();
    say_of_file(match signal {
        libc::SIGABRT | libc::SIGTRAP => "it was aborted, as V8 does when it gets no more memory",
        _ => "it crashed",
    });
    // SAFETY: async-signal-safe. The kernel's own handling is in place again: this does not return.
    unsafe { libc::raise(signal) };
}

/// The file gets its name now, with the time that takes: nothing may say any more that there is none.
pub fn publishing() {
    let never = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let none = libc::itimerval { it_interval: never, it_value: never };
    // SAFETY: the value lives for the call.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &none, std::ptr::null_mut()) };
    deadline::kill_if_blind();
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
    deadline::kill_if_it_does_not_end();
    match status {
        protocol::HUNG => say_of_file("it got nowhere any more"),
        protocol::LATE => say_of_file("its time was over before it was done"),
        protocol::STARVING => say_of_file("too little memory was left"),
        // Whoever did not want it knows.
        _ => {}
    }
    // SAFETY: ends the process without running anything of it.
    unsafe { libc::_exit(status) }
}

/// Bytes that can still be had.
fn room() -> Option<u64> {
    // SAFETY: the gauge lives as long as the process.
    unsafe { GAUGE.load(Ordering::Relaxed).as_ref() }.and_then(Gauge::room)
}

/// Whether so little memory is left that the kernel would soon take somebody's life.
fn starving() -> bool {
    room().is_some_and(|room| room < RESERVE.load(Ordering::Relaxed))
}

/// Ends this process where too little memory is left. What the service changes is copied for it meanwhile, in a collection of its whole heap
/// all of it, in tens of ms: its parent, which has to get a processor for it, may come too late. Async-signal-safe.
pub fn look_at_memory() {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let began = system::now_ms();
    if began < NEXT.load(Ordering::Relaxed) {
        return;
    }
    let Some(room) = room() else { return };
    if room < RESERVE.load(Ordering::Relaxed).saturating_add(UNTIL_GONE) {
        end(protocol::STARVING);
    }
    let now = system::now_ms();
    let pause = if room < SCARCE { LOOK_SCARCE_MS } else { LOOK_MS };
    // On a large machine the kernel may take long to tell.
    NEXT.store(now + pause.max(4 * now.saturating_sub(began)), Ordering::Relaxed);
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
        end(protocol::UNWANTED);
    }
    deadline::look();
    if deadline::is_over() {
        end(protocol::LATE);
    }
    let orphan = is_orphan();
    priority::look(orphan);
    if !orphan {
        return;
    }
    deadline::orphaned();
    if starving() {
        end(protocol::STARVING);
    }
    // This handler uses some itself: milliseconds are coarse enough not to see it.
    let cpu = system::cpu_ms();
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
        end(protocol::HUNG);
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
