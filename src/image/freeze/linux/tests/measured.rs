//! What levels cost, on memory of a real process:
//! `HEAP=FILE cargo nextest run --release --run-ignored only measured --no-capture`, FILE: its pages.

use std::os::unix::fs::FileExt;
use std::time::Instant;

use super::super::super::How;
use super::super::Freezer;
use super::super::pack;
use super::child::{fork, freeze, status, wait};

#[test]
#[ignore = "measures; HEAP names a file"]
fn measured() {
    let Some(path) = std::env::var_os("HEAP") else { return };
    let heap = std::fs::read(path).unwrap();
    let file = tempfile::tempfile().unwrap();
    println!("{} bytes of heap", heap.len());
    let timed = |name: String, work: &mut dyn FnMut() -> i32| {
        let mut best = f64::MAX;
        for _ in 0..3 {
            file.set_len(0).unwrap();
            std::io::Seek::rewind(&mut &file).unwrap();
            let start = Instant::now();
            let before = cpu();
            assert_eq!(wait(fork(&mut *work)), 0);
            let _wall = start.elapsed();
            best = best.min(cpu() - before);
        }
        println!("{name}: {best:.3} s of CPU, {} bytes", file.metadata().unwrap().len());
    };
    timed("write".into(), &mut || {
        file.write_all_at(&heap, 0).unwrap();
        0
    });
    for level in [3, 1, -1, -3, -5, -7, -20] {
        let mut freezer = Freezer::new(level).unwrap();
        for how in [How::Alone, How::Beside] {
            let name = format!("level {level} {how:?} ({} bytes of workspace)", pack::workspace(level));
            timed(name, &mut || status(&freeze(&mut freezer, &file, how, &mut |_| true)));
        }
    }
    // Ten gigabytes that are only reserved, as each memory of WebAssembly has.
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a new mapping where the kernel likes.
    let reserved = unsafe { libc::mmap(std::ptr::null_mut(), 10 << 30, libc::PROT_NONE, kind, -1, 0) };
    assert_ne!(reserved, libc::MAP_FAILED);
    let mut freezer = Freezer::new(-1).unwrap();
    timed("level -1 with 10 GiB reserved".into(), &mut || {
        status(&freeze(&mut freezer, &file, How::Alone, &mut |_| true))
    });
}

/// Seconds that ended children have run.
fn cpu() -> f64 {
    // SAFETY: a plain structure, which the call fills.
    let used = unsafe {
        let mut used = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_CHILDREN, &mut used);
        used
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(used.ru_utime) + seconds(used.ru_stime)
}
