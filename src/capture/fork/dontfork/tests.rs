//! With real mappings and a real fork.

use super::*;
use crate::capture::fork::mappings;

const SIZE: usize = 1 << 20;

/// The tags are the process's, and who starts a child has them looked at anew.
fn alone(test: &str) -> bool {
    crate::probe::tests::alone(&format!("capture::fork::dontfork::tests::{test}"))
}

fn map(at: usize) -> Range {
    let fixed = if at == 0 { 0 } else { libc::MAP_FIXED };
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | fixed;
    // SAFETY: a new mapping, or one over the test's own.
    let start = unsafe {
        libc::mmap(at as *mut libc::c_void, SIZE, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0)
    } as usize;
    assert!(at == 0 || start == at);
    Range { start, end: start + SIZE }
}

fn unmap(range: Range) {
    // SAFETY: the test's own mapping.
    unsafe { libc::munmap(range.start as *mut libc::c_void, SIZE) };
}

/// Whether all of it has the mark.
fn marked(range: Range) -> bool {
    common(&with(&flags().unwrap(), |mapping| mapping.not_copied), &[range]) == [range]
}

fn any(range: Range, wanted: impl Fn(&Mapping) -> bool) -> bool {
    !common(&with(&flags().unwrap(), wanted), &[range]).is_empty()
}

#[test]
fn what_stayed_is_marked_again() {
    if !alone("what_stayed_is_marked_again") {
        return;
    }
    let range = map(0);
    advise(&[range], libc::MADV_DONTFORK).unwrap();
    let marks = remember();
    mappings::open().unwrap();
    assert!(!any(range, |mapping| mapping.not_copied));
    assert!(marks.put_back());
    assert!(marked(range));
    assert!(!any(range, |mapping| mapping.random), "no tag stays");
    unmap(range);
}

#[test]
fn another_mapping_at_the_same_address_is_not() {
    if !alone("another_mapping_at_the_same_address_is_not") {
        return;
    }
    let (stays, goes) = (map(0), map(0));
    advise(&[stays, goes], libc::MADV_DONTFORK).unwrap();
    let marks = remember();
    // Part of it, as a thread's stack may come to lie in what was a heap.
    let half = Range { start: goes.start + SIZE / 2, end: goes.end };
    unmap(goes);
    map(goes.start);
    mappings::open().unwrap();
    assert!(marks.put_back());
    assert!(!any(goes, |mapping| mapping.not_copied));
    assert!(marked(stays));
    assert!(!any(half, |mapping| mapping.not_copied));
    unmap(goes);
    unmap(stays);
}

#[test]
fn a_fork_between_the_looks_finds_nothing_marked() {
    if !alone("a_fork_between_the_looks_finds_nothing_marked") {
        return;
    }
    window::install();
    let range = map(0);
    let ours = vec![range];
    let open = window::Open::over(&ours);
    assert!(open.mark() && marked(range));
    // SAFETY: the child leaves at once, or dies of what it lacks.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: a mapping if it was copied; and the end of this process.
        unsafe {
            let zero = std::ptr::read_volatile(range.start as *const u8);
            libc::_exit(zero.into());
        }
    }
    let mut status = -1;
    // SAFETY: the test's own child.
    unsafe { libc::waitpid(child, &mut status, 0) };
    assert_eq!(status, 0, "it read what it would have lacked");
    assert!(!marked(range));
    assert!(!open.close(&[]), "it says that it must be done again");
    unmap(range);
}

#[test]
fn tags_are_cleared_when_nobody_forks() {
    if !alone("tags_are_cleared_when_nobody_forks") {
        return;
    }
    let range = map(0);
    advise(&[range], libc::MADV_DONTFORK).unwrap();
    let marks = remember();
    assert!(any(range, |mapping| mapping.random));
    drop(marks);
    assert!(!any(range, |mapping| mapping.random));
    assert!(marked(range));
    unmap(range);
}
