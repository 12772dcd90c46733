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
fn send(Arrival { signal, thread }: Arrival) {
    // SAFETY: signals to this process, or a thread of it, whose action is the one that was there.
    unsafe {
        let process = libc::getpid();
        if thread == 0 {
            libc::kill(process, signal);
        } else {
            libc::syscall(libc::SYS_tgkill, process, thread, signal);
        }
    }
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
            Some(Arrival { signal, .. }) => one_came(signal, answer),
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
        if !wanted || Instant::now() >= held.until || (held.is_over)() {
            return;
        }
        if began.elapsed() >= TOGETHER {
            let count = arrivals::count();
            if count > *together.get_or_insert(count) {
                return;
            }
        }
        bell::wait(rung, LOOK_AGAIN);
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use std::ffi::c_void;
    use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};

    use super::*;

    static HEARD: AtomicU32 = AtomicU32::new(0);
    static ANSWERED: AtomicU32 = AtomicU32::new(0);
    static OVER: AtomicBool = AtomicBool::new(false);

    extern "C" fn hear(_: c_int) {
        HEARD.fetch_add(1, Ordering::SeqCst);
    }

    static KEPT: AtomicUsize = AtomicUsize::new(0);
    static PASSED: AtomicU32 = AtomicU32::new(0);

    extern "C" fn passes_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
        PASSED.fetch_add(1, Ordering::SeqCst);
        // SAFETY: it was the signal's handler.
        let kept = unsafe { std::mem::transmute::<usize, action::Handler>(KEPT.load(Ordering::SeqCst)) };
        kept(signal, info, context);
    }

    /// A function that does what `handler` does, and lies in no file.
    fn of_nobodys_file(handler: action::Handler) -> usize {
        let jump = (handler as *const () as u64).to_le_bytes();
        // movabs rax, handler; jmp rax
        let code = [&[0x48, 0xb8], &jump[..], &[0xff, 0xe0]].concat();
        let (rights, kind) =
            (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: new memory of our own, longer than the code, which stays for ever.
        unsafe {
            let page = libc::mmap(std::ptr::null_mut(), 4096, rights, kind, -1, 0);
            assert_ne!(page, libc::MAP_FAILED);
            page.cast::<u8>().copy_from(code.as_ptr(), code.len());
            page as usize
        }
    }

    fn until(what: impl Fn() -> bool) {
        let late = Instant::now() + Duration::from_secs(20);
        while !what() {
            assert!(Instant::now() < late, "in vain");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn answer(signal: c_int, ends: bool) -> Option<Held> {
        assert_eq!((signal, ends), (libc::SIGUSR2, false));
        ANSWERED.fetch_add(1, Ordering::SeqCst);
        let is_over = Box::new(|| OVER.load(Ordering::SeqCst));
        Some(Held { until: Instant::now() + Duration::from_secs(60), is_over })
    }

    fn heard() -> u32 {
        HEARD.load(Ordering::SeqCst)
    }

    fn action() -> usize {
        // SAFETY: an all-zero sigaction is a valid one; it lives for the call, which only asks.
        unsafe {
            let mut now: libc::sigaction = std::mem::zeroed();
            libc::sigaction(libc::SIGUSR2, std::ptr::null(), &mut now);
            now.sa_sigaction
        }
    }

    fn send_one() {
        // SAFETY: a signal to this process, which has a handler.
        unsafe { libc::kill(libc::getpid(), libc::SIGUSR2) };
    }

    #[test]
    fn a_signal_is_held_back_until_its_answer_is_there_and_then_heard_as_ever() {
        let _alone = super::super::ALONE.lock();
        let hosts = hear as *const () as usize;
        // SAFETY: a handler that only counts.
        unsafe { libc::signal(libc::SIGUSR2, hosts) };
        watch(set(libc::SIGUSR2), answer).unwrap();
        assert_ne!(action(), hosts);
        send_one();
        until(|| ANSWERED.load(Ordering::SeqCst) == 1);
        assert_eq!(heard(), 0);
        OVER.store(true, Ordering::SeqCst);
        until(|| heard() == 1);
        // Then it is nobody's but the host's for a while.
        until(|| action() == hosts);
        send_one();
        until(|| heard() == 2);
        assert_eq!(ANSWERED.load(Ordering::SeqCst), 1);
        // One that comes again, and later than one that was passed on twice, ends the waiting: both are heard.
        STATE.lock().quiet.clear();
        OVER.store(false, Ordering::SeqCst);
        look();
        send_one();
        until(|| ANSWERED.load(Ordering::SeqCst) == 2);
        std::thread::sleep(TOGETHER + Duration::from_millis(50));
        assert_eq!(heard(), 2);
        send_one();
        until(|| heard() == 4);
        // Whoever takes the action over keeps it, unless he is Node; this is Node's executable here.
        STATE.lock().quiet.clear();
        look();
        assert_ne!(action(), hosts);
        // SAFETY: as above.
        unsafe { libc::signal(libc::SIGUSR2, hosts) };
        look();
        assert_ne!(action(), hosts);
        // Another library that has kept ours, and passes everything on to it, does not get it back.
        KEPT.store(action(), Ordering::SeqCst);
        // SAFETY: as above.
        unsafe { libc::signal(libc::SIGUSR2, of_nobodys_file(passes_on)) };
        OVER.store(true, Ordering::SeqCst);
        send_one();
        until(|| heard() == 5);
        assert_eq!((ANSWERED.load(Ordering::SeqCst), PASSED.load(Ordering::SeqCst)), (3, 2));
        // SAFETY: as above.
        unsafe { libc::signal(libc::SIGUSR2, hosts) };
        STATE.lock().quiet.clear();
        look();
        OVER.store(false, Ordering::SeqCst);
        // What has come when it is over goes on too.
        send_one();
        until(|| ANSWERED.load(Ordering::SeqCst) == 4);
        watch(0, answer).unwrap();
        assert_eq!(action(), hosts);
        until(|| heard() == 6 && !STATE.lock().runs);
        // SAFETY: as above.
        unsafe { libc::signal(libc::SIGUSR2, libc::SIG_DFL) };
    }
}
