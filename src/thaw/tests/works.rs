//! What an ordinary image can do.

use super::code::Code;
use super::make::{CODE, DATA, HEAP, Made, STACK, no_child, options, thaw, write};
use crate::file::info::{Form, Mode};
use crate::image::format::PAGE;
use crate::image::request::Request;
use crate::thaw::options::{Progress, Requests};
use crate::thaw::session::run;
use crate::thaw::snapshot::{SnapshotOptions, snapshot};

/// Eight bytes each, from the second page of data on.
const RESULTS: u64 = DATA + PAGE;

fn numbers(out: &[u8]) -> Vec<i64> {
    out.chunks(8).map(|eight| i64::from_le_bytes(eight.try_into().unwrap())).collect()
}

#[test]
fn goes_on_where_it_stood() {
    let code = Code::default().call(1, &[1, DATA, 5]).done();
    assert_eq!(thaw(&code, b"hello").unwrap(), b"hello");
}

#[test]
fn requests_come_behind_the_image() {
    let request = Request::Ask { code: "1".into(), id: None, class_name: None, most: 100 };
    let text = serde_json::to_vec(&request).unwrap();
    let length = 8 + text.len() as u64;
    let code = Code::default()
        .call(0, &[0, DATA, length])
        .call(1, &[1, DATA, length])
        // The next, and then none.
        .call(0, &[0, DATA, length])
        .call(1, &[1, DATA, length])
        .call(0, &[0, DATA, length])
        .store(RESULTS)
        .call(1, &[1, RESULTS, 8])
        .done();
    let folder = tempfile::tempdir().unwrap();
    let image = Made::new(&code, b"").write(folder.path());
    let mut out = Vec::new();
    let requests = [request.clone(), request];
    run(&image, Requests::Given(&requests), &mut out, &options(), &mut |_| {}).unwrap();
    let one = [&(text.len() as u64).to_le_bytes()[..], &text].concat();
    assert_eq!(out, [&one[..], &one, &[0; 8]].concat());
    no_child();
}

#[test]
fn a_session_asks_and_is_answered() {
    let request = Request::Ask { code: "1".into(), id: None, class_name: None, most: 100 };
    let length = 8 + serde_json::to_vec(&request).unwrap().len() as u64;
    // An answer to each of two: a value of two bytes.
    let frame = [&[0; 4][..], &2u32.to_le_bytes(), b"42"].concat();
    let one = |code: Code| code.call(0, &[0, DATA + PAGE, length]).call(1, &[1, DATA, 10]);
    let code = one(one(Code::default())).call(0, &[0, DATA + PAGE, length]).done();
    let folder = tempfile::tempdir().unwrap();
    let image = Made::new(&code, &frame).write(folder.path());
    let (ask, requests) = crossbeam_channel::unbounded();
    let mut out = Asking { ask: Some(ask), request, answers: 0 };
    out.ask();
    run(&image, Requests::Session(requests), &mut out, &options(), &mut |_| {}).unwrap();
    assert_eq!(out.answers, 2);
    no_child();
}

/// Asks once more after the first answer, then hangs up.
struct Asking {
    ask: Option<crossbeam_channel::Sender<Request>>,
    request: Request,
    answers: u32,
}

impl Asking {
    fn ask(&self) {
        self.ask.as_ref().unwrap().send(self.request.clone()).unwrap();
    }
}

impl std::io::Write for Asking {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        assert_eq!(bytes.len(), 10);
        self.answers += 1;
        if self.answers == 1 {
            self.ask()
        } else {
            self.ask = None
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn its_heap_grows_behind_itself() {
    let more = HEAP + 40 * PAGE;
    let code = Code::default()
        .call(12, &[more])
        .store(RESULTS)
        .store(more - 8)
        .load(more - 8)
        .store(RESULTS + 8)
        .call(1, &[1, RESULTS, 16])
        .done();
    // Both where the kernel was told where the heap is, and where it was not: it answers with the loader's own end then.
    let out = numbers(&thaw(&code, b"").unwrap());
    assert_eq!(out[0], out[1]);
    assert!(out[0] == more as i64 || out[0] > 0x6000_0000_0000, "{out:x?}");
}

#[test]
fn new_memory_is_always_at_the_same_place() {
    let map = |bytes: u64, at: u64| Code::default().call(9, &[0, bytes, 3, 0x22, -1i64 as u64, 0]).store(at);
    let code = [map(4096, RESULTS), map(64 << 20, RESULTS + 8)]
        .iter()
        .fold(Code::default(), |all, one| all.bytes(&one.0));
    let code = code.call(1, &[1, RESULTS, 16]).done();
    let first = numbers(&thaw(&code, b"").unwrap());
    assert!(first.iter().all(|at| *at > 0), "{first:x?}");
    for _ in 0..5 {
        assert_eq!(numbers(&thaw(&code, b"").unwrap()), first);
    }
}

#[test]
fn its_stack_goes_deeper_than_it_was() {
    let deep = STACK - (8 << 20);
    let code =
        Code::default().call(39, &[]).store(deep).load(deep).store(RESULTS).call(1, &[1, RESULTS, 8]).done();
    assert!(numbers(&thaw(&code, b"").unwrap())[0] > 0);
    let code = Code::default().call(39, &[]).store(deep - 8).done();
    assert!(thaw(&code, b"").unwrap_err().to_string().contains("signal 11"), "and no deeper");
}

#[test]
fn files_come_by_descriptor() {
    let folder = tempfile::tempdir().unwrap();
    let begin = CODE - 8 * PAGE;
    let mut made = Made::new(&Code::default().call(1, &[1, begin, 4]).done(), b"");
    // This very program, which is where it says.
    let path = std::env::current_exe().unwrap();
    let mapped = crate::image::freeze::mapped().unwrap();
    let id = mapped.iter().find(|object| object.path == path).unwrap().id.clone();
    made.map_first(&path, &id, begin);
    let image = made.write(folder.path());
    let mut out = Vec::new();
    let mut told = Vec::new();
    run(&image, Requests::Given(&[]), &mut out, &options(), &mut |progress| told.push(progress)).unwrap();
    assert_eq!(out, b"\x7fELF");
    assert!(
        told.iter().all(|one| matches!(one, Progress::Loading { done, total } if done <= total)),
        "{told:?}"
    );
    // Another build, whatever lies there.
    let mut made = Made::new(&Code::default().done(), b"");
    made.map_first(&path, &[7; 20], begin);
    let image = made.write(folder.path());
    let error = run(&image, Requests::Given(&[]), &mut out, &options(), &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "HEAPWARDEN_NOT_FOUND", "{error}");
    let words = error.to_string();
    assert!(words.contains(&"07".repeat(20)) && words.contains(path.to_str().unwrap()), "{words}");
}

#[test]
fn the_snapshot_is_the_images() {
    let json =
        br#"{"snapshot":{"meta":{},"node_count":7,"edge_count":0},"nodes":[],"edges":[],"strings":[]}"#;
    let said = b"heapwarden-progress 5 10\n";
    let code = Code::default()
        .call(1, &[2, DATA + 1024, said.len() as u64])
        .call(1, &[1, DATA, json.len() as u64])
        .done();
    let mut data = vec![0; 2048];
    data[..json.len()].copy_from_slice(json);
    data[1024..1024 + said.len()].copy_from_slice(said);
    let folder = tempfile::tempdir().unwrap();
    let image = Made::new(&code, &data).write(folder.path());
    let mut told = Vec::new();
    let info = snapshot(&image, &SnapshotOptions::default(), &options(), &mut |one| told.push(one)).unwrap();
    assert_eq!((info.form, info.mode, info.trigger.as_str()), (Form::Snapshot, Some(Mode::Fork), "rss"));
    assert_eq!((info.pid, info.thread_id, info.at), (4711, 3, 1_794_000_000_123.0));
    assert_eq!((info.nodes, info.pause_ms, info.attempts), (Some(7), Some(1.5), Some(2)));
    let origin = info.origin.unwrap();
    assert_eq!((origin.form, origin.name.as_str()), (Form::Image, "heapwarden-test.heapimage.zst"));
    assert_eq!(info.path.parent(), Some(folder.path()), "beside the image");
    assert_eq!(crate::file::reader::verify(&info.path).unwrap().raw_bytes, json.len() as u64);
    assert!(told.contains(&Progress::Working { done: 5, total: 10 }), "{told:?}");
}

#[test]
fn half_a_snapshot_leaves_no_file() {
    let code = Code::default().call(1, &[1, DATA, 20]).done();
    let folder = tempfile::tempdir().unwrap();
    let image = Made::new(&code, br#"{"snapshot":{"meta":{"#).write(folder.path());
    let error = snapshot(&image, &SnapshotOptions::default(), &options(), &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "HEAPWARDEN_CAPTURE_FAILED");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(write(b"x", folder.path()).exists());
}
