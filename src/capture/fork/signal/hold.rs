//! All other threads of a process that is frozen in place: they stand still, so that its memory is of one instant. What several
//! threads share (V8's pools of pages, its list of machine code, the allocator's own lists) would come torn otherwise, and a copy
//! would crash of it.
//!
//! A thread that runs, or waits in an event loop, is stopped by a signal, in whose handler it waits until the image is written. One
//! that waits in another call is left there, as a signal might end that call: it comes to nothing unless somebody wakes it, and
//! then it is stopped, until the writing begins. V8's own workers come to the end of their jobs instead, for in a copy nobody else does.
//!
//! From [`Stillness::begin`] to [`Stillness::end`] nobody may allocate or take a lock: a thread that is stopped may have it.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::number::Signal;
use super::others::pause;
use crate::capture::fork::system::{now_ms, state};
use crate::capture::fork::task;
use crate::capture::fork::v8_workers::Workers;

/// Nobody waits longer in the handler, whatever becomes of who asked for it.
pub const MOST: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_micros(200);
/// So many threads are stopped at most.
const THREADS: usize = 256;
/// So often in turn nobody is seen to run.
const STILL: u32 = 2;
/// Bytes of the files of a thread that are read.
const STATUS: usize = 2048;

/// 0: nobody stands still; else the number of this time.
static TIME: AtomicU32 = AtomicU32::new(0);
/// The last number.
static LAST: AtomicU32 = AtomicU32::new(0);
/// Whether somebody has them stand still.
static HELD: AtomicBool = AtomicBool::new(false);
/// The thread that is frozen: it does not stand still.
static FROZEN: AtomicU32 = AtomicU32::new(0);
/// Until when, in milliseconds of the monotonic clock.
static UNTIL: AtomicU64 = AtomicU64::new(0);
/// Who stands still.
static STANDING: AtomicU32 = AtomicU32::new(0);

/// What it takes to have all others stand still, made ready beforehand.
pub struct Stillness {
    /// None where no signal is to be had: then only V8's workers are waited for.
    signal: Option<Signal>,
    workers: Workers,
    /// Who is left alone. Our own threads wait for the one that is frozen, or for the clock.
    own: Vec<u32>,
    /// One of them: the one that is frozen.
    frozen: u32,
    longest: Duration,
    sent: [u32; THREADS],
    count: usize,
    time: u32,
}

/// What a thread is doing, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Runs,
    WaitsInLoop,
    Waits,
}

impl Stillness {
    /// Looks at threads and finds a signal: tens of ms. `pool`: Node's `--v8-pool-size`.
    pub fn prepare(pool: Option<usize>) -> Self {
        // Who holds it back is seen when it is sent.
        let signal = Signal::take(None, stand, true).ok();
        let mut own = Vec::new();
        task::each(|thread| {
            let mut text = [0; 32];
            if task::read(thread, "comm", &mut text).is_some_and(|name| name.starts_with("heapwarden")) {
                own.push(thread);
            }
            true
        });
        let (workers, sent) = (Workers::find(pool), [0; THREADS]);
        Self { signal, workers, own, frozen: 0, longest: MOST, sent, count: 0, time: 0 }
    }

    /// `thread` does not: it is the one that is frozen.
    pub fn but_for(&mut self, thread: i32) {
        self.own.push(thread as u32);
        self.frozen = thread as u32;
    }

    /// Others stand still for so long at most: then they go on, whatever becomes of the image.
    pub fn no_longer_than(&mut self, most: Duration) {
        self.longest = most.min(MOST);
    }

    /// Stops the others, and waits until V8's workers sleep, at most `most`. Whoever is not still then is left alone.
    pub fn begin(&mut self, most: Duration) {
        // SAFETY: no arguments, no failure.
        let me = unsafe { libc::gettid() } as u32;
        let time = LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1);
        // Two threads that are frozen at the same time: the first one is obeyed.
        let first = HELD.compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if first {
            let longest = self.longest.as_millis() as u64;
            UNTIL.store(now_ms().saturating_add(longest), Ordering::Relaxed);
            FROZEN.store(self.frozen, Ordering::Relaxed);
            TIME.store(time, Ordering::Release);
            self.time = time;
        }
        let until = now_ms().saturating_add(most.as_millis() as u64);
        let mut still = 0;
        while still < STILL {
            let stopped = !first || self.stop(me);
            still = if stopped && self.workers.asleep() { still + 1 } else { 0 };
            if now_ms() >= until {
                break;
            }
            if still < STILL {
                pause(LOOK_AGAIN);
            }
        }
    }

    /// Sends the signal to all who run and were not sent it; whether nobody runs.
    fn stop(&mut self, me: u32) -> bool {
        let Some(signal) = &self.signal else { return true };
        let (workers, own, sent, count) = (self.workers.ids(), &self.own, &mut self.sent, &mut self.count);
        let mut runs = 0;
        task::each(|thread| {
            let known = thread == me || own.contains(&thread) || workers.contains(&thread);
            let asked = || sent.get(..*count).unwrap_or_default().contains(&thread);
            if known || asked() || doing(thread) == Doing::Waits {
                return true;
            }
            let mut text = [0; STATUS];
            let Some(status) = task::read(thread, "status", &mut text) else { return true };
            if signal.is_held_back(status) {
                return true;
            }
            let Some(slot) = sent.get_mut(*count) else { return false };
            if signal.send_to(thread as i32) {
                *slot = thread;
                *count += 1;
                runs += 1;
            }
            true
        });
        runs == 0 && (STANDING.load(Ordering::Acquire) as usize >= self.count || self.stand_who_live())
    }

    /// Whether all who were sent it stand still, but for those that have ended since.
    fn stand_who_live(&self) -> bool {
        let mut text = [0; 32];
        let sent = self.sent.get(..self.count).unwrap_or_default();
        let live = sent.iter().filter(|thread| task::read(**thread, "comm", &mut text).is_some()).count();
        STANDING.load(Ordering::Acquire) as usize >= live
    }

    /// They go on.
    pub fn end(&mut self) {
        if self.time != 0 {
            self.time = 0;
            TIME.store(0, Ordering::Release);
            wake();
            HELD.store(false, Ordering::Release);
        }
    }
}

impl Drop for Stillness {
    fn drop(&mut self) {
        self.end();
    }
}

fn doing(thread: u32) -> Doing {
    let mut text = [0; 512];
    if let Some(call) = task::read(thread, "syscall", &mut text) {
        return seen(call);
    }
    // Some kernels do not tell.
    let stat = task::read(thread, "stat", &mut text).unwrap_or_default();
    if state(stat.as_bytes()) == Some(b'R') { Doing::Runs } else { Doing::Waits }
}

/// By `/proc/self/task/N/syscall`.
fn seen(call: &str) -> Doing {
    let call = call.split_ascii_whitespace().next().unwrap_or_default();
    // Or waits for memory that is not there yet.
    if call == "running" || call == "-1" {
        return Doing::Runs;
    }
    let loops = |number: i64| {
        #[cfg(target_arch = "x86_64")]
        if number == libc::SYS_epoll_wait {
            return true;
        }
        number == libc::SYS_epoll_pwait || number == libc::SYS_epoll_pwait2
    };
    // What allocators are in the middle of, and no signal ends.
    let maps = |number: &i64| {
        [
            libc::SYS_mmap,
            libc::SYS_munmap,
            libc::SYS_mprotect,
            libc::SYS_madvise,
            libc::SYS_mremap,
            libc::SYS_brk,
        ]
        .contains(number)
    };
    if call.parse().is_ok_and(|number| maps(&number)) {
        return Doing::Runs;
    }
    if call.parse().is_ok_and(loops) { Doing::WaitsInLoop } else { Doing::Waits }
}

/// What a thread does that is stopped.
extern "C" fn stand(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
    let time = TIME.load(Ordering::Acquire);
    // SAFETY: no arguments, no failure.
    if time == 0 || FROZEN.load(Ordering::Relaxed) == unsafe { libc::syscall(libc::SYS_gettid) } as u32 {
        return;
    }
    // SAFETY: this thread's own.
    let errno = unsafe { *libc::__errno_location() };
    STANDING.fetch_add(1, Ordering::AcqRel);
    while TIME.load(Ordering::Acquire) == time {
        let left = UNTIL.load(Ordering::Relaxed).saturating_sub(now_ms());
        if left == 0 {
            break;
        }
        wait(time, left);
    }
    STANDING.fetch_sub(1, Ordering::AcqRel);
    // What was interrupted may be about to read it.
    // SAFETY: this thread's own.
    unsafe { *libc::__errno_location() = errno };
}

/// Until it is no longer that time, or for so many ms.
fn wait(time: u32, ms: u64) {
    let most = libc::timespec { tv_sec: (ms / 1000) as i64, tv_nsec: (ms % 1000 * 1_000_000) as i64 };
    let wait = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: both words live for the call.
    unsafe { libc::syscall(libc::SYS_futex, TIME.as_ptr(), wait, time, &raw const most) };
}

fn wake() {
    let wake = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: only an address of ours.
    unsafe { libc::syscall(libc::SYS_futex, TIME.as_ptr(), wake, i32::MAX) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_runs_stands_still_and_goes_on_and_who_waits_is_left_alone() {
        // All threads of the process are stopped, and signals belong to it as a whole.
        if !crate::probe::tests::alone(
            "capture::fork::signal::hold::tests::who_runs_stands_still_and_goes_on_and_who_waits_is_left_alone",
        ) {
            return;
        }
        let (run, turns) = (AtomicBool::new(true), AtomicU64::new(0));
        let (asked, told) = std::sync::mpsc::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while run.load(Ordering::Relaxed) {
                    turns.fetch_add(1, Ordering::Relaxed);
                }
            });
            scope.spawn(move || told.recv());
            while turns.load(Ordering::Relaxed) == 0 {}
            let [mut still, mut late] = [(); 2].map(|()| Stillness::prepare(Some(0)));
            still.begin(MOST);
            // Who comes second has nobody go on who stands for the first.
            late.begin(Duration::ZERO);
            late.end();
            let was = turns.load(Ordering::Relaxed);
            pause(Duration::from_millis(20));
            let is = turns.load(Ordering::Relaxed);
            let standing = STANDING.load(Ordering::Relaxed);
            still.end();
            assert_eq!(was, is);
            assert!(standing >= 1);
            while turns.load(Ordering::Relaxed) == is {}
            run.store(false, Ordering::Relaxed);
            drop(asked);
        });
        assert_eq!(TIME.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn who_waits_in_a_loop_is_not_left_alone() {
        assert_eq!(seen("running\n"), Doing::Runs);
        assert_eq!(seen("281 0xd 0x7ffd 0x400\n"), Doing::WaitsInLoop);
        assert_eq!(seen("-1 0x7ffd 0x7f00\n"), Doing::Runs);
        assert_eq!(seen(&format!("{} 0x0\n", libc::SYS_munmap)), Doing::Runs);
        assert_eq!(seen("202 0x31 0x189 0x0\n"), Doing::Waits);
        assert_eq!(seen("0 0x3 0x7ffd 0x400\n"), Doing::Waits);
        assert_eq!(seen(""), Doing::Waits);
    }
}
