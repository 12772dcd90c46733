//! What freezes asks for nothing but what it says.

use std::sync::atomic::Ordering;

use super::super::super::{How, Small};
use super::super::Freezer;
use super::super::base::Seams;
use super::alone;
use super::child::{fork, freeze, status, wait};
use crate::memory::CALLS;

/// All that it may call. No memory is mapped, no lock waited for, no process or thread made, no signal touched.
const CALLED: &[i64] = &[
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_read,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_lseek,
    libc::SYS_mincore,
    libc::SYS_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_arch_prctl,
    libc::SYS_prlimit64,
    libc::SYS_getpid,
    libc::SYS_gettid,
];

/// What it calls besides where more is to be left out than fits its first pages.
const NOTING: &[i64] = &[libc::SYS_mmap, libc::SYS_mremap];

/// From here on any other call ends this process, but for the test's own: to leave, and to ask for its parent's number.
fn fence(calls: &[i64]) -> bool {
    let code = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut program = vec![code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0)];
    let allowed: Vec<i64> = calls.iter().copied().chain([libc::SYS_exit_group, libc::SYS_getppid]).collect();
    for (index, call) in allowed.iter().enumerate() {
        let over = (allowed.len() - index) as u8;
        program.push(code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, over, 0, *call as u32));
    }
    program.push(code(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_KILL_PROCESS));
    program.push(code(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW));
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: the program lives for the call, which copies it.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) == 0
    }
}

/// Wait status of a child that freezes behind a fence of these calls; 77 if it asked for memory, 78 if `errno` is another.
fn behind(calls: &[i64], how: How, seams: Seams) -> i32 {
    behind_leaving_out(0, calls, how, seams)
}

/// The same where so many ranges are left out, and small contents are looked for.
fn behind_leaving_out(count: u64, calls: &[i64], how: How, seams: Seams) -> i32 {
    let mut freezer = Freezer::new(-1).unwrap();
    freezer.without(seams);
    let file = tempfile::tempfile().unwrap();
    wait(fork(|| {
        let mut looked = 0;
        if !fence(calls) {
            return 76;
        }
        // SAFETY: this thread's own number.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: likewise.
        unsafe { *errno = 4711 };
        let before = CALLS.load(Ordering::Relaxed);
        if count > 0 {
            freezer.leave_out_small(Small { mark: 15, head: 1, most: 64 });
        }
        if (0..count).any(|at| !freezer.leave_out(at * 100..at * 100 + 50)) {
            return 75;
        }
        let frozen = freeze(&mut freezer, &file, how, &mut |_| {
            looked += 1;
            true
        });
        // SAFETY: likewise.
        let (asked, kept) = (CALLS.load(Ordering::Relaxed) != before, unsafe { *errno } == 4711);
        if asked {
            77
        } else if !kept {
            78
        } else {
            status(&frozen)
        }
    }))
}

#[test]
fn nothing_but_these_calls_no_allocation_and_no_errno() {
    if !alone("quiet::nothing_but_these_calls_no_allocation_and_no_errno") {
        return;
    }
    for how in [How::Alone, How::Beside] {
        for seams in [
            Seams::default(),
            Seams { no_pagemap: true, ..Seams::default() },
            Seams { no_mem: true, ..Seams::default() },
            Seams { no_process_read: true, ..Seams::default() },
            Seams { no_pagemap: true, no_mem: true, swaps: true, ..Seams::default() },
        ] {
            assert_eq!(behind(CALLED, how, seams), 0, "{how:?} {seams:?}");
        }
    }
    let noting: Vec<i64> = CALLED.iter().chain(NOTING).copied().collect();
    for how in [How::Alone, How::Beside] {
        assert_eq!(behind_leaving_out(100_000, &noting, how, Seams::default()), 0, "{how:?}");
    }
    let without: Vec<i64> = CALLED.iter().copied().filter(|call| *call != libc::SYS_lseek).collect();
    assert_eq!(
        libc::WTERMSIG(behind(&without, How::Alone, Seams::default())),
        libc::SIGSYS,
        "the fence is there"
    );
}

#[test]
fn it_needs_little_stack() {
    if !alone("quiet::it_needs_little_stack") {
        return;
    }
    // What is below the frame of the caller is painted, and looked at afterwards.
    const DEEP: usize = 64 << 10;
    const GAP: usize = 512;
    let mut freezer = Freezer::new(3).unwrap();
    let file = tempfile::tempfile().unwrap();
    let status = wait(fork(|| {
        let stack = noted(&mut freezer, &file);
        i32::try_from(stack >> 8).unwrap_or(255)
    }));
    let deep = libc::WEXITSTATUS(status);
    println!("{} bytes", deep << 8);
    assert!(deep > 0 && deep < 128, "{} bytes, or {status:x}", deep << 8);

    #[inline(never)]
    fn noted(freezer: &mut Freezer, file: &std::fs::File) -> usize {
        let here = 0_u8;
        let low = (&raw const here as usize - DEEP - GAP) as *mut u8;
        // SAFETY: the main part of a stack of megabytes, below all that is in use but for this loop's own frame.
        unsafe { (0..DEEP).for_each(|at| low.add(at).write_volatile(0xA5)) };
        freeze(freezer, file, How::Alone, &mut |_| true);
        // SAFETY: likewise.
        let first = unsafe { (0..DEEP).position(|at| low.add(at).read_volatile() != 0xA5) };
        first.map_or(0, |first| DEEP + GAP - first)
    }
}
