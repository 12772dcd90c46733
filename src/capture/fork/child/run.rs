//! The forked child's side. Nothing here takes a lock that another thread may have held at the fork, runs
//! JavaScript or returns: it leaves with `_exit`.

use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::watchdog;
use crate::capture::fork::prepared::Prepared;
use crate::capture::fork::shared_page::SharedPage;
use crate::capture::fork::{priority, v8_workers};
use crate::capture::intake::Intake;
use crate::capture::user::User;
use crate::error::Error;
use crate::file::info::Finish;
use crate::probe::limits;
use crate::v8::profiler::{Contents, Ending, Output, snapshot};
use crate::v8::{Isolate, silence};

/// The exit status that means: the file is finished.
pub const DONE: i32 = 0;
/// The exit status that means: stderr says why not.
pub const FAILED: i32 = 1;
/// Marks our own last words on stderr, before the code.
pub const MARK: &str = "heapwarden-error ";
/// Marks the name that the child has given its file, where the service may not do that any more.
pub const PUBLISHED: &str = "heapwarden-published ";
/// What the parent has to give the file its name: it may be dying, slowly.
const NAMING: Duration = Duration::from_secs(120);
/// The same for one that is stopped.
const NAMING_STOPPED: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// The name in `ps`, at most 15 characters.
const NAME: &std::ffi::CStr = c"heapwarden-dump";

/// Takes the snapshot of the copied heap and leaves.
///
/// # Safety
/// Directly after `fork`, in the child, on the isolate's thread, outside GC callbacks.
pub unsafe fn run(
    prepared: Prepared,
    isolate: &Isolate,
    contents: Contents,
    pause_ms: f64,
    parent: i32,
) -> ! {
    silence();
    // V8 collects garbage before the snapshot. At the limit of a full heap that would end us, as it does the service.
    isolate.lift_limit();
    // SAFETY: the caller vouches that this is the child; it has one thread. The path lives as long as the process, which
    // `take` never leaves.
    unsafe { settle(&prepared, parent) };
    let status = catch_unwind(AssertUnwindSafe(|| take(prepared, isolate, contents, pause_ms, parent)));
    let status = match status {
        Ok(Ok(())) => DONE,
        Ok(Err(error)) => {
            say(&error);
            // The service has said where the file is being written, and may have died: what it cannot take back is said
            // in its place. Who gave it up knows.
            if !matches!(error, Error::Aborted(_)) {
                watchdog::say(&error.to_string());
            }
            FAILED
        }
        Err(_) => {
            watchdog::say_of_file("it stopped in the middle, for want of memory or by a defect");
            FAILED
        }
    };
    // SAFETY: no destructor of the copied process may run.
    unsafe { libc::_exit(status) }
}

fn take(
    prepared: Prepared,
    isolate: &Isolate,
    contents: Contents,
    pause_ms: f64,
    parent: i32,
) -> Result<(), Error> {
    let Prepared { intake, shared, owned, temp, last_message, terms, gauge, .. } = prepared;
    // The timer's handler still has their addresses, and the turn is ours until we are gone.
    std::mem::forget((temp, shared.clone(), gauge, last_message, terms));
    // Their descriptors were closed by number: closing them again would end us, also while a panic unwinds.
    std::mem::forget(owned);
    let mut to = ToSink { intake, shared, error: None };
    let ending = snapshot(isolate, contents, &mut to);
    let ToSink { mut intake, error, shared } = to;
    if ending != Ending::Complete {
        return Err(error
            .unwrap_or_else(|| Error::CaptureFailed("V8 ended the snapshot before it was complete".into())));
    }
    intake.finish(Finish { pause_ms, ..Finish::default() })?;
    // SAFETY: no arguments, no failure.
    let alone = unsafe { libc::getppid() } != parent;
    if shared.ended() {
        return Err(unwanted());
    }
    // One that has given up its rights since may have lost that to its folder, and we still have it.
    let changed = !alone && User::of(parent).is_some_and(|user| user != User::now());
    watchdog::publishing();
    if !alone && !changed && (!has_to_name_it(&shared, parent)? || !intake.sink().may_be_there()) {
        std::mem::forget(intake);
        return Ok(());
    }
    // The service has died: this file is what is left of it.
    let info = intake.handed_over().publish()?;
    if changed {
        tell(&format!("{PUBLISHED}{}\n", info.name()));
    }
    Ok(())
}

/// The parent gives the file its name, and ends us. Should it die before (its end may take seconds: a core is written, a
/// large process given back), nobody else is left to do it: whether that is so.
fn has_to_name_it(shared: &SharedPage, parent: i32) -> Result<bool, Error> {
    shared.complete();
    // So that it looks.
    tell("\n");
    let begin = Instant::now();
    loop {
        if shared.ended() {
            return Err(unwanted());
        }
        // SAFETY: no arguments, no failure.
        if unsafe { libc::getppid() } != parent {
            // Nobody waits for JavaScript any more: it need not stand back.
            priority::look(true);
            return Ok(true);
        }
        let waited = begin.elapsed();
        if waited >= NAMING || (waited >= NAMING_STOPPED && is_stopped(parent)) {
            // When it goes on it finds the file whole.
            return Ok(false);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Whether all of a process stands still, by SIGSTOP or a debugger.
fn is_stopped(pid: i32) -> bool {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    v8_workers::state(&stat).is_some_and(|state| b"Tt".contains(&state))
}

struct ToSink {
    intake: Intake,
    shared: Arc<SharedPage>,
    error: Option<Error>,
}

impl Output for ToSink {
    fn write(&mut self, bytes: &[u8]) -> bool {
        let result = if self.shared.ended() { Err(unwanted()) } else { self.intake.write(bytes) };
        self.shared.write(self.intake.sink().raw_bytes());
        self.error = result.err();
        self.error.is_none()
    }

    fn proceed(&mut self, done: u32, total: u32) -> bool {
        self.shared.walk(done, total);
        if self.shared.ended() {
            self.error = Some(unwanted());
        }
        self.error.is_none()
    }
}

fn unwanted() -> Error {
    Error::Aborted("the snapshot was given up while its child took it".into())
}

fn say(error: &Error) {
    tell(&format!("{MARK}{} {error}\n", error.code()));
}

/// Tells the parent.
fn tell(line: &str) {
    // SAFETY: stderr is the pipe to the parent. A short write loses words, not the exit status.
    unsafe { libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len()) };
}

/// Makes the copy harmless to the process it was copied from, in the order in which it could do harm.
///
/// # Safety
/// Only in a forked child with one thread. What is behind `prepared.temp`, `prepared.shared`, `prepared.gauge` and
/// `prepared.last_message` must stay where it is for the rest of the process.
unsafe fn settle(prepared: &Prepared, parent: i32) {
    // A copied listening socket would keep the port, a copied connection would hold back its FIN.
    // SAFETY: descriptors are numbers; the ones kept are named.
    unsafe { close_descriptors(prepared) };
    // SAFETY: as the caller vouches.
    unsafe { default_signals() };
    // SAFETY: as the caller vouches.
    unsafe { watchdog::watch_over(prepared, parent) };
    let_signals_come();
    // SAFETY: as the caller vouches: one thread, nobody waits.
    unsafe { prepared.slots.silence() };
    // The kernel should take the copy, never the service.
    let _ = write_file(c"/proc/self/oom_score_adj", b"1000");
    // SAFETY: plain system calls about this process; a refusal leaves it as it was.
    let own_group = unsafe { libc::setsid() } >= 0;
    // SAFETY: as above; the limit lives for the call.
    unsafe {
        // A core dump of it would be a second snapshot, uncompressed.
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::setrlimit(libc::RLIMIT_CORE, &none);
    }
    // At the container's limit the kernel may take another, or all; at this one it is the child that gets no more.
    if let Some(bytes) = prepared.memory {
        limits::cap(bytes);
    }
    if !prepared.urgent {
        // SAFETY: as the caller vouches.
        unsafe { priority::begin(prepared.returns, own_group) };
    }
    // At last: who finds it by its name finds it settled.
    // SAFETY: a NUL-terminated name.
    unsafe { libc::prctl(libc::PR_SET_NAME, NAME.as_ptr()) };
}

/// # Safety
/// Only in a forked child: other code of the process loses its descriptors.
unsafe fn close_descriptors(prepared: &Prepared) {
    let null = prepared.null;
    for fd in [libc::STDIN_FILENO, libc::STDOUT_FILENO] {
        // SAFETY: replaces one descriptor by another.
        unsafe { libc::dup2(null, fd) };
    }
    // SAFETY: as above.
    unsafe { libc::dup2(prepared.stderr, libc::STDERR_FILENO) };
    for fd in &prepared.eventfds {
        if !prepared.keep.contains(fd) && *fd > libc::STDERR_FILENO {
            // SAFETY: as above.
            unsafe { libc::dup2(null, *fd) };
        }
    }
    // `kept` was sorted before the fork; what lies between goes.
    let mut from: RawFd = libc::STDERR_FILENO + 1;
    for fd in prepared.kept.iter().copied().chain([RawFd::MAX]) {
        if fd > from {
            let last = if fd == RawFd::MAX { u32::MAX } else { fd as u32 - 1 };
            // SAFETY: closes numbers nobody in this process uses any more.
            let closed = unsafe { libc::syscall(libc::SYS_close_range, from as u32, last, 0) };
            if closed != 0 {
                for one in from..fd.min(65_536) {
                    // SAFETY: as above, one by one on kernels before 5.9.
                    unsafe { libc::close(one) };
                }
            }
        }
        from = fd.saturating_add(1);
    }
}

/// # Safety
/// Only in a forked child: Node's handlers would write to its pipes or run its cleanup.
unsafe fn default_signals() {
    for signal in 1..=64 {
        // As in Node: a closed pipe and a limit on file sizes are errors of a write, not the end.
        let ignored = signal == libc::SIGPIPE || signal == libc::SIGXFSZ;
        let action = if ignored { libc::SIG_IGN } else { libc::SIG_DFL };
        // SAFETY: the two standard dispositions; SIGKILL and SIGSTOP refuse.
        unsafe { libc::signal(signal, action) };
    }
}

/// One that was sent meanwhile is heard now.
fn let_signals_come() {
    // SAFETY: an all-zero set is a valid, empty one on Linux.
    let empty: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set lives for the call.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &empty, std::ptr::null_mut()) };
}

pub(in crate::capture::fork) fn write_file(path: &std::ffi::CStr, text: &[u8]) -> bool {
    // SAFETY: a NUL-terminated path.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC) };
    if fd < 0 {
        return false;
    }
    // SAFETY: `text` lives for the call.
    let written = unsafe { libc::write(fd, text.as_ptr().cast(), text.len()) };
    // SAFETY: the descriptor opened above.
    unsafe { libc::close(fd) };
    written == text.len() as isize
}
