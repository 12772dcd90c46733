//! Memory that the kernel did not copy into the child. V8 marks new memory `MADV_DONTFORK`, from any thread: the marks are taken
//! off right before the fork, and what another thread has mapped in between the child lacks. So its parent, which waits, says what
//! it has, the child says what of that it lacks, and the parent sends it through a socket: no child needs a right to read another
//! process for that. Allocates nothing and takes no lock, but in [`Exchange::new`].

use std::ffi::c_void;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair, sockopt};

use super::maps;
use super::others::pause;
use crate::capture::fork::mappings::{Range, advise};
use crate::capture::fork::system::now_ms;

/// Most mappings: the kernel's own default limit.
const MOST: usize = 1 << 16;
/// Most bytes that are sent; more is no slip.
const MOST_BYTES: usize = 256 << 20;
/// How long one waits for the other.
const PATIENCE_MS: u64 = 3000;
const LOOK_AGAIN: Duration = Duration::from_micros(50);
const PAGE: usize = 4096;

#[derive(Clone, Copy)]
#[repr(C)]
struct Part {
    low: usize,
    high: usize,
    protection: i32,
}

/// Parts of the address space in shared memory, and whether all of them are there.
#[repr(C)]
struct List {
    told: AtomicU32,
    count: AtomicU32,
    bytes: AtomicU64,
    parts: [Part; MOST],
}

/// Between a parent and its child.
pub(super) struct Exchange {
    /// What the parent has, what the child lacks.
    lists: *mut [List; 2],
    parent: OwnedFd,
    child: OwnedFd,
}

// SAFETY: the mapping is nobody else's, wherever it goes.
unsafe impl Send for Exchange {}

const SIZE: usize = size_of::<[List; 2]>();

impl Exchange {
    /// Maps it and opens the socket.
    ///
    /// # Errors
    /// The system gives no memory or no descriptor.
    pub fn new() -> io::Result<Self> {
        let pair = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None);
        let (parent, child) = pair?;
        let patience = Some(Duration::from_millis(PATIENCE_MS));
        sockopt::set_socket_timeout(&parent, sockopt::Timeout::Send, patience)?;
        sockopt::set_socket_timeout(&child, sockopt::Timeout::Recv, patience)?;
        let kind = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping where the kernel likes; zeros are valid lists.
        let at = unsafe { libc::mmap(null_mut(), SIZE, libc::PROT_READ | libc::PROT_WRITE, kind, -1, 0) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { lists: at.cast(), parent, child })
    }

    fn list(&self, which: usize) -> &List {
        // SAFETY: mapped for as long as `self` lives; what is not atomic is written before `told`, and read after it.
        unsafe { &(*self.lists)[which & 1] }
    }

    /// Adds a part; whether it fitted. Only before `told`, by the one whose list it is.
    fn push(&self, which: usize, part: Part) -> bool {
        let at = self.list(which).count.load(Ordering::Relaxed);
        // SAFETY: as promised, nobody reads it yet; the index is checked.
        let slot = unsafe { (*self.lists)[which & 1].parts.get_mut(at as usize) };
        let Some(slot) = slot else { return false };
        *slot = part;
        self.list(which).count.store(at + 1, Ordering::Relaxed);
        true
    }

    fn parts(&self, which: usize) -> &[Part] {
        let list = self.list(which);
        list.parts.get(..list.count.load(Ordering::Relaxed) as usize).unwrap_or(&[])
    }

    fn clear(&self, which: usize) {
        self.list(which).count.store(0, Ordering::Relaxed);
    }

    fn tell(&self, which: usize, what: u32) {
        self.list(which).told.store(what, Ordering::Release);
    }

    /// Waits until `which` is told; whether it is there. Not for one that is `gone`.
    fn wait(&self, which: usize, gone: impl Fn() -> bool) -> bool {
        let until = now_ms() + PATIENCE_MS;
        loop {
            match self.list(which).told.load(Ordering::Acquire) {
                0 => {}
                told => return told == THERE,
            }
            if now_ms() >= until || gone() {
                return false;
            }
            pause(LOOK_AGAIN);
        }
    }

    /// Bytes that the child lacked.
    #[cfg(test)]
    pub fn bytes(&self) -> u64 {
        self.list(LACKS).bytes.load(Ordering::Relaxed)
    }

    fn list_own(&self, buffer: &mut [u8]) -> bool {
        self.clear(HAS);
        let mut fits = true;
        let whole = maps::each(buffer, |line| {
            if line.anonymous {
                let Range { start: low, end: high } = line.range;
                fits &= self.push(HAS, Part { low, high, protection: line.protection });
            }
        });
        whole && fits
    }

    /// In the parent, before the fork: whatever it has is copied.
    pub fn open(&self, buffer: &mut [u8]) -> bool {
        let listed = self.list_own(buffer);
        for part in self.parts(HAS) {
            // Some of it may be nothing to do with V8, and refuse.
            let _ = advise(&[Range { start: part.low, end: part.high }], libc::MADV_DOFORK);
        }
        listed
    }

    /// In the parent, after it: gives the child `pid` what it lacks.
    pub fn give(&self, buffer: &mut [u8], pid: libc::pid_t) {
        let listed = self.list_own(buffer);
        self.tell(HAS, if listed { THERE } else { GIVEN_UP });
        if listed && self.wait(LACKS, || is_gone(pid)) {
            for part in self.parts(LACKS).iter().filter(|part| part.protection != 0) {
                if !send(self.parent.as_raw_fd(), part) {
                    return;
                }
            }
        }
    }

    /// In the child: takes what it lacks; whether it lacks nothing any more.
    pub fn take(&self, buffer: &mut [u8]) -> bool {
        let listed = self.wait(HAS, || false) && self.list_lacking(buffer);
        self.tell(LACKS, if listed { THERE } else { GIVEN_UP });
        let mut filled = self.parts(LACKS).iter().filter(|part| part.protection != 0);
        listed && filled.all(|part| receive(self.child.as_raw_fd(), part, buffer))
    }

    /// What it lacks, with room made for it.
    fn list_lacking(&self, buffer: &mut [u8]) -> bool {
        let mut beside = parts_of(self.parts(HAS));
        let mut fits = true;
        let mut bytes = 0;
        let mut lacks = |low: usize, high: usize, protection: i32| {
            fits &= self.push(LACKS, Part { low, high, protection });
            bytes += if protection == 0 { 0 } else { high - low };
        };
        let whole = maps::each(buffer, |line| beside.pass(line.range, &mut lacks));
        beside.pass(Range { start: usize::MAX, end: usize::MAX }, &mut lacks);
        self.list(LACKS).bytes.store(bytes as u64, Ordering::Relaxed);
        whole && fits && bytes <= MOST_BYTES && self.parts(LACKS).iter().all(map)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`, which nothing uses any more.
        unsafe { libc::munmap(self.lists.cast(), SIZE) };
    }
}

const HAS: usize = 0;
const LACKS: usize = 1;

/// What is told of a list: that it is whole, or that there will be none.
const THERE: u32 = 1;
const GIVEN_UP: u32 = 2;

/// Whether a child has ended; it is not reaped.
fn is_gone(pid: libc::pid_t) -> bool {
    // SAFETY: an all-zero siginfo_t is a valid one.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let how = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: the value lives for the call.
    let failed = unsafe { libc::waitid(libc::P_PID, pid as libc::id_t, &mut info, how) } != 0;
    // SAFETY: all zeros, or what the kernel says of a child.
    failed || unsafe { info.si_pid() } == pid
}

/// Goes through what the parent has beside what the child has, both ascending.
struct Beside<'a> {
    parts: std::slice::Iter<'a, Part>,
    /// What is left of the part that it is at.
    rest: Option<Part>,
}

fn parts_of(parts: &[Part]) -> Beside<'_> {
    let mut parts = parts.iter();
    let rest = parts.next().copied();
    Beside { parts, rest }
}

impl Beside<'_> {
    /// The child has `range`: what the parent has in front of it the child lacks.
    fn pass(&mut self, range: Range, lacks: &mut impl FnMut(usize, usize, i32)) {
        while let Some(part) = self.rest {
            if part.low < range.start {
                lacks(part.low, part.high.min(range.start), part.protection);
            }
            if part.high > range.end {
                self.rest = Some(Part { low: part.low.max(range.end), ..part });
                return;
            }
            self.rest = self.parts.next().copied();
        }
    }
}

/// Makes room for it in the child, where nothing is.
fn map(part: &Part) -> bool {
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED | libc::MAP_NORESERVE;
    let access = if part.protection == 0 { 0 } else { libc::PROT_READ | libc::PROT_WRITE };
    // SAFETY: the child's list of mappings has just said that nothing is there, and it has one thread.
    let at = unsafe { libc::mmap(part.low as *mut c_void, part.high - part.low, access, kind, -1, 0) };
    at != libc::MAP_FAILED
}

/// Sends all of it; zeros stand for pages that have gone meanwhile, and for those only.
fn send(to: RawFd, part: &Part) -> bool {
    static ZEROS: [u8; PAGE] = [0; PAGE];
    let mut at = part.low;
    let mut single = part.low;
    while at < part.high {
        // Where something has gone, page by page.
        let most = if at < single { PAGE - at % PAGE } else { (part.high - at).min(16 * PAGE) };
        // SAFETY: the kernel reads what is there, and says so where nothing is.
        let mut sent = unsafe { libc::send(to, at as *const c_void, most, libc::MSG_NOSIGNAL) };
        // SAFETY: this thread's own.
        if sent < 0 && unsafe { *libc::__errno_location() } == libc::EFAULT {
            if at >= single {
                single = at + most;
                continue;
            }
            // SAFETY: the zeros live for ever.
            sent = unsafe { libc::send(to, ZEROS.as_ptr().cast(), most, libc::MSG_NOSIGNAL) };
        }
        match usize::try_from(sent) {
            Ok(sent) if sent > 0 => at += sent,
            // SAFETY: this thread's own.
            _ if unsafe { *libc::__errno_location() } == libc::EINTR => {}
            _ => return false,
        }
    }
    true
}

/// Fills it, but for pages of zeros, which it has already; and protects it as its original is.
fn receive(from: RawFd, part: &Part, buffer: &mut [u8]) -> bool {
    let Some(page) = buffer.get_mut(..PAGE) else { return false };
    for at in (part.low..part.high).step_by(PAGE) {
        let mut filled = 0;
        while filled < PAGE {
            // SAFETY: the kernel writes within the page of the buffer.
            let got = unsafe { libc::recv(from, page.as_mut_ptr().add(filled).cast(), PAGE - filled, 0) };
            match usize::try_from(got) {
                Ok(got) if got > 0 => filled += got,
                // SAFETY: this thread's own.
                Err(_) if unsafe { *libc::__errno_location() } == libc::EINTR => {}
                _ => return false,
            }
        }
        if page.iter().any(|byte| *byte != 0) {
            // SAFETY: mapped a moment ago for this, readable and writable, by the only thread there is.
            unsafe { std::ptr::copy_nonoverlapping(page.as_ptr(), at as *mut u8, PAGE) };
        }
    }
    let as_mapped = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: as above.
    part.protection == as_mapped
        || unsafe { libc::mprotect(part.low as *mut c_void, part.high - part.low, part.protection) } == 0
}

#[cfg(test)]
mod tests;
