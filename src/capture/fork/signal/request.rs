//! What an interrupted thread is asked for, and all that it needs for it.

use std::cell::UnsafeCell;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use super::maps;
use super::missing::Exchange;
use crate::capture::copy::freeze::AnyMoment;
use crate::capture::fork::look::Look;
use crate::capture::fork::prepared::Prepared;
use crate::image::freeze::{Fault, Written};
use crate::v8::Unknown;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Phase {
    /// Nothing is asked.
    Nothing,
    /// The thread is to do it when it is interrupted.
    Asked,
    /// It was, inside a collection: at its end.
    Noted,
    /// It does it.
    Taken,
    /// It has.
    Done,
}

/// Of which thread something is asked, and the phase: in one word, so that no other one takes it.
static STAND: AtomicU64 = AtomicU64::new(0);
/// The request; of who has taken it, and before and after that of who conducts it.
static REQUEST: AtomicPtr<Request> = AtomicPtr::new(std::ptr::null_mut());

fn stand(thread: i32, phase: Phase) -> u64 {
    u64::from(thread as u32) << 32 | u64::from(phase as u32)
}

/// Goes on from one phase to the next, if `thread` is asked and at the first one.
pub(super) fn advance(thread: i32, from: Phase, to: Phase) -> bool {
    let (from, to) = (stand(thread, from), stand(thread, to));
    STAND.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
}

/// Whether `thread` is at `phase`.
pub(super) fn is_at(thread: i32, phase: Phase) -> bool {
    STAND.load(Ordering::Acquire) == stand(thread, phase)
}

/// Asks `thread`.
pub(super) fn ask(thread: i32, request: &Request) {
    REQUEST.store(std::ptr::from_ref(request).cast_mut(), Ordering::Release);
    STAND.store(stand(thread, Phase::Asked), Ordering::Release);
}

/// For the thread that has taken it.
pub(super) fn taken<'a>() -> Option<&'a Request> {
    // SAFETY: its conductor keeps it until it is done.
    unsafe { REQUEST.load(Ordering::Acquire).as_ref() }
}

/// It is over: nothing is asked any more.
pub(super) fn forget() {
    STAND.store(0, Ordering::Release);
    REQUEST.store(std::ptr::null_mut(), Ordering::Release);
}

/// What is wanted, and what for.
pub(super) struct Request {
    /// The process that is frozen, the thread that is interrupted, and who conducts it.
    pub process: i32,
    pub thread: i32,
    pub conductor: i32,
    /// By a child; otherwise in place.
    pub by_fork: bool,
    /// The copy cannot go on with what is interrupted.
    pub at_once: bool,
    pub to: RawFd,
    pub inner: UnsafeCell<Inner>,
}

/// What the thread works with.
pub(super) struct Inner {
    pub prepared: Prepared,
    pub copy: AnyMoment,
    pub exchange: Exchange,
    pub buffer: Box<[u8; maps::ROOM]>,
    pub look: Look,
    pub result: Answer,
}

/// What has come of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// Nothing yet.
    None,
    /// A child, and for how many ms the thread stood still.
    Child(i32, f64),
    /// There is none: the system's number for it.
    Refused(i32),
    /// It is in the file.
    Frozen(Written, f64),
    /// It is not.
    Failed(Fault),
    /// Nor may it be: where Buffers lie could not be told.
    Untold(Unknown),
    /// The host's alternate stack is too small.
    SmallStack,
}

/// Milliseconds of the monotonic clock, with fractions.
pub(super) fn clock() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` lives for the call, which is async-signal-safe.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_thread_that_is_asked_takes_it_and_once() {
        STAND.store(stand(7, Phase::Asked), Ordering::Release);
        assert!(!advance(8, Phase::Asked, Phase::Taken));
        assert!(advance(7, Phase::Asked, Phase::Noted));
        assert!(!advance(7, Phase::Asked, Phase::Taken));
        assert!(advance(7, Phase::Noted, Phase::Taken) && is_at(7, Phase::Taken));
        assert!(!advance(7, Phase::Noted, Phase::Nothing), "withdrawn too late");
        forget();
        assert!(!is_at(7, Phase::Taken));
    }
}
