//! The thread that has a signal answered, and lets it go.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::arrivals::{self, Arrival};
use super::names::{Set, each, set};
use super::{action, bell, handler};

/// A signal that is being answered.
pub struct Held {
    /// It goes on then, whatever has become of the answer.
    pub until: Instant,
    /// Whether there is nothing more to wait for.
    pub is_over: Box<dyn Fn() -> bool + Send>,
    /// Hears that it goes on all the same.
    pub late: Box<dyn Fn() + Send>,
}

/// Begins the answer to a signal, on the watch's thread; it must not wait. The process `ends` by it, or may live on. `None`:
/// there is nothing to wait for.
pub type Answer = fn(signal: c_int, ends: bool) -> Option<Held>;

/// Whoever stands between passes one on a second time within that: a terminal and a package manager, both to this process. It
/// is one. One that comes later is from somebody who waits no longer.
const TOGETHER: Duration = Duration::from_millis(250);
/// After a signal its action is left as it is for so long: who has heard of it may end the process by that same signal.
const QUIET: Duration = Duration::from_secs(60);
/// How often it is looked whether the answer is there.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// And whether somebody has set another action.
const TICK: Duration = Duration::from_secs(1);
/// So long a signal is waited for that is on its way.
const TO_ARRIVE: Duration = Duration::from_millis(100);

#[derive(Default)]
struct State {
    runs: bool,
    quiet: Vec<(c_int, Instant)>,
}

/// Taken by whoever changes an action: for moments, but where a signal is on its way.
static STATE: Mutex<State> = Mutex::new(State { runs: false, quiet: Vec::new() });
/// What the thread holds back that first watched: as a thread of this process does that nothing is special about.
static ORDINARY: Mutex<Option<libc::sigset_t>> = Mutex::new(None);
static WANTED: AtomicU64 = AtomicU64::new(0);

/// From now on these signals are held back while `answer` is carried out, and no others: their actions are as they were when
/// this returns.
///
/// # Errors
/// The system gives no thread for it: none are.
pub fn watch(wanted: Set, answer: Answer) -> std::io::Result<()> {
    let mut state = STATE.lock();
    let before = WANTED.swap(wanted, Ordering::SeqCst);
    each(before & !wanted).for_each(action::put_back);
    if wanted != 0 && !state.runs {
        handler::begin();
        ORDINARY.lock().get_or_insert_with(|| mask(None));
        // It formats nothing and goes nowhere deep.
        let thread = std::thread::Builder::new().name("heapwarden-sig".into()).stack_size(256 << 10);
        if let Err(error) = thread.spawn(move || run(answer)) {
            WANTED.store(0, Ordering::SeqCst);
            return Err(error);
        }
        state.runs = true;
    }
    state.hold();
    bell::ring();
    Ok(())
}

/// Somebody may have set another action: takes it over.
pub fn look() {
    match STATE.try_lock() {
        Some(mut state) => state.hold(),
        None => bell::ring(),
    }
}

/// No signal is held back any more, and those that are go on now.
pub fn let_go() {
    let mut state = STATE.lock();
    each(WANTED.swap(0, Ordering::SeqCst)).for_each(action::put_back);
    state.let_go();
    bell::ring();
}

impl State {
    /// Takes the actions that are wanted.
    fn hold(&mut self) {
        let now = Instant::now();
        self.quiet.retain(|(_, until)| *until > now);
        for signal in each(WANTED.load(Ordering::SeqCst)) {
            if self.quiet.iter().all(|(quiet, _)| *quiet != signal) {
                action::hold(signal, handler::came);
            }
        }
    }

    /// What has come goes on: the actions are put back, and each is sent once more.
    fn let_go(&mut self) {
        let came = arrivals::take();
        for Arrival { signal, .. } in &came {
            action::put_back(*signal);
            self.quiet.retain(|(quiet, _)| quiet != signal);
            self.quiet.push((*signal, Instant::now() + QUIET));
        }
        came.into_iter().for_each(send);
    }
}

/// Sends it as it came, and waits until it has arrived, so that a second one is not one with it.
fn send(arrival: Arrival) {
    let signal = arrival.signal;
    handler::again(arrival);
    let until = Instant::now() + TO_ARRIVE;
    while is_on_its_way(signal) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Whether it waits for a thread of the process. On a thread that holds it back.
fn is_on_its_way(signal: c_int) -> bool {
    // SAFETY: an all-zero set is a valid, empty one on Linux.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set lives for the calls.
    unsafe { libc::sigpending(&mut set) == 0 && libc::sigismember(&set, signal) == 1 }
}

/// No handler of the host's ever runs on this thread.
fn hold_all_back() {
    // SAFETY: an all-zero set is a valid one.
    let mut all: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: it lives for the call.
    unsafe { libc::sigfillset(&mut all) };
    mask(Some(&all));
}

/// What this thread holds back, and from now on instead, if that is said.
fn mask(from_now_on: Option<&libc::sigset_t>) -> libc::sigset_t {
    let set = from_now_on.map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: an all-zero set is a valid one.
    let mut before: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: both live for the call, which is about this thread only.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, set, &mut before) };
    before
}

/// This thread, which an answer may have started, holds back no more than others do.
pub fn be_ordinary() {
    let ordinary = *ORDINARY.lock();
    if let Some(ordinary) = ordinary {
        mask(Some(&ordinary));
    }
}

fn run(answer: Answer) {
    hold_all_back();
    loop {
        let rung = bell::rung();
        {
            let mut state = STATE.lock();
            if WANTED.load(Ordering::SeqCst) != 0 {
                state.hold();
            } else if handler::is_left() && arrivals::count() == 0 {
                state.runs = false;
                return;
            }
        }
        match arrivals::first() {
            Some(signal) => one_came(signal, answer),
            None => bell::wait(rung, if WANTED.load(Ordering::SeqCst) == 0 { LOOK_AGAIN } else { TICK }),
        }
    }
}

fn one_came(signal: c_int, answer: Answer) {
    let began = Instant::now();
    // One that came while its action was put back goes on at once.
    if action::is_held(signal) {
        let answer = std::panic::AssertUnwindSafe(|| answer(signal, action::ends_process(signal)));
        if let Ok(Some(held)) = std::panic::catch_unwind(answer) {
            wait(&held, began, set(signal));
        }
    }
    STATE.lock().let_go();
}

fn wait(held: &Held, began: Instant, signal: Set) {
    let mut together = None;
    loop {
        let rung = bell::rung();
        let wanted = WANTED.load(Ordering::SeqCst) & signal != 0;
        if !wanted || (held.is_over)() {
            return;
        }
        let others = (began.elapsed() >= TOGETHER).then(arrivals::count);
        if Instant::now() >= held.until || others.is_some_and(|count| count > *together.get_or_insert(count))
        {
            return (held.late)();
        }
        bell::wait(rung, LOOK_AGAIN);
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests;
