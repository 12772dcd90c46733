//! The first instruction, and the last.

/// Bytes of the loader's own stack: the kernel's lies where an image's may.
const STACK: usize = 128 << 10;

#[repr(C, align(4096))]
struct Stack(core::cell::UnsafeCell<[u8; STACK]>);

// SAFETY: only the one thread there is uses it, as its stack.
unsafe impl Sync for Stack {}

static OWN: Stack = Stack(core::cell::UnsafeCell::new([0; STACK]));

core::arch::global_asm!(
    ".globl _start",
    "_start:",
    "mov rdi, rsp",
    "lea rsp, [rip + {own} + {size}]",
    "xor ebp, ebp",
    "call {begin}",
    "ud2",
    own = sym OWN,
    size = const STACK,
    begin = sym begin,
);

extern "C" fn begin(initial: *const usize) -> ! {
    crate::run(initial)
}

/// Goes on where the image stood: the code there takes all registers but the stack pointer from its stack.
pub fn jump(resume: u64, stack: u64) -> ! {
    // SAFETY: the end of this program: nothing of it runs any more, and what runs stands behind the fence. Both addresses
    // lie in mapped regions; whatever the code does there is bounded by the fence and not by its good will.
    unsafe {
        core::arch::asm!(
            "mov rsp, {stack}",
            "cld",
            "xor eax, eax", "xor ebx, ebx", "xor ecx, ecx", "xor edx, edx", "xor esi, esi", "xor edi, edi",
            "xor ebp, ebp", "xor r8d, r8d", "xor r9d, r9d", "xor r10d, r10d",
            "jmp r11",
            stack = in(reg) stack,
            in("r11") resume,
            options(noreturn),
        )
    }
}
