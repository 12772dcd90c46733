//! Writers that die. They are this test program again, as a child that runs `writer` only.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use heapwarden::file::info::Finish;
use heapwarden::file::sink::{self, Sink};
use heapwarden::file::{name, reader, store};

use crate::{header, in_dir, names, snapshot};

const FOLDER: &str = "CAPTURE_TEST_FOLDER";
const STEP: &str = "CAPTURE_TEST_STEP";

/// Not a test: what the child does. Without its variables it has nothing to do.
#[test]
fn writer() {
    let (Some(dir), Ok(step)) = (std::env::var_os(FOLDER), std::env::var(STEP)) else { return };
    let json = snapshot(200_000);
    let mut sink = Sink::create(&in_dir(Path::new(&dir)), header()).unwrap();
    sink.write(&json[..json.len() / 2]).unwrap();
    let mut relative = None;
    if step == "relative" {
        // Inherits the descriptor as a forked child would, and lives on.
        let copy = sink.descriptors()[0].try_clone_to_owned().unwrap();
        relative = Some(Command::new("sleep").arg("600").stdin(Stdio::from(copy)).spawn().unwrap());
    }
    if step == "finished" {
        sink.write(&json[json.len() / 2..]).unwrap();
        sink.finish(Finish { pause_ms: 3.0, ..Finish::default() }).unwrap();
    }
    // Standard error: the test harness keeps what is printed to standard output.
    eprintln!("ready {}", relative.as_ref().map_or(0, Child::id));
    let _ = std::io::stdin().read_line(&mut String::new());
    if let Some(mut relative) = relative {
        let _ = relative.kill();
    }
}

struct Writer {
    child: Child,
    // Closed, it lets a child go on that is not killed.
    _stdin: ChildStdin,
    relative: u32,
}

impl Writer {
    fn start(dir: &Path, step: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crash::writer", "--exact", "--nocapture"])
            .envs([(FOLDER, dir.as_os_str()), (STEP, step.as_ref())])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = lines.find_map(|l| l.unwrap().strip_prefix("ready ").map(str::to_owned));
        let relative = ready.expect("the child reached its step").parse().unwrap();
        let stdin = child.stdin.take().unwrap();
        Self { child, _stdin: stdin, relative }
    }

    /// `kill -9`, and gone.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn temps(dir: &Path) -> Vec<PathBuf> {
    let temps = names(dir).into_iter().filter(|n| name::parse_temporary(n).is_some());
    temps.map(|n| dir.join(n)).collect()
}

#[test]
fn killed_while_writing() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::start(dir.path(), "writing");
    let temp = temps(dir.path());
    assert_eq!((temp.len(), names(dir.path()).len()), (1, 1), "a temporary name and nothing else");
    assert!(fs::metadata(&temp[0]).unwrap().len() > 0, "in the middle of it");
    assert!(store::clean(dir.path()).unwrap().removed.is_empty(), "its writer lives");
    assert!(temp[0].exists());

    writer.kill();
    assert_eq!(temps(dir.path()), temp, "a killed process cleans nothing up");
    assert!(store::list(dir.path()).unwrap().is_empty());
    let swept = store::clean(dir.path()).unwrap();
    assert_eq!((swept.removed.len(), swept.failed.len()), (1, 0));
    assert!(names(dir.path()).is_empty());
}

#[test]
fn what_one_process_finished_another_publishes() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::start(dir.path(), "finished");
    writer.kill();
    let [temp] = &temps(dir.path())[..] else { panic!("one") };
    let name = temp.file_name().unwrap().to_str().unwrap();
    let target = dir.path().join(name.strip_prefix('.').unwrap().strip_suffix(".tmp").unwrap());
    let info = sink::publish(temp, &target, header()).unwrap();
    assert_eq!((info.pause_ms, info.complete, info.nodes), (Some(3.0), true, Some(3)));
    assert_eq!(reader::verify(&target).unwrap().raw_bytes, snapshot(200_000).len() as u64);
    assert_eq!(names(dir.path()), [info.name()]);
}

#[test]
fn what_was_not_finished_is_not_published() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::start(dir.path(), "writing");
    writer.kill();
    let [temp] = &temps(dir.path())[..] else { panic!("one") };
    let error = sink::publish(temp, &dir.path().join("a.heapsnapshot.zst"), header()).unwrap_err();
    assert_eq!(error.code(), "HEAPWARDEN_CAPTURE_FAILED");
    assert!(names(dir.path()).is_empty(), "neither name is left");
}

#[test]
fn a_child_that_inherited_the_file_keeps_it_alive() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::start(dir.path(), "relative");
    writer.kill();
    assert!(store::clean(dir.path()).unwrap().removed.is_empty(), "its child still has it");

    let pid = rustix::process::Pid::from_raw(writer.relative as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    // It is not our child, so we cannot wait for its end, only for the lock that goes with it.
    let file = fs::File::open(&temps(dir.path())[0]).unwrap();
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
    // Unlocked, not only closed: other tests fork, and a fork's copy keeps the lock for a moment.
    rustix::fs::flock(&file, rustix::fs::FlockOperation::Unlock).unwrap();
    assert_eq!(store::clean(dir.path()).unwrap().removed.len(), 1);
}

#[test]
fn cleaning_while_others_begin() {
    // Cleaners run against writers that are just creating and locking: no writer may lose its file.
    let dir = tempfile::tempdir().unwrap();
    let json = snapshot(10);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (path, done) = (dir.path(), &done);
        let cleaner = scope.spawn(move || {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                store::clean(path).unwrap();
            }
        });
        for _ in 0..300 {
            let mut sink = Sink::create(&in_dir(path), header()).unwrap();
            sink.write(&json).unwrap();
            sink.seal(Finish::default()).unwrap().publish().unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        cleaner.join().unwrap();
    });
    assert_eq!(store::list(dir.path()).unwrap().len(), 300);
    assert!(temps(dir.path()).is_empty());
}
