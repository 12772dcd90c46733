//! How a thaw may end: each a code and a sentence, and nothing left behind.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::code::Code;
use super::make::{DATA, Made, no_child, options, thaw, thaw_with, write};
use crate::error::Error;
use crate::file::fault;
use crate::image::format::PAGE;
use crate::thaw::options::{Requests, ThawOptions};
use crate::thaw::session::run;

/// Set for a process that a test has started.
const ROLE: &str = "HEAPWARDEN_TEST_ROLE";

fn code_and_words(error: &Error) -> (&'static str, String) {
    (error.code(), error.to_string())
}

fn expect(code: &Code, data: &[u8], expected: &str, words: &str) {
    let (code, said) = code_and_words(&thaw(code, data).unwrap_err());
    assert_eq!(code, expected, "{said}");
    assert!(said.contains(words), "{said}");
}

#[test]
fn its_own_words_are_the_error() {
    let words = b"noise\nheapwarden-error HEAPWARDEN_NOT_FOUND there is no object 7\nmore noise\n";
    let code = Code::default().call(1, &[2, DATA, words.len() as u64]).call(231, &[71]);
    expect(&code, words, "HEAPWARDEN_NOT_FOUND", "there is no object 7");
}

#[test]
fn a_crash_says_its_signal_and_last_words() {
    let crash = |code: Code, bytes: &[u8]| code.bytes(bytes);
    let said = Code::default().call(1, &[2, DATA, 4]);
    expect(
        &crash(said, &[0x48, 0xA1, 0, 0, 0, 0, 0, 0, 0, 0]),
        b"last",
        "HEAPWARDEN_CAPTURE_FAILED",
        "signal 11; its last words: last",
    );
    expect(
        &crash(Code::default(), &[0x0F, 0x0B]),
        b"",
        "HEAPWARDEN_CAPTURE_FAILED",
        "instruction that this CPU has not",
    );
    expect(&crash(Code::default(), &[0xCC]), b"", "HEAPWARDEN_CAPTURE_FAILED", "signal 5");
    expect(&Code::default().call(231, &[9]), b"", "HEAPWARDEN_CAPTURE_FAILED", "status 9");
    for words in [
        &b"FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n"[..],
        b"fatal runtime error: Rust cannot catch foreign exceptions, aborting\n",
    ] {
        let code = crash(Code::default().call(1, &[2, DATA, words.len() as u64]), &[0x0F, 0x0B]);
        expect(&code, words, "HEAPWARDEN_MEMORY_BUDGET", "needs about");
    }
}

#[test]
fn time_is_limited() {
    let short = ThawOptions { timeout: Duration::from_millis(300), ..options() };
    for code in [
        Code::default().endless(0),
        Code::default().call(35, &[DATA, 0]),
        Code::default().call(1, &[1, DATA, 1]).endless(0),
    ] {
        let error = thaw_with(&code, &1_000u64.to_le_bytes(), &short).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_TIMEOUT", "{error}");
    }
}

#[test]
fn who_waits_for_a_thread_that_is_not_there_is_not_waited_for() {
    const FUTEX_WAIT_PRIVATE: u64 = 128;
    let code = Code::default().call(202, &[DATA, FUTEX_WAIT_PRIVATE, 0, 0]);
    expect(&code, &[0; 8], "HEAPWARDEN_CAPTURE_FAILED", "waits for a thread");
}

#[test]
fn a_session_may_be_silent_as_long_as_it_likes() {
    // Reads one request, and never answers it.
    let code = Code::default().call(0, &[0, DATA + PAGE, 100]);
    let folder = tempfile::tempdir().unwrap();
    let image = Made::new(&code.endless(0), b"").write(folder.path());
    let short = ThawOptions { timeout: Duration::from_millis(300), ..options() };
    let (ask, requests) = crossbeam_channel::unbounded();
    let begun = Instant::now();
    let late = std::thread::spawn(move || {
        // Four times the time that an answer may take.
        std::thread::sleep(Duration::from_millis(1200));
        ask.send(crate::image::request::Request::Snapshot { numeric_values: false }).unwrap();
        ask
    });
    let error = run(&image, Requests::Session(requests), &mut io::sink(), &short, &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "HEAPWARDEN_TIMEOUT", "{error}");
    assert!(begun.elapsed() > Duration::from_millis(1500), "its time begins with its question");
    late.join().unwrap();
    no_child();
}

#[test]
fn a_copy_that_closes_its_pipes_is_not_waited_for_long() {
    let code = Code::default().call(3, &[1]).call(3, &[2]).call(35, &[DATA, 0]);
    let stop = options();
    let remote = stop.stop.clone();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        remote.stop();
    });
    let error = thaw_with(&code, &1_000u64.to_le_bytes(), &stop).unwrap_err();
    assert_eq!(error.code(), "HEAPWARDEN_ABORTED", "{error}");
    stopper.join().unwrap();
}

#[test]
fn it_can_be_stopped() {
    let options = options();
    options.stop.stop();
    let error = thaw_with(&Code::default().endless(0), b"", &options).unwrap_err();
    assert_eq!(error.code(), "HEAPWARDEN_ABORTED", "{error}");
}

#[test]
fn memory_is_limited() {
    // 64 MiB more each time round, written to by the kernel, until there is none: then the answer is no address.
    let grow = Code::default().call(9, &[0, 64 << 20, 3, 0x8022, -1i64 as u64, 0]).store(DATA + PAGE);
    let mut code = Code::default();
    for _ in 0..12 {
        code = code.bytes(&grow.0);
    }
    let code = code.call(1, &[1, DATA + PAGE, 8]).done();
    let most = |mib: u64| ThawOptions { memory: Some(mib << 20), ..options() };
    let out = thaw_with(&code, b"", &most(400)).unwrap();
    assert_eq!(i64::from_le_bytes(out.try_into().unwrap()), -12, "ENOMEM");
    let out = thaw_with(&code, b"", &most(1000)).unwrap();
    assert!(i64::from_le_bytes(out.try_into().unwrap()) > 0);
    let error = thaw_with(&code, b"", &most(1)).unwrap_err();
    assert_eq!(error.code(), "HEAPWARDEN_MEMORY_BUDGET", "{error}");
    assert!(error.to_string().contains("it may have 1 MB"), "{error}");
}

#[test]
fn reserved_memory_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    // It still gets some more.
    let more = Code::default().call(9, &[0, 16 << 20, 3, 0x22, -1i64 as u64, 0]).store(DATA + PAGE);
    let mut made = Made::new(&more.call(1, &[1, DATA + PAGE, 8]).done(), b"ok");
    // A cage of 64 GiB, and 2 GiB that are writable and untouched, as stacks of threads are.
    let stack = made.records.pop().unwrap();
    made.region(0x6f00_0000_0000, 16 << 20, 0, 0);
    made.region(0x7000_0000_0000, 512 << 10, 3, 0);
    made.records.push(stack);
    let image = made.write(folder.path());
    let mut out = Vec::new();
    let few = ThawOptions { memory: Some(100 << 20), ..options() };
    run(&image, Requests::Given(&[]), &mut out, &few, &mut |_| {}).unwrap();
    assert!(i64::from_le_bytes(out.try_into().unwrap()) > 0);
}

#[test]
fn idle_memory_is_bounded_and_watched() {
    let folder = tempfile::tempdir().unwrap();
    let idle = |gib: u64, code: &Code| {
        let mut made = Made::new(code, b"ok");
        let stack = made.records.pop().unwrap();
        made.region(0x7000_0000_0000, (gib << 30) / PAGE, 3, 0);
        made.records.push(stack);
        made.write(folder.path())
    };
    let few = ThawOptions { memory: Some(100 << 20), ..options() };
    let thaw = |image: std::path::PathBuf| {
        run(&image, Requests::Given(&[]), &mut io::sink(), &few, &mut |_| {}).unwrap_err()
    };
    let error = thaw(idle(300, &Code::default().done()));
    assert_eq!(error.code(), "HEAPWARDEN_CORRUPT_SNAPSHOT", "{error}");
    assert!(error.to_string().contains("idle"), "{error}");
    // Written to by its code (rdi = where, rcx = bytes, rep stosb): no limit of the kernel's is in the way.
    let at = [&[0x48, 0xBF][..], &0x7000_0000_0000_u64.to_le_bytes()].concat();
    let fill = [&at[..], &[0x48, 0xB9], &(2_u64 << 30).to_le_bytes(), &[0xF3, 0xAA]].concat();
    // After it has closed its pipes, too.
    for code in [Code::default(), Code::default().call(3, &[1]).call(3, &[2])] {
        let begin = code.0.len();
        let code = code.bytes(&fill);
        let around = code.0.len() - begin;
        let error = thaw(idle(2, &code.endless(around)));
        assert_eq!(error.code(), "HEAPWARDEN_MEMORY_BUDGET", "{error}");
        assert!(error.to_string().contains("more memory than it may"), "{error}");
    }
    no_child();
}

/// Takes so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self
            .0
            .checked_sub(bytes.len())
            .ok_or_else(|| fault::wrap(Error::NoSpace("the disk is full".into())))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn output_is_bounded_by_who_takes_it() {
    let code = Code::default().call(1, &[1, DATA, 4096]);
    let around = code.0.len();
    let folder = tempfile::tempdir().unwrap();
    let image = Made::new(&code.endless(around), b"x").write(folder.path());
    let error = run(&image, Requests::Given(&[]), &mut Full(1 << 20), &options(), &mut |_| {}).unwrap_err();
    assert_eq!(code_and_words(&error), ("HEAPWARDEN_NO_SPACE", "the disk is full".into()));
    no_child();
    // Its words are not kept without end either.
    let code = Code::default().call(1, &[2, DATA, 4096]);
    let code = code.clone().endless(code.0.len());
    let short = ThawOptions { timeout: Duration::from_millis(300), ..options() };
    assert_eq!(thaw_with(&code, b"x", &short).unwrap_err().code(), "HEAPWARDEN_TIMEOUT");
}

#[test]
fn a_panic_of_the_taker_leaves_no_child() {
    struct Panics;
    impl Write for Panics {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            panic!("on purpose")
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let image = Made::new(&Code::default().call(1, &[1, DATA, 1]).endless(0), b"x").write(folder.path());
    let work = || run(&image, Requests::Given(&[]), &mut Panics, &options(), &mut |_| {});
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err());
    no_child();
}

#[test]
fn a_cut_image_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let data: Vec<u8> = (0..PAGE).map(|n| ((n * n) >> 3) as u8).collect();
    let image = Made::new(&Code::default().done(), &data).write(folder.path());
    let whole = std::fs::read(&image).unwrap();
    let thaw = || run(&image, Requests::Given(&[]), &mut io::sink(), &options(), &mut |_| {});
    thaw().unwrap();
    for cut in (0..whole.len()).step_by(97) {
        std::fs::write(&image, &whole[..cut]).unwrap();
        let error = thaw().unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_CORRUPT_SNAPSHOT", "{cut}: {error}");
    }
    // Cut before it was packed: the file's own sums are right.
    let raw = Made::new(&Code::default().done(), &data).raw();
    for cut in (0..raw.len()).step_by(1009) {
        write(&raw[..cut], folder.path());
        let error = thaw().unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_CORRUPT_SNAPSHOT", "{cut}: {error}");
        assert!(error.to_string().contains("byte"), "{error}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let image = Made::new(&Code::default().done(), b"").write(folder.path());
    let without = ThawOptions::new("/nowhere/loader".into());
    let error = run(&image, Requests::Given(&[]), &mut io::sink(), &without, &mut |_| {}).unwrap_err();
    let (code, words) = code_and_words(&error);
    assert!(code == "HEAPWARDEN_UNSUPPORTED" && words.contains("/nowhere/loader"), "{words}");
    let gone = folder.path().join("gone.heapimage.zst");
    let error = run(&gone, Requests::Given(&[]), &mut io::sink(), &options(), &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "HEAPWARDEN_NOT_FOUND");
}

#[test]
fn what_the_cpu_lacks_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut made = Made::new(&Code::default().done(), b"");
    made.start.cpu = [u64::MAX; 4];
    let image = made.write(folder.path());
    let error = run(&image, Requests::Given(&[]), &mut io::sink(), &options(), &mut |_| {}).unwrap_err();
    let (code, words) = code_and_words(&error);
    // No CPU has all that there is by name.
    assert!(code == "HEAPWARDEN_UNSUPPORTED" && words.contains("avx512_vp2intersect"), "{words}");
    made.start.cpu = crate::image::cpu::words();
    let image = made.write(folder.path());
    run(&image, Requests::Given(&[]), &mut io::sink(), &options(), &mut |_| {}).unwrap();
}

/// In a process of its own, which is killed.
#[test]
fn a_copy_dies_with_whoever_thaws() {
    const TEST: &str = "thaw::tests::ends::a_copy_dies_with_whoever_thaws";
    if std::env::var(ROLE).is_ok() {
        let _ = thaw(&Code::default().endless(0), b"");
        return;
    }
    super::make::loader();
    let mut test = std::process::Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", TEST]).env(ROLE, "thaws").stdout(std::process::Stdio::null());
    let mut child = test.spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    let copy = loop {
        assert!(Instant::now() < until, "no copy was started");
        if let Some(copy) = descendant(child.id()) {
            break copy;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let proc = format!("/proc/{copy}/stat");
    while std::fs::read_to_string(&proc).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(Instant::now() < until, "the copy {copy} lives on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The loader below a process.
fn descendant(pid: u32) -> Option<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let children =
        tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> = children
        .flat_map(|text| text.split_whitespace().filter_map(|one| one.parse().ok()).collect::<Vec<_>>())
        .collect();
    let name = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    children.iter().find(|pid| name(pid).starts_with("heapwarden-thaw")).copied()
}
