//! What goes wrong while a process freezes.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::super::{Fault, Frozen, How, Step};
use super::super::Freezer;
use super::super::base::PAGE;
use super::alone;
use super::child::{fork, freeze, status, unpacked, wait};
use super::stream::read;

const LEN: usize = 8 << 20;

/// Memory that does not pack.
fn noise(len: usize) -> *mut u8 {
    // SAFETY: a new mapping, where the kernel likes.
    unsafe { noise_at(std::ptr::null_mut(), len) }
}

/// In place of what is at `place`, if that is no null pointer.
///
/// # Safety
/// Nobody uses what is there.
unsafe fn noise_at(place: *mut libc::c_void, len: usize) -> *mut u8 {
    let (all, private) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let fixed = if place.is_null() { 0 } else { libc::MAP_FIXED };
    // SAFETY: a mapping, written within it.
    unsafe {
        let at = libc::mmap(place, len, all, private | fixed, -1, 0);
        assert_ne!(at, libc::MAP_FAILED);
        let mut state = 88172645463325252_u64;
        for word in 0..len / 8 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            at.cast::<u64>().add(word).write(state | 1);
        }
        at.cast()
    }
}

#[test]
fn a_mapping_that_vanishes_meanwhile_is_zeros() {
    // It has to be the largest mapping that there is.
    if !alone("fails::a_mapping_that_vanishes_meanwhile_is_zeros") {
        return;
    }
    let at = noise(LEN);
    let begin = at as u64;
    let mut file = tempfile::tempfile().unwrap();
    let mut freezer = Freezer::new(-7).unwrap();
    // SAFETY: the test's own memory.
    let kept = unsafe { std::slice::from_raw_parts(at, LEN / 4).to_vec() };
    // Gone while this very mapping is written: when a quarter of it, at least, is in the stream.
    let mut cut = None;
    let mut before = None;
    let busy = AtomicBool::new(true);
    let frozen = std::thread::scope(|scope| {
        // Another thread maps, writes and gives back all the time: at a place of its own, for where the kernel likes may be what
        // has just vanished.
        let place = noise(64 * PAGE) as usize;
        let busy = &busy;
        scope.spawn(move || {
            while busy.load(Ordering::Relaxed) {
                let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
                // SAFETY: the thread's own mapping.
                unsafe {
                    libc::mmap(place as *mut libc::c_void, 64 * PAGE, libc::PROT_NONE, kind, -1, 0);
                    noise_at(place as *mut libc::c_void, 64 * PAGE);
                }
            }
        });
        let look = &mut |raw: u64| {
            // The first million bytes may be of what lies below; the mapping is the largest there is.
            let pages = before.get_or_insert(raw);
            if raw >= *pages + (LEN as u64) / 2 && cut.is_none() {
                cut = Some(raw);
                // SAFETY: the second half of the test's own mapping.
                unsafe { libc::munmap(at.add(LEN / 2).cast(), LEN / 2) };
            }
            true
        };
        let frozen = freeze(&mut freezer, &file, How::Beside, look);
        busy.store(false, Ordering::Relaxed);
        frozen
    });
    assert!(matches!(frozen, Frozen::Written(_)), "{frozen:?}");
    assert!(cut.is_some());
    let raw = unpacked(&mut file);
    let image = read(&raw);
    let region = image.regions.iter().find(|region| (region.low..region.high).contains(&begin)).unwrap();
    assert!(region.high >= begin + LEN as u64, "it was whole when it was begun");
    let last = begin + (LEN - PAGE) as u64;
    assert_eq!(region.page(last), None, "and its end was gone when it was written");
    for (number, page) in kept.chunks(PAGE).enumerate() {
        assert_eq!(region.page(begin + (number * PAGE) as u64), Some(page), "page {number}");
    }
}

#[test]
fn a_full_disk_a_limit_and_a_no_end_it() {
    if !alone("fails::a_full_disk_a_limit_and_a_no_end_it") {
        return;
    }
    let _noise = noise(LEN);
    let mut freezer = Freezer::new(-7).unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let child = fork(|| status(&freeze(&mut freezer, &full, How::Alone, &mut |_| true)));
    assert_eq!(libc::WEXITSTATUS(wait(child)), libc::ENOSPC);

    // The kernel would send a signal that ends the process: the freezer stops before.
    let file = tempfile::tempfile().unwrap();
    let child = fork(|| {
        let limit = libc::rlimit { rlim_cur: 1 << 20, rlim_max: 1 << 20 };
        // SAFETY: the structure is ours.
        unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limit) };
        status(&freeze(&mut freezer, &file, How::Alone, &mut |_| true))
    });
    let status = wait(child);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == libc::EFBIG, "{status:x}");
    assert!(file.metadata().unwrap().len() <= 1 << 20);

    let child = fork(|| super::child::status(&freeze(&mut freezer, &file, How::Alone, &mut |_| false)));
    assert_eq!(libc::WEXITSTATUS(wait(child)), 101);
}

#[test]
fn faults_in_words() {
    for (fault, code, words) in [
        (Fault { step: Step::Write, errno: libc::ENOSPC, at: 0 }, "HEAPWARDEN_NO_SPACE", "No space left"),
        (Fault { step: Step::Write, errno: libc::EFBIG, at: 0 }, "HEAPWARDEN_NO_SPACE", "too large"),
        (
            Fault { step: Step::Write, errno: libc::EIO, at: 0 },
            "HEAPWARDEN_CAPTURE_FAILED",
            "could not be written",
        ),
        (Fault { step: Step::Maps, errno: libc::EMFILE, at: 0 }, "HEAPWARDEN_CAPTURE_FAILED", "open files"),
        (
            Fault { step: Step::Place, errno: 0, at: 0x6000_0000_0000 },
            "HEAPWARDEN_CAPTURE_FAILED",
            "0x600000000000",
        ),
        (Fault { step: Step::Stopped, errno: 0, at: 1 }, "HEAPWARDEN_ABORTED", "stopped"),
    ] {
        let error = fault.error();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(words), "{error}");
    }
}
