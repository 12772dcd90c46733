//! Which signal interrupts a thread: a real-time one that nobody uses, from the highest down. Its handler is there only while it
//! is wanted.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, Ordering};

use super::thread::{blocks, has, mask, signals};
use crate::error::{Error, Result};

/// A handler's form.
pub(super) type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// One that was sent and has not come yet, to which its handler was left; 0: none.
static LEFT: AtomicI32 = AtomicI32::new(0);

/// A signal with our handler.
pub(super) struct Signal {
    number: c_int,
    before: libc::sigaction,
    /// Whom it is for; 0: for nobody in particular.
    thread: i32,
}

/// The real-time signals, lowest first, as bits.
fn real_time() -> u64 {
    (libc::SIGRTMIN()..=libc::SIGRTMAX()).fold(0, |all, signal| all | 1 << (signal - 1))
}

/// Signals that a thread holds back, and others of their kind not: it waits for them. Who holds back all of them wants peace.
fn waited_for(blocked: u64, all: u64) -> u64 {
    if blocked & all == all { 0 } else { blocked & all }
}

/// `None`: that cannot be seen.
fn in_use() -> Option<u64> {
    let all = real_time();
    let (pending, waited_for) = signals(|blocked| waited_for(blocked, all))?;
    Some(pending & all | waited_for)
}

/// Whether it is on its way to any thread, or may be, where that cannot be seen.
fn is_pending(signal: c_int) -> bool {
    signals(|_| 0).is_none_or(|(pending, _)| has(pending, signal))
}

fn action(handler: Handler, own_stack: bool) -> libc::sigaction {
    // SAFETY: an all-zero sigaction is a valid one on Linux.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | if own_stack { libc::SA_ONSTACK } else { 0 };
    // SAFETY: the set lives for the call. What a child is told comes when it is settled.
    unsafe { libc::sigfillset(&mut action.sa_mask) };
    action
}

fn disposition(signal: c_int) -> Option<usize> {
    // SAFETY: an all-zero sigaction is a valid one on Linux.
    let mut now: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: it lives for the call, which only asks.
    (unsafe { libc::sigaction(signal, std::ptr::null(), &mut now) } == 0).then_some(now.sa_sigaction)
}

fn exchange(signal: c_int, action: &libc::sigaction) -> Option<libc::sigaction> {
    // SAFETY: an all-zero sigaction is a valid one on Linux.
    let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: both live for the call; the handlers given here act only on what they are asked for.
    (unsafe { libc::sigaction(signal, action, &mut before) } == 0).then_some(before)
}

impl Signal {
    /// Finds one and gives it `handler`, to interrupt `thread`, or whoever is found later. `own_stack`: on the host's alternate stack, if it has one.
    ///
    /// # Errors
    /// All are in use, or the thread holds them back, or which are cannot be seen.
    pub fn take(thread: Option<i32>, handler: Handler, own_stack: bool) -> Result<Self> {
        let Some(used) = in_use() else {
            return Err(Error::Unsupported("which signals are in use cannot be seen in /proc".into()));
        };
        let ours = action(handler, own_stack);
        let old = LEFT.load(Ordering::Acquire);
        for number in (libc::SIGRTMIN()..=libc::SIGRTMAX()).rev() {
            let left = old == number;
            // One that is on its way still is enough.
            let taken =
                !left && (old != 0 || has(used, number) || disposition(number) != Some(libc::SIG_DFL));
            if taken || thread.is_some_and(|thread| blocks(thread, number)) {
                continue;
            }
            // From here on one that was left is this one's: who comes beside it takes another.
            if left && LEFT.compare_exchange(number, 0, Ordering::AcqRel, Ordering::Relaxed).is_err() {
                // Those above it were passed over.
                return Self::take(thread, handler, own_stack);
            }
            let Some(before) = exchange(number, &ours) else { continue };
            if left {
                let mut default = before;
                default.sa_sigaction = libc::SIG_DFL;
                return Ok(Self { number, before: default, thread: thread.unwrap_or(0) });
            }
            if before.sa_sigaction == libc::SIG_DFL {
                return Ok(Self { number, before, thread: thread.unwrap_or(0) });
            }
            // Somebody was faster.
            exchange(number, &before);
        }
        Err(Error::Unsupported("no real-time signal is free to interrupt it with".into()))
    }

    /// Sends it; whether it could be.
    pub fn send(&self) -> bool {
        self.send_to(self.thread)
    }

    /// Sends it to another thread of this process. Allocates nothing and takes no lock.
    pub fn send_to(&self, thread: i32) -> bool {
        // SAFETY: a signal to a thread of this process, with a handler.
        unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, self.number) == 0 }
    }

    /// Whether a thread of this `/proc/PID/status` would hold it back. Allocates nothing and takes no lock.
    pub fn is_held_back(&self, status: &str) -> bool {
        mask(status, "SigBlk:").is_none_or(|mask| has(mask, self.number))
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        // What is still to come would end the process: its handler stays, which has nothing to do.
        if is_pending(self.number) {
            LEFT.store(self.number, Ordering::Release);
            return;
        }
        exchange(self.number, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    static HEARD: AtomicU32 = AtomicU32::new(0);

    extern "C" fn hear(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
        HEARD.fetch_add(1, Ordering::Relaxed);
    }

    /// So many times two come at once: in each they meet or miss each other.
    const ROUNDS: u32 = 300;

    extern "C" fn hosts(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {}

    #[test]
    fn what_somebody_uses_is_left_alone_and_what_is_sent_is_never_the_end() {
        // Signals belong to the process as a whole.
        if !crate::probe::tests::alone(
            "capture::fork::signal::number::tests::what_somebody_uses_is_left_alone_and_what_is_sent_is_never_the_end",
        ) {
            return;
        }
        // SAFETY: no arguments, no failure.
        let me = unsafe { libc::gettid() };
        let top = libc::SIGRTMAX();
        let theirs = exchange(top, &action(hosts, false)).unwrap();
        let signal = Signal::take(Some(me), hear, true).unwrap();
        let number = signal.number;
        assert_eq!(number, top - 1);
        assert!(signal.send());
        assert_eq!(HEARD.load(Ordering::Relaxed), 1);
        // Held back while it is on its way: the handler stays until it has come, and is used again.
        // SAFETY: all-zero sets are valid, empty ones on Linux.
        let (mut set, mut before): (libc::sigset_t, libc::sigset_t) = unsafe { std::mem::zeroed() };
        // SAFETY: both live for the calls, which are about this thread only.
        unsafe {
            libc::sigaddset(&mut set, number);
            libc::pthread_sigmask(libc::SIG_BLOCK, &set, &mut before);
        }
        assert!(signal.send());
        drop(signal);
        assert_eq!(disposition(number), Some(hear as *const () as usize));
        assert!(Signal::take(Some(me), hear, true).is_err(), "a second one, beside one that is on its way");
        // SAFETY: as above.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut()) };
        assert_eq!(HEARD.load(Ordering::Relaxed), 2);
        let signal = Signal::take(Some(me), hear, true).unwrap();
        assert_eq!(signal.number, number);
        let beside = Signal::take(Some(me), hosts, true).unwrap();
        assert_ne!(beside.number, number);
        drop((signal, beside));
        assert_eq!(disposition(number), Some(libc::SIG_DFL));
        assert_eq!(disposition(top), Some(hosts as *const () as usize));
        exchange(top, &theirs);
    }

    #[test]
    fn one_that_was_left_is_taken_by_one_of_those_who_come_for_it() {
        // Signals belong to the process as a whole.
        if !crate::probe::tests::alone(
            "capture::fork::signal::number::tests::one_that_was_left_is_taken_by_one_of_those_who_come_for_it",
        ) {
            return;
        }
        // SAFETY: no arguments, no failure.
        let me = unsafe { libc::gettid() };
        for round in 0..ROUNDS {
            // As after one that came late: its handler is still there.
            let left = Signal::take(Some(me), hear, true).unwrap();
            let number = left.number;
            std::mem::forget(left);
            LEFT.store(number, Ordering::Release);
            let both = std::sync::Barrier::new(2);
            let come = || {
                both.wait();
                Signal::take(Some(me), hear, true)
            };
            let (one, other) = std::thread::scope(|scope| {
                let beside = scope.spawn(come);
                (come(), beside.join().unwrap())
            });
            let (one, other) = (one.unwrap(), other.unwrap());
            assert_ne!(one.number, other.number, "round {round}");
            assert!([one.number, other.number].contains(&number), "round {round}");
            drop((one, other));
            assert_eq!(disposition(number), Some(libc::SIG_DFL));
        }
    }

    #[test]
    fn who_holds_back_single_ones_waits_for_them() {
        let all = real_time();
        assert_eq!(waited_for(all | 1, all), 0);
        assert_eq!(waited_for(1 << 63 | 1, all), 1 << 63);
    }
}
