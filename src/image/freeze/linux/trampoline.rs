//! The one call that returns twice.

use std::arch::naked_asm;
use std::ffi::c_void;

/// What [`call`] gives in a copy.
pub(super) const THAWED: u64 = 1;

/// Does the work: gets `job`, the stack pointer and the address that a copy goes on with. What it gives, `call` gives.
pub(super) type Work = unsafe extern "C" fn(job: *mut c_void, stack: u64, resume: u64) -> u64;

/// Puts what the convention says a callee keeps on the stack, and calls `work`. A copy goes on at `resume` with `stack` as
/// its stack pointer, takes the same from there and returns [`THAWED`] to the same caller; all other registers a caller
/// expects to be lost.
///
/// # Safety
/// As `work`'s.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn call(job: *mut c_void, work: Work) -> u64 {
    naked_asm!(
        ".cfi_startproc",
        "push rbp",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset rbp, 0",
        "push rbx",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset rbx, 0",
        "push r12",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r12, 0",
        "push r13",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r13, 0",
        "push r14",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r14, 0",
        "push r15",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r15, 0",
        // Seven words above a return address: the stack is aligned for the call.
        "sub rsp, 8",
        ".cfi_adjust_cfa_offset 8",
        "stmxcsr [rsp]",
        "fnstcw [rsp + 4]",
        "mov rax, rsi",
        "mov rsi, rsp",
        "lea rdx, [rip + 2f]",
        "call rax",
        "jmp 3f",
        "2:",
        "cld",
        "mov eax, {thawed}",
        "3:",
        "ldmxcsr [rsp]",
        "fldcw [rsp + 4]",
        "add rsp, 8",
        ".cfi_adjust_cfa_offset -8",
        "pop r15",
        ".cfi_adjust_cfa_offset -8",
        "pop r14",
        ".cfi_adjust_cfa_offset -8",
        "pop r13",
        ".cfi_adjust_cfa_offset -8",
        "pop r12",
        ".cfi_adjust_cfa_offset -8",
        "pop rbx",
        ".cfi_adjust_cfa_offset -8",
        "pop rbp",
        ".cfi_adjust_cfa_offset -8",
        "ret",
        ".cfi_endproc",
        thawed = const THAWED,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    struct Seen {
        stack: u64,
        resume: u64,
        jump: bool,
    }

    unsafe extern "C" fn work(job: *mut c_void, stack: u64, resume: u64) -> u64 {
        // SAFETY: the test's own structure.
        let seen = unsafe { &mut *job.cast::<Seen>() };
        (seen.stack, seen.resume) = (stack, resume);
        if seen.jump {
            // SAFETY: what a loader does: every register spoilt, the stack pointer set, and the jump. The frame is there.
            unsafe {
                std::arch::asm!(
                    "mov rsp, {stack}", "xor ebx, ebx", "xor ebp, ebp", "xor r12, r12", "xor r13, r13", "xor r14, r14",
                    "xor r15, r15", "std", "jmp {resume}",
                    stack = in(reg) stack, resume = in(reg) resume, options(noreturn),
                )
            }
        }
        0
    }

    #[test]
    fn returns_by_both_ways_with_what_the_caller_kept() {
        for jump in [false, true] {
            let mut seen = Seen { stack: 0, resume: 0, jump };
            let kept: Vec<u64> = (0..40).map(|n| std::hint::black_box(n * n)).collect();
            let sum: f64 = kept.iter().map(|n| *n as f64 / 3.0).sum();
            // SAFETY: `work` gets the structure it expects.
            let result = unsafe { call((&raw mut seen).cast(), work) };
            assert_eq!(result, if jump { THAWED } else { 0 });
            assert_eq!(seen.stack % 16, 0, "aligned for a call");
            assert!(seen.resume > call as *const () as u64 && seen.resume < call as *const () as u64 + 200);
            assert_eq!(kept.iter().map(|n| *n as f64 / 3.0).sum::<f64>(), sum);
        }
    }
}
