//! A process that froze itself: this one, by a forked child. Its libc, its threads' stacks and its allocator go on in the
//! copy.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::make::{no_child, options};
use crate::file::info::{Finish, Form, Header, Mode};
use crate::file::sink::{Sink, SinkOptions};
use crate::image::format::MOMENT_FORK;
use crate::image::freeze::{Freezer, Frozen, How};
use crate::image::request::Request;
use crate::thaw::options::{Requests, ThawOptions};
use crate::thaw::session::run;

/// Freezes this process into `folder`; in the copy, `work` answers the request on descriptor 1.
fn frozen(folder: &Path, work: &dyn Fn(&Request) -> String) -> PathBuf {
    let mut freezer = Freezer::new(-1).unwrap();
    let mut header = Header::new(1_794_000_000_123.0, Mode::Fork, "test");
    header.form = Form::Image;
    let mut sink =
        Sink::create(&SinkOptions { dir: Some(folder.to_owned()), ..SinkOptions::default() }, header)
            .unwrap();
    sink.lend();
    // SAFETY: the child only freezes; the copy of it is alone, and the test's threads held no lock: they sleep.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: this process has one thread.
        let frozen = unsafe {
            freezer.freeze(sink.raw_fd(), How::Alone, MOMENT_FORK, std::process::id(), &mut |_| true)
        };
        let status = match frozen {
            Frozen::Written(written) => {
                let (raw, data, frames) = (written.raw_bytes, written.data_bytes, written.frames);
                i32::from(sink.finish_image(raw, data, frames, Finish::default()).is_err())
            }
            Frozen::Failed(_) => 9,
            Frozen::Thawed => answer(work),
        };
        // SAFETY: ends this process without what a test's end does.
        unsafe { libc::_exit(status) };
    }
    let mut status = 0;
    // SAFETY: waits for the child above.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the freezing child");
    sink.take_back();
    sink.handed_over().publish().unwrap().path
}

/// In the copy.
fn answer(work: &dyn Fn(&Request) -> String) -> i32 {
    use std::os::fd::FromRawFd;
    // SAFETY: descriptors 0 and 1 are the copy's, and it ends before these are dropped.
    let [mut from, mut to] =
        [0, 1].map(|fd| std::mem::ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(fd) }));
    let mut length = [0; 8];
    let mut text = Vec::new();
    let read = from.read_exact(&mut length).is_ok()
        && (&mut *from).take(u64::from_le_bytes(length)).read_to_end(&mut text).is_ok();
    let Some(request) = serde_json::from_slice(&text).ok().filter(|_| read) else { return 71 };
    i32::from(to.write_all(work(&request).as_bytes()).is_err())
}

fn ask(image: &Path, code: &str, options: &ThawOptions) -> crate::error::Result<String> {
    let request = [Request::Ask { code: code.into(), id: None, class_name: None, most: 1000 }];
    let mut out = Vec::new();
    let result = run(image, Requests::Given(&request), &mut out, options, &mut |_| {});
    no_child();
    result.map(|()| String::from_utf8(out).unwrap())
}

#[test]
fn it_goes_on_with_all_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let sessions: BTreeMap<u64, String> = (0..50_000).map(|n| (n, format!("user {n}"))).collect();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "not for a copy").unwrap();
    let work = |request: &Request| {
        let Request::Ask { code, .. } = request else { return String::new() };
        match code.as_str() {
            "size" => sessions.len().to_string(),
            // Its own allocator gives it more, in the heap and beside it.
            "more" => {
                let many: Vec<String> = (0..500_000).map(|n| format!("more {n}")).collect();
                let large = vec![1u8; 100 << 20];
                format!("{} {}", many.len(), large.iter().map(|byte| u64::from(*byte)).sum::<u64>())
            }
            "deep" => {
                fn deep(n: u64) -> u64 {
                    let room = std::hint::black_box([n; 64]);
                    if n == 0 { 0 } else { deep(n - 1) + room[7] - n + 1 }
                }
                deep(800).to_string()
            }
            "open" => format!("{:?}", std::fs::read_to_string(&secret).map_err(|e| e.raw_os_error())),
            "panic" => std::panic::catch_unwind(|| panic!("in the copy")).is_err().to_string(),
            key => sessions.get(&key.parse().unwrap_or(u64::MAX)).cloned().unwrap_or_default(),
        }
    };
    let image = frozen(folder.path(), &work);
    for (code, answer) in [
        ("size", "50000"),
        ("49999", "user 49999"),
        ("more", "500000 104857600"),
        ("deep", "800"),
        ("open", "Err(Some(38))"),
        ("panic", "true"),
    ] {
        let answered = ask(&image, code, &options()).unwrap_or_else(|error| panic!("{code}: {error}"));
        assert_eq!(answered, answer, "{code}");
    }
    // Once more: the image is as it was.
    assert_eq!(ask(&image, "size", &options()).unwrap(), "50000");
}

#[test]
fn what_it_must_not_take_it_does_not_get() {
    let folder = tempfile::tempdir().unwrap();
    let work = |_: &Request| {
        let mut all = Vec::new();
        loop {
            all.push(vec![1u8; 16 << 20]);
        }
    };
    let image = frozen(folder.path(), &work);
    let few = ThawOptions { memory: Some(300 << 20), ..options() };
    let error = ask(&image, "", &few).unwrap_err();
    assert_eq!(error.code(), "HEAPWARDEN_MEMORY_BUDGET", "{error}");
    assert!(error.to_string().contains("with 314 MB for it"), "{error}");
}
