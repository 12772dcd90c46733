//! With real signals.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicUsize};

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
    Some(Held { until: Instant::now() + Duration::from_secs(60), is_over, late: Box::new(|| {}) })
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
    let _alone = crate::signals::ALONE.lock();
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

static CODE: AtomicI32 = AtomicI32::new(0);
static SENDER: AtomicI32 = AtomicI32::new(0);
static VALUE: AtomicUsize = AtomicUsize::new(0);

extern "C" fn hear_of_it(signal: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: the kernel's, for the call.
    let info = unsafe { &*info };
    CODE.store(info.si_code, Ordering::SeqCst);
    // SAFETY: of a signal that a process has sent there are both.
    let (sender, value) = unsafe { (info.si_pid(), info.si_value()) };
    SENDER.store(sender, Ordering::SeqCst);
    VALUE.store(value.sival_ptr as usize, Ordering::SeqCst);
    hear(signal);
}

#[test]
fn who_sent_it_how_and_with_what_is_kept() {
    // Signals belong to the process as a whole, and what was heard of them.
    if !crate::probe::tests::alone("signals::watch::tests::who_sent_it_how_and_with_what_is_kept") {
        return;
    }
    // SAFETY: an all-zero sigaction is a valid one; its handler only notes what it is told.
    unsafe {
        let mut hosts: libc::sigaction = std::mem::zeroed();
        hosts.sa_sigaction = hear_of_it as *const () as usize;
        hosts.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        libc::sigaction(libc::SIGUSR2, &hosts, std::ptr::null_mut());
    }
    OVER.store(true, Ordering::SeqCst);
    // SAFETY: no arguments, no failure.
    let (me, thread) = unsafe { (libc::getpid(), libc::gettid()) };
    let mut kill = std::process::Command::new("sh");
    let mut other = 0;
    let mut by_another_process = || {
        let child = kill.args(["-c", "kill -USR2 $PPID"]).spawn().unwrap();
        other = child.id() as i32;
        child.wait_with_output().unwrap();
    };
    let queued = |value: usize| {
        let value = libc::sigval { sival_ptr: value as *mut c_void };
        // SAFETY: a signal to this process, which has a handler.
        assert_eq!(unsafe { libc::sigqueue(me, libc::SIGUSR2, value) }, 0);
    };
    let mut count = 0;
    let mut held_back = |send: &mut dyn FnMut()| {
        STATE.lock().quiet.clear();
        watch(set(libc::SIGUSR2), answer).unwrap();
        count += 1;
        send();
        until(|| heard() == count);
        assert_eq!(ANSWERED.load(Ordering::SeqCst), count, "it was held back");
        (CODE.load(Ordering::SeqCst), SENDER.load(Ordering::SeqCst), VALUE.load(Ordering::SeqCst))
    };
    let (code, sender, _) = held_back(&mut by_another_process);
    assert_eq!(held_back(&mut || queued(0x4711_0815_1234)), (libc::SI_QUEUE, me, 0x4711_0815_1234));
    // To a thread alone it is one of this process's own; but it is still to that thread alone.
    // SAFETY: a signal to this thread, which has a handler.
    let tgkill = |signal: c_int| unsafe { libc::syscall(libc::SYS_tgkill, me, thread, signal) };
    let (to_thread, from, _) = held_back(&mut || assert_eq!(tgkill(libc::SIGUSR2), 0));
    assert_eq!((to_thread, from), (libc::SI_TKILL, me));
    watch(0, answer).unwrap();
    until(|| !STATE.lock().runs);
    assert_eq!((code, sender), (libc::SI_USER, other));
}
