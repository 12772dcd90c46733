//! What a signal does in this process: our handler in front of the action that is there, and that one again.

use std::ffi::{CStr, c_int, c_void};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};

use super::names::{each, set};

/// A handler's form.
pub(super) type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// An action in words, which a handler may read at any moment.
struct Action {
    handler: AtomicUsize,
    flags: AtomicI32,
    mask: AtomicU64,
}

/// What was there before ours.
static BEFORE: [Action; 32] = [const {
    Action { handler: AtomicUsize::new(libc::SIG_DFL), flags: AtomicI32::new(0), mask: AtomicU64::new(0) }
}; 32];
/// Those whose signals are ours.
static HELD: AtomicU64 = AtomicU64::new(0);
/// Those that ever were.
static EVER: AtomicU64 = AtomicU64::new(0);
static HANDLER: AtomicUsize = AtomicUsize::new(0);

fn of(handler: usize, flags: c_int, mask: u64) -> libc::sigaction {
    // SAFETY: an all-zero sigaction is a valid one on Linux.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    for signal in each(mask) {
        // SAFETY: the set lives for the call.
        unsafe { libc::sigaddset(&mut action.sa_mask, signal) };
    }
    action
}

fn now(signal: c_int) -> Option<libc::sigaction> {
    let mut now = of(libc::SIG_DFL, 0, 0);
    // SAFETY: it lives for the call, which only asks.
    (unsafe { libc::sigaction(signal, std::ptr::null(), &mut now) } == 0).then_some(now)
}

fn exchange(signal: c_int, action: &libc::sigaction) -> Option<libc::sigaction> {
    let mut before = of(libc::SIG_DFL, 0, 0);
    // SAFETY: both live for the call; the action is ours, or was there before.
    (unsafe { libc::sigaction(signal, action, &mut before) } == 0).then_some(before)
}

fn keep(signal: c_int, action: &libc::sigaction) {
    let Some(before) = BEFORE.get(signal as usize) else { return };
    let has = |one: c_int| {
        // SAFETY: the set lives for the call.
        unsafe { libc::sigismember(&action.sa_mask, one) == 1 }
    };
    let mask = (1..=64).filter(|one| has(*one)).fold(0, |mask, one| mask | set(one));
    before.mask.store(mask, Ordering::SeqCst);
    before.flags.store(action.sa_flags, Ordering::SeqCst);
    before.handler.store(action.sa_sigaction, Ordering::SeqCst);
}

fn kept(signal: c_int) -> Option<libc::sigaction> {
    let before = BEFORE.get(signal as usize)?;
    let (handler, flags) = (before.handler.load(Ordering::SeqCst), before.flags.load(Ordering::SeqCst));
    Some(of(handler, flags, before.mask.load(Ordering::SeqCst)))
}

/// Whether it is ours.
pub(super) fn is_held(signal: c_int) -> bool {
    HELD.load(Ordering::SeqCst) & set(signal) != 0
}

/// Puts `handler` in front of the action that is there, unless it may not be. Not in a handler, and for one thread at a time.
pub(super) fn hold(signal: c_int, handler: Handler) {
    let Some(there) = now(signal) else { return };
    let ours = handler as *const () as usize;
    if there.sa_sigaction == ours {
        // It may have been taken for one that passes on: by a late handler, or a child that shares this memory.
        HELD.fetch_or(set(signal), Ordering::SeqCst);
        return;
    }
    let ever = EVER.load(Ordering::SeqCst) & set(signal) != 0;
    if !may_be_taken(there.sa_sigaction, ours, ever) {
        return;
    }
    keep(signal, &there);
    HANDLER.store(ours, Ordering::SeqCst);
    HELD.fetch_or(set(signal), Ordering::SeqCst);
    EVER.fetch_or(set(signal), Ordering::SeqCst);
    let action = of(ours, libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK, u64::MAX);
    match exchange(signal, &action) {
        Some(before) if before.sa_sigaction != ours => keep(signal, &before),
        Some(_) => {}
        None => _ = HELD.fetch_and(!set(signal), Ordering::SeqCst),
    }
}

/// The action that was there before ours is there again, unless another one is by now. In a handler too.
pub(super) fn put_back(signal: c_int) {
    HELD.fetch_and(!set(signal), Ordering::SeqCst);
    let ours = HANDLER.load(Ordering::SeqCst);
    let is_ours = now(signal).is_some_and(|there| there.sa_sigaction == ours && ours != 0);
    let Some(before) = kept(signal).filter(|before| is_ours && before.sa_sigaction != ours) else { return };
    if let Some(there) = exchange(signal, &before)
        && there.sa_sigaction != ours
    {
        // Somebody was faster.
        exchange(signal, &there);
    }
}

/// Where a signal goes that is not held back.
pub(super) enum Pass {
    /// It meets the right action if it is sent again.
    Again,
    /// This one is called.
    Call(Handler),
    /// It is ignored.
    Nobody,
}

/// Our handler was called for a signal that is not held back: in a process that was forked of this one, a moment late, or by
/// another library, whose action is there by now and which has kept ours as the one before. That one must not meet it again.
/// In a handler.
pub(super) fn pass_on(signal: c_int) -> Pass {
    let ours = HANDLER.load(Ordering::SeqCst);
    let there = now(signal).map_or(libc::SIG_DFL, |there| there.sa_sigaction);
    if there == ours {
        put_back(signal);
        return Pass::Again;
    }
    let Some(before) = kept(signal) else { return Pass::Nobody };
    let resets = before.sa_flags & libc::SA_RESETHAND != 0;
    if (before.sa_sigaction == libc::SIG_DFL || resets) && there != libc::SIG_DFL {
        exchange(signal, &of(libc::SIG_DFL, 0, 0));
    }
    match before.sa_sigaction {
        libc::SIG_IGN => Pass::Nobody,
        libc::SIG_DFL => Pass::Again,
        // SAFETY: the kernel has called it with these arguments, or would have: more than it takes do it no harm.
        handler => Pass::Call(unsafe { std::mem::transmute::<usize, Handler>(handler) }),
    }
}

/// Whether the process ends by what was there before: of the kernel's default, or of Node's own handler, which steps aside when
/// it has come. The first process of a container lives on.
pub(super) fn ends_process(signal: c_int) -> bool {
    let Some(before) = kept(signal) else { return false };
    let ends = before.sa_sigaction == libc::SIG_DFL || before.sa_flags & libc::SA_RESETHAND != 0;
    ends && std::process::id() != 1
}

/// What is ignored stays so, as programs that this one starts inherit that. A handler of Node's, or none, is taken over whenever
/// it is met; another library's once, before it can have met ours: later on it may pass signals on to us.
fn may_be_taken(there: usize, ours: usize, ever: bool) -> bool {
    match there {
        libc::SIG_IGN => false,
        libc::SIG_DFL => true,
        _ if there == ours => false,
        _ => !ever || is_nodes(there),
    }
}

/// Where a function lies: the first address of its file in memory.
fn place(function: usize) -> Option<usize> {
    // SAFETY: an all-zero Dl_info is a valid one.
    let mut info: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: it lives for the call; the loader looks the address up and does not read there.
    let found = unsafe { libc::dladdr(function as *const c_void, &mut info) } != 0;
    (found && !info.dli_fbase.is_null()).then_some(info.dli_fbase as usize)
}

/// Node's handlers are in its executable, or in the libraries that a distribution has made of it.
fn is_nodes(handler: usize) -> bool {
    static PLACES: LazyLock<Vec<usize>> = LazyLock::new(|| {
        let symbol = |name: &CStr| {
            // SAFETY: a name that ends in NUL; what is found is only compared.
            unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) as usize }
        };
        // SAFETY: asks the kernel's own table of this process.
        let entry = unsafe { libc::getauxval(libc::AT_ENTRY) } as usize;
        let inside = [entry, symbol(c"napi_module_register"), symbol(c"uv_signal_start")];
        inside.into_iter().filter(|function| *function != 0).filter_map(place).collect()
    });
    place(handler).is_some_and(|place| PLACES.contains(&place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_signals_on_to_us_is_not_taken_over() {
        let mine = what_may_pass_signals_on_to_us_is_not_taken_over as *const () as usize;
        let librarys = libc::malloc as *const () as usize;
        assert!(is_nodes(mine) && !is_nodes(librarys));
        let ours = 0x1000;
        assert!(may_be_taken(librarys, ours, false) && !may_be_taken(librarys, ours, true));
        assert!(may_be_taken(mine, ours, true) && may_be_taken(libc::SIG_DFL, ours, true));
        assert!(!may_be_taken(libc::SIG_IGN, ours, false) && !may_be_taken(ours, ours, false));
    }
}
