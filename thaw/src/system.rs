//! System calls of x86-64 Linux. Answers are the kernel's: negative ones are error numbers.

use core::arch::asm;

pub const READ: u64 = 0;
pub const WRITE: u64 = 1;
pub const CLOSE: u64 = 3;
pub const MMAP: u64 = 9;
pub const MPROTECT: u64 = 10;
pub const MUNMAP: u64 = 11;
pub const RT_SIGACTION: u64 = 13;
pub const RT_SIGPROCMASK: u64 = 14;
pub const RECVMSG: u64 = 47;
pub const GETPPID: u64 = 110;
pub const PRCTL: u64 = 157;
pub const ARCH_PRCTL: u64 = 158;
pub const SETRLIMIT: u64 = 160;
pub const GETRLIMIT: u64 = 97;
pub const EXIT_GROUP: u64 = 231;
pub const PKEY_ALLOC: u64 = 330;
pub const CLOSE_RANGE: u64 = 436;

pub const EINTR: i64 = -4;

pub const PROT_WRITE: u32 = 2;
pub const MAP_PRIVATE: u64 = 0x02;
pub const MAP_FIXED: u64 = 0x10;
pub const MAP_ANONYMOUS: u64 = 0x20;
pub const MAP_NORESERVE: u64 = 0x4000;

/// # Safety
/// What the call does must be sound: above all that it takes no memory away, and writes into none, that is in use.
pub unsafe fn call(number: u64, arguments: [u64; 6]) -> i64 {
    let [a, b, c, d, e, f] = arguments;
    let answer: i64;
    // SAFETY: the caller's promise; the kernel keeps all other registers.
    unsafe {
        asm!("syscall", inlateout("rax") number as i64 => answer, in("rdi") a, in("rsi") b, in("rdx") c,
            in("r10") d, in("r8") e, in("r9") f, lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    answer
}

/// One that touches no memory of this program's.
pub fn plain(number: u64, a: u64, b: u64, c: u64) -> i64 {
    debug_assert!(number != MMAP && number != MUNMAP && number != MPROTECT && number != READ);
    // SAFETY: callers give numbers and kernel constants only; see each.
    unsafe { call(number, [a, b, c, 0, 0, 0]) }
}

/// Writes as much as can be, and gives up where it cannot.
pub fn write(descriptor: u64, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: reads the bytes of a slice.
        match unsafe { call(WRITE, [descriptor, bytes.as_ptr() as u64, bytes.len() as u64, 0, 0, 0]) } {
            EINTR => {}
            count if count > 0 => bytes = bytes.get(count as usize..).unwrap_or_default(),
            _ => return,
        }
    }
}

/// Ends this process.
pub fn exit(status: i32) -> ! {
    loop {
        plain(EXIT_GROUP, status as u64, 0, 0);
    }
}
