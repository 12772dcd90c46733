//! The end of a child, from outside: kills it and reaps it.

use std::os::fd::AsRawFd;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, waitpid};

/// What a killed child has until the answer is given without it. It is reaped later then.
pub(super) const DYING: Duration = Duration::from_secs(1);

/// The same number on every platform.
const SYS_PROCESS_MRELEASE: libc::c_long = 448;

/// Kills it, and has its memory given back at once: at idle priority it would take its time over that, and stay charged.
pub(super) fn kill(pid: Pid) {
    // Before the kill: after it, the number may be nobody's.
    let handle = pidfd_open(pid, PidfdFlags::empty());
    // SAFETY: plain system calls about a child of ours that is not reaped yet; a refusal leaves it as it was.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, pid.as_raw_nonzero().get() as libc::id_t, 0);
        let ordinary = libc::sched_param { sched_priority: 0 };
        libc::sched_setscheduler(pid.as_raw_nonzero().get(), libc::SCHED_OTHER, &ordinary);
    }
    let _ = kill_process(pid, Signal::KILL);
    if let Ok(handle) = handle {
        // SAFETY: Linux 5.15; the descriptor is a process's, and frees memory of one that has been killed only.
        unsafe { libc::syscall(SYS_PROCESS_MRELEASE, handle.as_raw_fd(), 0) };
    }
}

/// Leaves the reaping to a thread of its own; whether there is one.
pub(super) fn reap_later(pid: Pid) -> bool {
    let wait = move || {
        let _ = waitpid(Some(pid), WaitOptions::empty());
    };
    std::thread::Builder::new().name("heapwarden-reap".into()).spawn(wait).is_ok()
}

/// Ends a child that is not watched, and reaps it.
pub(super) fn see_off(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        kill(pid);
        let _ = waitpid(Some(pid), WaitOptions::empty());
    }
}
