//! What a signal meets. Allocates nothing, takes no lock, calls nothing but the kernel.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use super::action::{self, Pass};
use super::arrivals::{self, Arrival, Info};
use super::bell;

/// The process whose signals they are: one that was forked of it has no watch.
static OWNER: AtomicI32 = AtomicI32::new(0);
/// How many threads are in it.
static INSIDE: AtomicU32 = AtomicU32::new(0);

/// From now on signals of this process are noted.
pub(super) fn begin() {
    OWNER.store(std::process::id() as i32, Ordering::SeqCst);
}

/// Whether no thread is in it: one that comes to it now sees what is held by now.
pub(super) fn is_left() -> bool {
    INSIDE.load(Ordering::SeqCst) == 0
}

pub(super) extern "C" fn came(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: this thread's own.
    let errno = unsafe { *libc::__errno_location() };
    INSIDE.fetch_add(1, Ordering::SeqCst);
    // SAFETY: no arguments, no failure.
    let (process, thread) = unsafe { (libc::getpid(), libc::syscall(libc::SYS_gettid) as i32) };
    let held = process == OWNER.load(Ordering::SeqCst) && action::is_held(signal);
    if held {
        // SAFETY: the kernel gives a handler with SA_SIGINFO what it knows of the signal, for the call.
        let code = unsafe { info.as_ref() }.map(|info| info.si_code);
        let thread = if code == Some(libc::SI_TKILL) { thread } else { 0 };
        // SAFETY: likewise.
        let info = unsafe { Info::of(signal, info) };
        arrivals::note(Arrival { signal, thread, info });
        bell::ring();
    }
    INSIDE.fetch_sub(1, Ordering::SeqCst);
    if !held {
        match action::pass_on(signal) {
            // It comes again when this handler is left.
            // SAFETY: what the handler was told, for the call.
            Pass::Again => again(Arrival { signal, thread, info: unsafe { Info::of(signal, info) } }),
            Pass::Call(before) => before(signal, info, context),
            Pass::Nobody => {}
        }
    }
    // SAFETY: this thread's own. What was interrupted may be about to read it.
    unsafe { *libc::__errno_location() = errno };
}

/// Sends a signal to this process, or a thread of it, whose action is the one that was there: as one that it sends itself, but
/// with who sent it, how and with what value. Of one that was sent to another thread alone (`tgkill`) the kernel does not let
/// that be said. In a handler too.
pub(super) fn again(Arrival { signal, thread, info }: Arrival) {
    let whole = info.map(|info| info.whole());
    // SAFETY: only numbers, and a structure that lives for the calls.
    unsafe {
        let (process, me) = (libc::getpid(), libc::syscall(libc::SYS_gettid) as i32);
        let told = whole.as_ref().is_some_and(|whole| {
            let whole: *const libc::siginfo_t = whole;
            // The kernel believes who a signal comes from if it is sent to the very thread that says so, which stands for its process here.
            let sent = match thread {
                0 => libc::syscall(libc::SYS_rt_sigqueueinfo, me, signal, whole),
                thread => libc::syscall(libc::SYS_rt_tgsigqueueinfo, process, thread, signal, whole),
            };
            sent == 0
        });
        match thread {
            _ if told => {}
            0 => _ = libc::kill(process, signal),
            thread => _ = libc::syscall(libc::SYS_tgkill, process, thread, signal),
        }
    }
}
