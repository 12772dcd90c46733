//! What a child has written of V8's it has no more.

use super::super::super::How;
use super::super::Freezer;
use super::super::base::PAGE;
use super::super::writer::V8;
use super::alone;
use super::child::{fork, freeze, unpacked, wait};
use super::stream::read;

#[test]
fn pages_of_v8_are_dropped_when_they_are_written_and_others_are_not() {
    if !alone("dropped::pages_of_v8_are_dropped_when_they_are_written_and_others_are_not") {
        return;
    }
    let (all, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let map = |place: u64, kind: i32| {
        let len = 700 * PAGE;
        // SAFETY: a new mapping, where there is none.
        let at = unsafe { libc::mmap(place as *mut _, len, all, kind, -1, 0) };
        assert_ne!(at, libc::MAP_FAILED);
        // SAFETY: the mapping just made, which is nobody else's.
        unsafe { std::slice::from_raw_parts_mut(at.cast::<u8>(), len) }.fill(7);
        at.cast::<u8>()
    };
    let as_v8 = map(V8.end / 2, kind | libc::MAP_FIXED_NOREPLACE);
    let (elsewhere, mut freezer) = (map(0, kind), Freezer::new(1).unwrap());
    let mut file = tempfile::tempfile().unwrap();
    let child = fork(|| {
        freeze(&mut freezer, &file, How::Alone, &mut |_| true);
        // SAFETY: mappings of ours, of which only this thread is left.
        unsafe {
            i32::from(as_v8.add(600 * PAGE).read_volatile()) * 10 + i32::from(elsewhere.read_volatile())
        }
    });
    let status = wait(child);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 7, "{status:x}");
    let raw = unpacked(&mut file);
    let image = read(&raw);
    for at in [as_v8, elsewhere].map(|at| at as u64 + 600 * PAGE as u64) {
        let region = image.regions.iter().find(|region| region.low <= at && at < region.high).unwrap();
        assert_eq!(region.page(at), Some(&[7; PAGE][..]));
    }
    // SAFETY: the mapping made above.
    unsafe { libc::munmap(as_v8.cast(), 700 * PAGE) };
}
