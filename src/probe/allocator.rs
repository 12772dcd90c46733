//! The C allocator's own account: memory a program freed, and glibc kept, looks like a leak from outside.

use serde::Serialize;

/// What glibc's allocator holds, over all arenas. Sizes are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Arenas {
    /// Allocated and not freed, large blocks excepted; blocks parked in a thread's cache count as in use.
    pub in_use: u64,
    /// Freed by the program and kept by the allocator: part of RSS unless it was trimmed.
    pub free: u64,
    /// Large blocks with a mapping of their own; these go back to the kernel when freed.
    pub mmapped: u64,
    /// How long this call took, in milliseconds.
    pub took_ms: f64,
}

/// Asks `mallinfo2` (glibc 2.33 and later). `None` with another libc, an older glibc, or when another
/// allocator (jemalloc, tcmalloc, mimalloc, …) has taken `malloc`'s place and glibc's account means nothing.
///
/// It takes each arena's lock in turn and holds it while it walks that arena's lists of free blocks; a thread
/// that allocates from the same arena waits meanwhile. A microsecond in a fresh process, but in proportion to
/// the number of free blocks: 30 ms for one million. So call it seldom and not from the thread that runs
/// JavaScript, and space the calls by [`Arenas::took_ms`].
///
/// On the process's first thread, which in a Node.js process runs JavaScript, the answer is `None`.
pub fn arenas() -> Option<Arenas> {
    // Unit tests have no JavaScript thread, and run on the first one if told to use a single one.
    #[cfg(all(target_os = "linux", not(test)))]
    if rustix::thread::gettid() == rustix::process::getpid() {
        return None;
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    return glibc::arenas();
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    None
}

/// Whether [`arenas`] has an answer, without asking the allocator: on any thread.
pub fn available() -> bool {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    return glibc::available();
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    false
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use super::Arenas;
    use libloading::os::unix::Library;
    use std::ffi::c_void;
    use std::sync::OnceLock;
    use std::time::Instant;

    type Mallinfo2 = unsafe extern "C" fn() -> libc::mallinfo2;

    /// Looked up at run time: linked, it would keep the addon from loading on an older glibc.
    static MALLINFO2: OnceLock<Option<Mallinfo2>> = OnceLock::new();

    pub(super) fn available() -> bool {
        MALLINFO2.get_or_init(find).is_some()
    }

    pub(super) fn arenas() -> Option<Arenas> {
        let mallinfo2 = (*MALLINFO2.get_or_init(find))?;
        let start = Instant::now();
        // SAFETY: `find` saw that this is glibc's mallinfo2, whose signature is `Mallinfo2` since it exists;
        // it may be called from any thread, and glibc itself is never unloaded.
        let info = unsafe { mallinfo2() };
        let took_ms = start.elapsed().as_secs_f64() * 1000.0;
        let (in_use, free, mmapped) = (info.uordblks as u64, info.fordblks as u64, info.hblkhd as u64);
        Some(Arenas { in_use, free, mmapped, took_ms })
    }

    fn find() -> Option<Mallinfo2> {
        let process = Library::this();
        let mallinfo2 = address(&process, b"mallinfo2\0")?;
        let home = object(mallinfo2)?;
        // `memalign` stands for `malloc`: who replaces one must replace the other. `malloc` itself would not
        // do: in an executable at a fixed address, as Node's are, its address is that of a stub in it.
        let same = [&b"gnu_get_libc_version\0"[..], b"memalign\0"]
            .iter()
            .all(|name| address(&process, name).and_then(object) == Some(home));
        // SAFETY: the address is that of `mallinfo2` in the object that also has `gnu_get_libc_version`, so in
        // glibc, which declares it as `struct mallinfo2 mallinfo2(void)`.
        same.then(|| unsafe { std::mem::transmute::<*mut c_void, Mallinfo2>(mallinfo2) })
    }

    fn address(process: &Library, name: &[u8]) -> Option<*mut c_void> {
        // SAFETY: only the symbol's address is wanted; nobody reads or calls through it as the type given here.
        let symbol = unsafe { process.get::<*mut c_void>(name) }.ok()?;
        Some(symbol.into_raw()).filter(|address| !address.is_null())
    }

    /// The first address of the loaded object that holds `address`.
    fn object(address: *mut c_void) -> Option<usize> {
        let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: dladdr takes any address, and writes only to `info`, which lives through the call.
        let found = unsafe { libc::dladdr(address, info.as_mut_ptr()) } != 0;
        // SAFETY: all bits zero is a valid `Dl_info` of null pointers, and dladdr only writes valid ones.
        let info = unsafe { info.assume_init() };
        found.then_some(info.dli_fbase as usize)
    }
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn sees_a_large_block_and_freed_small_ones() {
        if !super::super::tests::alone("probe::allocator::tests::sees_a_large_block_and_freed_small_ones") {
            return;
        }
        let Some(before) = arenas() else {
            println!("skipped: this process has no mallinfo2, or another allocator than glibc's");
            return;
        };
        // Above 32 MiB, the most glibc's threshold can grow to, a block always has its own mapping.
        // Not a `Vec`: this crate's own allocator does not go through malloc for it.
        // SAFETY: malloc takes any size, and free what malloc gave.
        let large = unsafe { libc::malloc(48 << 20) };
        let with = arenas().unwrap();
        assert!(with.mmapped >= before.mmapped + (40 << 20), "{before:?} {with:?}");
        // SAFETY: as above.
        unsafe { libc::free(std::hint::black_box(large)) };

        let small: Vec<Box<[u8; 4096]>> = (0..8192).map(|_| Box::new([1u8; 4096])).collect();
        let with = arenas().unwrap();
        assert!(with.in_use >= before.in_use + (24 << 20), "{before:?} {with:?}");
        // Every other one stays, so no two neighbours join and nothing can be given back.
        let kept: Vec<_> = small.into_iter().enumerate().filter(|(at, _)| at % 2 == 0).collect();
        let after = arenas().unwrap();
        assert!(after.free >= with.free + (8 << 20), "{with:?} {after:?}");
        assert!(after.took_ms >= 0.0 && kept.len() == 4096);
    }
}
