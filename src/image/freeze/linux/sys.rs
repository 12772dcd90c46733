//! The kernel, without libc between: no lock, no `errno`, no cancellation, nothing bound late.

use std::arch::asm;
use std::ffi::CStr;
use std::ffi::c_int;

/// What a call gives: a number, or the kernel's number of an error.
pub(super) type Outcome = Result<usize, i32>;

/// # Safety
/// As the call's: pointers live and are as long as the kernel is told.
#[inline]
unsafe fn call(number: i64, a: [usize; 6]) -> Outcome {
    let result: isize;
    // SAFETY: the kernel's convention; it keeps all registers but these, and touches no memory but what the caller vouches for.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") a[0], in("rsi") a[1], in("rdx") a[2], in("r10") a[3], in("r8") a[4], in("r9") a[5],
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    if result < 0 { Err(-result as i32) } else { Ok(result as usize) }
}

pub(super) fn open(path: &CStr) -> Result<c_int, i32> {
    open_bytes(path.to_bytes_with_nul())
}

/// `path` ends in NUL. For reading, without waiting for whoever should write.
pub(super) fn open_bytes(path: &[u8]) -> Result<c_int, i32> {
    if path.last() != Some(&0) {
        return Err(libc::EINVAL);
    }
    let flags = (libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK) as usize;
    let here = libc::AT_FDCWD as isize as usize;
    // SAFETY: a path that ends in NUL and lives for the call.
    unsafe { call(libc::SYS_openat, [here, path.as_ptr() as usize, flags, 0, 0, 0]) }.map(|fd| fd as c_int)
}

pub(super) fn close(fd: c_int) {
    // SAFETY: no memory is touched. Whether it succeeds changes nothing.
    let _ = unsafe { call(libc::SYS_close, [fd as usize, 0, 0, 0, 0, 0]) };
}

/// Again where a signal came first.
fn again(mut once: impl FnMut() -> Outcome) -> Outcome {
    loop {
        match once() {
            Err(libc::EINTR) => {}
            outcome => return outcome,
        }
    }
}

pub(super) fn read(fd: c_int, into: &mut [u8]) -> Outcome {
    // SAFETY: the kernel writes within the slice.
    again(|| unsafe { call(libc::SYS_read, [fd as usize, into.as_mut_ptr() as usize, into.len(), 0, 0, 0]) })
}

pub(super) fn read_at(fd: c_int, into: &mut [u8], at: u64) -> Outcome {
    let (address, len) = (into.as_mut_ptr() as usize, into.len());
    // SAFETY: the kernel writes within the slice.
    again(|| unsafe { call(libc::SYS_pread64, [fd as usize, address, len, at as usize, 0, 0]) })
}

pub(super) fn write(fd: c_int, bytes: &[u8]) -> Outcome {
    // SAFETY: the kernel reads the slice.
    again(|| unsafe { call(libc::SYS_write, [fd as usize, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0]) })
}

/// Where the descriptor stands in its file.
pub(super) fn position(fd: c_int) -> Result<u64, i32> {
    // SAFETY: no memory is touched.
    let at = unsafe { call(libc::SYS_lseek, [fd as usize, 0, libc::SEEK_CUR as usize, 0, 0, 0]) };
    at.map(|at| at as u64)
}

/// Memory of process `pid` at `at`, as far as it can be read in one go.
pub(super) fn read_process(pid: c_int, into: &mut [u8], at: u64) -> Outcome {
    let ours = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let theirs = libc::iovec { iov_base: at as usize as *mut _, iov_len: into.len() };
    let (ours, theirs) = (&raw const ours as usize, &raw const theirs as usize);
    // SAFETY: the kernel writes within the slice, and reads elsewhere without a fault of ours.
    again(|| unsafe { call(libc::SYS_process_vm_readv, [pid as usize, ours, 1, theirs, 1, 0]) })
}

/// One byte for each page from `at` on whose lowest bit says whether it is there.
pub(super) fn in_core(at: u64, pages: &mut [u8]) -> Outcome {
    let bytes = pages.len() * super::base::PAGE;
    // SAFETY: the kernel writes a byte for each page within the slice, and touches none of the pages.
    again(|| unsafe { call(libc::SYS_mincore, [at as usize, bytes, pages.as_mut_ptr() as usize, 0, 0, 0]) })
}

/// Drops private pages: zeros are there from now on.
///
/// # Safety
/// Nobody in this process reads them any more.
pub(super) unsafe fn drop_pages(at: u64, len: usize) {
    // SAFETY: as promised. Where it fails they stay.
    let _ = unsafe { call(libc::SYS_madvise, [at as usize, len, libc::MADV_DONTNEED as usize, 0, 0, 0]) };
}

/// Base of FS or GS (`ARCH_GET_FS`, `ARCH_GET_GS`).
pub(super) fn base(which: c_int) -> u64 {
    let mut base = 0_u64;
    // SAFETY: the kernel writes the eight bytes.
    let got = unsafe { call(libc::SYS_arch_prctl, [which as usize, &raw mut base as usize, 0, 0, 0, 0]) };
    if got.is_ok() { base } else { 0 }
}

/// `ARCH_GET_FS`.
pub(super) const FS: c_int = 0x1003;
/// `ARCH_GET_GS`.
pub(super) const GS: c_int = 0x1004;

/// More memory in place of the `mapped` bytes at `at`, if there are any; what they hold stays, the rest is zeros.
///
/// # Safety
/// A mapping of the caller's own, to which there is no reference.
pub(super) unsafe fn grow(at: usize, mapped: usize, wanted: usize) -> Outcome {
    if mapped == 0 {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let nothing = usize::MAX;
        // SAFETY: a new mapping where the kernel likes touches nothing that is there.
        return unsafe { call(libc::SYS_mmap, [0, wanted, access as usize, kind as usize, nothing, 0]) };
    }
    // SAFETY: as the caller vouches.
    unsafe { call(libc::SYS_mremap, [at, mapped, wanted, libc::MREMAP_MAYMOVE as usize, 0, 0]) }
}

/// This process.
pub(super) fn process() -> c_int {
    // SAFETY: no memory is touched.
    unsafe { call(libc::SYS_getpid, [0; 6]) }.unwrap_or(0) as c_int
}

/// This thread.
pub(super) fn thread() -> u32 {
    // SAFETY: no memory is touched.
    unsafe { call(libc::SYS_gettid, [0; 6]) }.unwrap_or(0) as u32
}

/// The soft limit of a resource; none: the largest number.
pub(super) fn limit(resource: libc::__rlimit_resource_t) -> u64 {
    let mut limit = libc::rlimit64 { rlim_cur: u64::MAX, rlim_max: 0 };
    let into = &raw mut limit as usize;
    // SAFETY: the kernel writes the structure.
    let got = unsafe { call(libc::SYS_prlimit64, [0, resource as usize, 0, into, 0, 0]) };
    if got.is_ok() { limit.rlim_cur } else { u64::MAX }
}
