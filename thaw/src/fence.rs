//! Which system calls are left to an image: memory of its own, clocks, waiting, its three descriptors, its end. Everything
//! else answers that there is no such call: code that asks for a file gets an error, and nothing happens.

use crate::system::{self, plain};
use crate::words::Failure;

const PR_SET_SECCOMP: u64 = 22;
const PR_SET_NO_NEW_PRIVS: u64 = 38;
const MODE_FILTER: u64 = 2;

const ALLOW: u32 = 0x7fff_0000;
const NO_SUCH_CALL: u32 = 0x0005_0000 | 38;
const BY_SIGNAL: u32 = 0x0005_0000 | 4;

/// This architecture as the kernel names it in what a filter sees.
const X86_64: u32 = 0xC000_003E;
/// Calls of the x32 interface have this bit.
const X32: u32 = 0x4000_0000;

/// Calls that are harmless with any argument.
const ALLOWED: &[u32] = &[
    3,   // close
    10,  // mprotect
    11,  // munmap
    12,  // brk
    13,  // rt_sigaction
    14,  // rt_sigprocmask
    15,  // rt_sigreturn
    24,  // sched_yield
    25,  // mremap
    35,  // nanosleep
    36,  // getitimer
    37,  // alarm
    38,  // setitimer
    39,  // getpid
    60,  // exit
    96,  // gettimeofday
    97,  // getrlimit
    98,  // getrusage
    100, // times
    102, // getuid
    104, // getgid
    107, // geteuid
    108, // getegid
    110, // getppid
    127, // rt_sigpending
    131, // sigaltstack
    186, // gettid
    201, // time
    202, // futex
    204, // sched_getaffinity
    219, // restart_syscall
    228, // clock_gettime
    229, // clock_getres
    230, // clock_nanosleep
    231, // exit_group
    309, // getcpu
    318, // getrandom
    324, // membarrier
    329, // pkey_mprotect
    330, // pkey_alloc
    331, // pkey_free
];

/// Calls that answer as if a signal had come: libuv's loop, which may be what the image stood in, expects nothing else of a
/// descriptor that is gone, and would end its process.
const INTERRUPTED: &[u32] = &[
    232, // epoll_wait
    281, // epoll_pwait
];

/// One instruction of the kernel's classic BPF.
#[derive(Clone, Copy)]
#[repr(C)]
struct Instruction {
    code: u16,
    on_true: u8,
    on_false: u8,
    value: u32,
}

const LOAD: u16 = 0x20;
const EQUAL: u16 = 0x15;
const AT_LEAST: u16 = 0x35;
const AND: u16 = 0x54;
const RETURN: u16 = 0x06;

/// Where the number of the call, the architecture, and the halves of an argument are.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const fn low(argument: u32) -> u32 {
    16 + 8 * argument
}
const fn high(argument: u32) -> u32 {
    low(argument) + 4
}

const SIZE: usize = 256;

struct Program {
    instructions: [Instruction; SIZE],
    used: usize,
}

impl Program {
    const fn push(mut self, code: u16, value: u32, on_true: u8, on_false: u8) -> Self {
        self.instructions[self.used] = Instruction { code, on_true, on_false, value };
        self.used += 1;
        self
    }

    const fn answer(self, answer: u32) -> Self {
        self.push(RETURN, answer, 0, 0)
    }

    /// Goes on if the call is this one, else passes over the next `length` instructions.
    const fn only(self, number: u32, length: u8) -> Self {
        self.push(EQUAL, number, 0, length)
    }

    /// Descriptors are 32 bits to the kernel, whatever stands above.
    const fn descriptors(self, number: u32, least: u32, behind: u32) -> Self {
        self.only(number, 5)
            .push(LOAD, low(0), 0, 0)
            .push(AT_LEAST, behind, 1, 0)
            .push(AT_LEAST, least, 1, 0)
            .answer(NO_SUCH_CALL)
            .answer(ALLOW)
    }
}

const fn program() -> Program {
    let nothing = Instruction { code: RETURN, on_true: 0, on_false: 0, value: NO_SUCH_CALL };
    let mut program = Program { instructions: [nothing; SIZE], used: 0 }
        .push(LOAD, ARCHITECTURE, 0, 0)
        .push(EQUAL, X86_64, 1, 0)
        .answer(NO_SUCH_CALL)
        .push(LOAD, NUMBER, 0, 0)
        .push(AT_LEAST, X32, 0, 1)
        .answer(NO_SUCH_CALL)
        // read, write, writev
        .descriptors(0, 0, 1)
        .descriptors(1, 1, 3)
        .descriptors(20, 1, 3)
        // mmap of memory that the limits count: no file, not shared, no growing stack, no huge pages of the machine's.
        .only(9, 5)
        .push(LOAD, low(3), 0, 0)
        .push(AND, 0x20 | 0x01 | 0x100 | 0x4_0000, 0, 0)
        .push(EQUAL, 0x20, 0, 1)
        .answer(ALLOW)
        .answer(NO_SUCH_CALL)
        // madvise, but not the advice (100 and more) that takes memory from the machine.
        .only(28, 4)
        .push(LOAD, low(2), 0, 0)
        .push(AT_LEAST, 100, 1, 0)
        .answer(ALLOW)
        .answer(NO_SUCH_CALL)
        // prlimit64 of this process, to ask only.
        .only(302, 8)
        .push(LOAD, low(0), 0, 0)
        .push(EQUAL, 0, 0, 5)
        .push(LOAD, low(2), 0, 0)
        .push(EQUAL, 0, 0, 3)
        .push(LOAD, high(2), 0, 0)
        .push(EQUAL, 0, 0, 1)
        .answer(ALLOW)
        .answer(NO_SUCH_CALL);
    let mut index = 0;
    while index < ALLOWED.len() {
        program = program.only(ALLOWED[index], 1).answer(ALLOW);
        index += 1;
    }
    index = 0;
    while index < INTERRUPTED.len() {
        program = program.only(INTERRUPTED[index], 1).answer(BY_SIGNAL);
        index += 1;
    }
    program.answer(NO_SUCH_CALL)
}

static PROGRAM: Program = program();

/// The kernel's `sock_fprog`.
#[repr(C)]
struct Given {
    count: u16,
    instructions: u64,
}

/// From now on. There is no way back.
pub fn put_up() -> Result<(), Failure> {
    let answer = plain(system::PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0);
    if answer != 0 {
        return Err(Failure::refused("fence", PR_SET_NO_NEW_PRIVS, answer));
    }
    let given = Given { count: PROGRAM.used as u16, instructions: PROGRAM.instructions.as_ptr() as u64 };
    // SAFETY: the kernel reads the instructions, as many as it is told.
    let answer = unsafe {
        system::call(system::PRCTL, [PR_SET_SECCOMP, MODE_FILTER, &raw const given as u64, 0, 0, 0])
    };
    if answer == 0 { Ok(()) } else { Err(Failure::refused("fence", PR_SET_SECCOMP, answer)) }
}
