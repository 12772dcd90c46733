//! Makes the copy harmless to the process it was copied from.

use std::os::fd::RawFd;

use super::watchdog;
use crate::capture::fork::prepared::Prepared;
use crate::capture::fork::priority;
use crate::capture::fork::system::write_file;
use crate::probe::limits;

/// The name in `ps`, at most 15 characters.
const NAME: &std::ffi::CStr = c"heapwarden-dump";

/// In the order in which it could do harm.
///
/// # Safety
/// Only in a forked child with one thread. What is behind `prepared.temp`, `prepared.shared`, `prepared.gauge` and
/// `prepared.last_message` must stay where it is for the rest of the process.
pub unsafe fn settle(prepared: &Prepared, parent: i32) {
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
