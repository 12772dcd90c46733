//! What the interrupted thread does. Allocates nothing, takes no lock, calls nothing but the kernel, and ends in bounded time.

use std::ffi::{c_int, c_void};

use super::child;
use super::others;
use super::request::{self, Answer, Inner, Phase, Request, clock};
use crate::image::freeze::{Frozen, How};
use crate::v8::in_gc;

/// Of the host's alternate stack: freezing needs 32 KiB.
const STACK: usize = 64 << 10;

/// The signal's handler.
pub(super) extern "C" fn interrupted(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: this thread's own.
    let errno = unsafe { *libc::__errno_location() };
    let thread = task();
    if in_gc() {
        request::advance(thread, Phase::Asked, Phase::Noted);
    } else {
        // SAFETY: the kernel gives a handler with SA_SIGINFO its context, which lives for the call.
        let stack = unsafe { context.cast::<libc::ucontext_t>().as_ref() }.map(|context| context.uc_stack);
        let small = stack.is_some_and(|stack| is_small(&stack, (&raw const errno) as usize));
        carry_out(thread, Phase::Asked, small);
    }
    // What was interrupted may be about to read it.
    // SAFETY: this thread's own.
    unsafe { *libc::__errno_location() = errno };
}

/// A collection has ended on this thread.
pub(super) fn collected() {
    carry_out(task(), Phase::Noted, false);
}

fn task() -> i32 {
    // SAFETY: no arguments, no failure.
    unsafe { libc::syscall(libc::SYS_gettid) as i32 }
}

/// Whether the stack at `here` is an alternate one, and too small.
fn is_small(stack: &libc::stack_t, here: usize) -> bool {
    let on_it =
        stack.ss_flags & libc::SS_DISABLE == 0 && here.wrapping_sub(stack.ss_sp as usize) < stack.ss_size;
    on_it && stack.ss_size < STACK
}

fn carry_out(thread: i32, from: Phase, small_stack: bool) {
    if !request::advance(thread, from, Phase::Taken) {
        return;
    }
    let Some(request) = request::taken() else { return };
    // SAFETY: this thread has taken it.
    let inner = unsafe { &mut *request.inner.get() };
    let answer = if small_stack {
        Some(Answer::SmallStack)
    } else if request.by_fork {
        fork(request, inner)
    } else {
        freeze(request, inner)
    };
    // None: this is the copy, and nobody waits.
    if let Some(answer) = answer {
        inner.result = answer;
        request::advance(thread, Phase::Taken, Phase::Done);
    }
}

fn fork(request: &Request, inner: &mut Inner) -> Option<Answer> {
    let begin = clock();
    others::wait([request.thread, request.conductor], &inner.prepared.workers);
    inner.exchange.open(&mut inner.buffer[..]);
    // SAFETY: a child with a copy of this process and of its stack. Not by the C library, whose fork gives the thread another
    // id, behind which V8's recursive locks would wait for themselves, and runs what others have registered.
    let pid = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) } as i32;
    if pid == 0 {
        // SAFETY: this is the child, directly after the fork.
        unsafe { child::run(request, inner, clock() - begin) };
        return None;
    }
    if pid < 0 {
        // SAFETY: this thread's own.
        return Some(Answer::Refused(unsafe { *libc::__errno_location() }));
    }
    inner.exchange.give(&mut inner.buffer[..], pid);
    Some(Answer::Child(pid, clock() - begin))
}

fn freeze(request: &Request, inner: &mut Inner) -> Option<Answer> {
    let begin = clock();
    others::wait([request.thread, request.conductor], &inner.prepared.workers);
    let shared = &inner.prepared.shared;
    let Some(intake) = inner.prepared.target.intake() else { return Some(Answer::None) };
    if !intake.sink().header().buffers
        // SAFETY: the isolate's thread is the one that was interrupted.
        && let Err(why) = unsafe { inner.copy.leave_out_buffers(How::Beside) }
    {
        return Some(Answer::Untold(why));
    }
    let looks = &mut inner.look;
    looks.restart();
    let mut look = |raw_bytes| {
        shared.write(raw_bytes);
        !shared.ended() && looks.goes_on(intake.sink(), raw_bytes)
    };
    let pid = request.process as u32;
    // SAFETY: what is frozen goes on here; the copy goes on as the handler does.
    match unsafe { inner.copy.freeze(request.to, How::Beside, pid, request.at_once, &mut look) } {
        Frozen::Written(written) => Some(Answer::Frozen(written, clock() - begin)),
        Frozen::Failed(fault) => Some(Answer::Failed(fault)),
        Frozen::Thawed => None,
    }
}
