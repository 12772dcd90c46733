//! What no image can do, whatever its code is.

use super::code::Code;
use super::make::{CODE, DATA, Made, options, thaw};
use crate::image::format::PAGE;
use crate::thaw::options::Requests;
use crate::thaw::session::run;

const RESULTS: u64 = DATA + PAGE;
const NO_SUCH_CALL: i64 = -38;
const X32: u64 = 0x4000_0000;
/// Where "/etc/passwd" stands.
const PATH: u64 = DATA;

/// What each call answers.
fn answers(calls: &[(&str, u64, &[u64])]) -> Vec<i64> {
    let mut code = Code::default();
    for (index, (_, number, arguments)) in calls.iter().enumerate() {
        code = code.call(*number, arguments).store(RESULTS + 8 * index as u64);
    }
    let code = code.call(1, &[1, RESULTS, 8 * calls.len() as u64]).done();
    let out = thaw(&code, b"/etc/passwd\0").unwrap();
    out.chunks(8).map(|eight| i64::from_le_bytes(eight.try_into().unwrap())).collect()
}

#[test]
fn nothing_leads_out() {
    let calls: &[(&str, u64, &[u64])] = &[
        ("open", 2, &[PATH, 0, 0]),
        ("openat", 257, &[-100i64 as u64, PATH, 0]),
        ("openat2", 437, &[-100i64 as u64, PATH, RESULTS, 24]),
        ("creat", 85, &[PATH, 0o600]),
        ("stat", 4, &[PATH, RESULTS]),
        ("unlink", 87, &[PATH]),
        ("rename", 82, &[PATH, PATH]),
        ("mkdir", 83, &[PATH, 0o700]),
        ("chmod", 90, &[PATH, 0o777]),
        ("mount", 165, &[PATH, PATH, 0, 0, 0]),
        ("socket", 41, &[2, 1, 0]),
        ("socketpair", 53, &[1, 1, 0, RESULTS]),
        ("connect", 42, &[0, RESULTS, 16]),
        ("sendto of the request's socket", 44, &[0, PATH, 4, 0, 0, 0]),
        ("recvmsg of it", 47, &[0, RESULTS, 0]),
        ("bind", 49, &[0, RESULTS, 16]),
        ("fork", 57, &[]),
        ("vfork", 58, &[]),
        ("clone", 56, &[17, 0, 0, 0, 0]),
        ("clone3", 435, &[RESULTS, 88]),
        ("execve", 59, &[PATH, 0, 0]),
        ("execveat", 322, &[0, PATH, 0, 0, 0]),
        ("kill of its parent's group", 62, &[0, 0]),
        ("kill of all", 62, &[-1i64 as u64, 0]),
        ("tgkill", 234, &[1, 1, 0]),
        ("tkill", 200, &[1, 0]),
        ("rt_sigqueueinfo", 129, &[1, 0, RESULTS]),
        ("pidfd_open", 434, &[1, 0]),
        ("ptrace", 101, &[16, 1, 0, 0]),
        ("prctl", 157, &[4, 1, 0, 0, 0]),
        ("arch_prctl", 158, &[0x1002, 0]),
        ("seccomp", 317, &[1, 0, 0]),
        ("process_vm_readv", 310, &[1, RESULTS, 1, RESULTS, 1, 0]),
        ("process_vm_writev", 311, &[1, RESULTS, 1, RESULTS, 1, 0]),
        ("process_madvise", 440, &[0, RESULTS, 1, 4, 0]),
        ("mmap of a descriptor", 9, &[0, 4096, 1, 2, 0, 0]),
        ("mmap of shared memory", 9, &[0, 4096, 3, 0x21, -1i64 as u64, 0]),
        ("mmap of a growing stack", 9, &[0, 4096, 3, 0x122, -1i64 as u64, 0]),
        ("mmap of huge pages", 9, &[0, 2 << 20, 3, 0x4_0022, -1i64 as u64, 0]),
        ("shmget", 29, &[0, 4096, 0o1600]),
        ("memfd_create", 319, &[PATH, 0]),
        ("userfaultfd", 323, &[0]),
        ("io_uring_setup", 425, &[1, RESULTS]),
        ("perf_event_open", 298, &[RESULTS, 0, 0, 0, 0]),
        ("bpf", 321, &[0, RESULTS, 0]),
        ("add_key", 248, &[PATH, PATH, 0, 0, 0]),
        ("write to descriptor 5", 1, &[5, PATH, 4]),
        ("write to descriptor 0", 1, &[0, PATH, 4]),
        ("write to a descriptor of 64 bits", 1, &[(1 << 32) | 5, PATH, 4]),
        ("writev to descriptor 5", 20, &[5, RESULTS, 0]),
        ("read from descriptor 1", 0, &[1, RESULTS, 4]),
        ("read from descriptor 3", 0, &[3, RESULTS, 4]),
        ("pread64", 17, &[0, RESULTS, 4, 0]),
        ("dup", 32, &[0]),
        ("dup2", 33, &[1, 5]),
        ("fcntl", 72, &[0, 3]),
        ("ioctl", 16, &[0, 0x5401, RESULTS]),
        ("sendfile", 40, &[1, 0, 0, 4]),
        ("splice", 275, &[0, 0, 1, 0, 4, 0]),
        ("epoll_create1", 291, &[0]),
        ("eventfd2", 290, &[0, 0]),
        ("timerfd_create", 283, &[0, 0]),
        ("timer_create", 222, &[0, 0, RESULTS]),
        ("setuid", 105, &[0]),
        ("setrlimit", 160, &[2, RESULTS]),
        ("prlimit64 that sets", 302, &[0, 2, RESULTS, 0]),
        ("prlimit64 that sets, from an address of zeros below", 302, &[0, 2, CODE, 0]),
        ("prlimit64 that sets, from a low address", 302, &[0, 2, 0x7000_0000, 0]),
        ("prlimit64 of another", 302, &[1, 2, 0, RESULTS]),
        ("setpriority", 141, &[0, 0, -20i64 as u64]),
        ("sched_setaffinity", 203, &[0, 8, RESULTS]),
        ("reboot", 169, &[0, 0, 0, 0]),
        ("madvise that poisons", 28, &[DATA, 4096, 100]),
        ("madvise that takes offline", 28, &[DATA, 4096, 101]),
        ("chroot", 161, &[PATH]),
        ("uname, which would tell of this machine", 63, &[RESULTS]),
        ("sysinfo, which would too", 99, &[RESULTS]),
        ("unshare", 272, &[0x1000_0000]),
        ("setns", 308, &[0, 0]),
        ("x32 openat", X32 | 257, &[-100i64 as u64, PATH, 0]),
        ("x32 write", X32 | 1, &[1, PATH, 4]),
        ("x32 getpid", X32 | 39, &[]),
        ("no call at all", 9999, &[]),
        ("-1", u64::from(u32::MAX), &[]),
    ];
    let answers = answers(calls);
    let passed: Vec<_> = calls.iter().zip(&answers).filter(|(_, answer)| **answer != NO_SUCH_CALL).collect();
    assert_eq!(answers.len(), calls.len());
    assert!(passed.is_empty(), "{passed:?}");
}

#[test]
fn the_interface_of_32_bits_leads_nowhere() {
    // openat, getpid, write by their numbers there.
    let mut code = Code::default();
    for (index, number) in [295, 20, 4, 5, 11].into_iter().enumerate() {
        code = code.call32(number, 1).store(RESULTS + 8 * index as u64);
    }
    let code = code.call(1, &[1, RESULTS, 40]).done();
    let out = thaw(&code, b"").unwrap();
    assert_eq!(out, NO_SUCH_CALL.to_le_bytes().repeat(5));
}

#[test]
fn what_a_snapshot_needs_is_there() {
    let calls: &[(&str, u64, &[u64])] = &[
        ("mmap", 9, &[0, 8192, 3, 0x22, -1i64 as u64, 0]),
        ("mmap of a reservation", 9, &[0, 1 << 40, 0, 0x4022, -1i64 as u64, 0]),
        ("mprotect", 10, &[DATA + 8 * PAGE, 4096, 1]),
        ("madvise", 28, &[DATA + 8 * PAGE, 4096, 4]),
        ("munmap", 11, &[DATA + 9 * PAGE, 4096]),
        ("mremap", 25, &[DATA + 10 * PAGE, 4096, 4096, 0]),
        ("pkey_mprotect", 329, &[DATA + 8 * PAGE, 4096, 3, -1i64 as u64]),
        ("clock_gettime", 228, &[1, DATA + 8 * PAGE]),
        ("getpid", 39, &[]),
        ("gettid", 186, &[]),
        ("getrandom", 318, &[DATA + 8 * PAGE, 8, 0]),
        ("futex that wakes", 202, &[DATA + 8 * PAGE, 129, 1]),
        ("sched_yield", 24, &[]),
        ("rt_sigaction", 13, &[14, 0, DATA + 8 * PAGE, 8]),
        ("rt_sigprocmask", 14, &[2, 0, DATA + 8 * PAGE, 8]),
        ("sigaltstack", 131, &[0, DATA + 8 * PAGE]),
        ("setitimer", 38, &[0, 0, 0]),
        ("getrusage", 98, &[0, DATA + 8 * PAGE]),
        ("prlimit64 that asks", 302, &[0, 3, 0, DATA + 8 * PAGE]),
        ("membarrier", 324, &[0, 0]),
        ("write of nothing", 1, &[2, PATH, 0]),
        ("writev of nothing", 20, &[1, RESULTS, 0]),
        ("read of the request's end", 0, &[0, DATA + 8 * PAGE, 8]),
        ("close", 3, &[2]),
    ];
    let answers = answers(calls);
    let failed: Vec<_> = calls.iter().zip(&answers).filter(|(_, answer)| **answer < 0).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn no_descriptor_but_three_is_open() {
    let mut code = Code::default();
    for descriptor in 3..200 {
        code = code.call(3, &[descriptor]).store(RESULTS + 8 * (descriptor - 3));
    }
    let code = code.call(1, &[1, RESULTS, 8 * 197]).done();
    // With a file that comes by descriptor.
    let mut made = Made::new(&code, b"");
    let path = std::env::current_exe().unwrap();
    let mapped = crate::image::freeze::mapped().unwrap();
    let id = mapped.iter().find(|object| object.path == path).unwrap().id.clone();
    made.map_first(&path, &id, CODE - 8 * PAGE);
    let folder = tempfile::tempdir().unwrap();
    let mut out = Vec::new();
    run(&made.write(folder.path()), Requests::Given(&[]), &mut out, &options(), &mut |_| {}).unwrap();
    assert_eq!(out, (-9i64).to_le_bytes().repeat(197), "EBADF");
}

#[test]
fn a_loop_that_waits_for_events_is_told_of_a_signal() {
    // libuv ends its process when it is told anything else.
    let answers =
        answers(&[("epoll_wait", 232, &[9, RESULTS, 1, 0]), ("epoll_pwait", 281, &[9, RESULTS, 1, 0, 0, 8])]);
    assert_eq!(answers, [-4, -4]);
}

#[test]
fn keys_are_all_given() {
    // V8 protects its code with one: all that there are were allocated.
    let answers = answers(&[("pkey_alloc", 330, &[0, 0])]);
    assert!([-28, -22, -38].contains(&answers[0]), "ENOSPC, or none at all: {answers:?}");
}
