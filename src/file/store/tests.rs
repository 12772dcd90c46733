//! The store over folders with good, cut and strange files.

use super::leftovers::ABANDONED_MS;
use super::*;
use crate::file::info::{Finish, Header, Mode};
use crate::file::sink::{Sink, SinkOptions};
use crate::file::{home, name};
use std::fs;
use std::path::PathBuf;

#[cfg(target_os = "linux")]
mod readers;
mod retention;

const JSON: &[u8] = br#"{"snapshot":{"meta":{},"node_count":3},"nodes":[1,2,3],"strings":["a","b"]}"#;
const NOW: f64 = 1_795_383_671_123.0;

fn take(dir: &Path, at: f64, level: i32) -> SnapshotInfo {
    take_to(SinkOptions { dir: Some(dir.to_owned()), level: Some(level), ..SinkOptions::default() }, at)
}

fn take_to(options: SinkOptions, at: f64) -> SnapshotInfo {
    let options = SinkOptions { min_free_disk: Some(0), ..options };
    let mut sink = Sink::create(&options, Header::new(at, Mode::Inline, "Rule A")).unwrap();
    sink.write(JSON).unwrap();
    sink.seal(Finish { pause_ms: 1.5, ..Finish::default() }).unwrap().publish().unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    list(dir).unwrap().iter().map(|i| i.name().to_owned()).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.unwrap_err().code()
}

fn cut(path: &Path, by: u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() - by).unwrap();
}

#[test]
fn newest_first_with_what_the_capture_said() {
    let dir = tempfile::tempdir().unwrap();
    let old = take(dir.path(), NOW - 5000.0, 1);
    let new = take(dir.path(), NOW, 1);
    let mid = take(dir.path(), NOW - 1000.0, 1);
    assert_eq!(list(dir.path()).unwrap(), [new.clone(), mid, old]);
    assert_eq!(find(dir.path(), new.name()).unwrap(), new);
}

#[test]
fn a_plain_file_tells_what_it_can() {
    let dir = tempfile::tempdir().unwrap();
    let taken = take(dir.path(), NOW, 0);
    let [found] = &list(dir.path()).unwrap()[..] else { panic!("one") };
    assert_eq!((found.at, found.pid, found.nodes), (NOW, taken.pid, Some(3)));
    assert_eq!((found.raw_bytes, found.complete, found.trigger.as_str()), (taken.raw_bytes, true, "rule-a"));
    assert_eq!((found.pause_ms, found.mode), (None, None));
}

#[test]
fn cut_files_are_known_as_such() {
    let dir = tempfile::tempdir().unwrap();
    for level in [0, 1] {
        cut(&take(dir.path(), NOW, level).path, 1);
    }
    let all = list(dir.path()).unwrap();
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|i| !i.complete && i.raw_bytes.is_none()), "{all:?}");
}

#[test]
fn strange_files_are_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let good = take(dir.path(), NOW, 1);
    let put = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    put("notes.txt", b"hello");
    put("Heap.20261122.1.0.heapsnapshot", JSON);
    put("other.heapsnapshot.zst", &zstd::encode_all(JSON, 1).unwrap());
    put(".hidden.heapsnapshot", JSON);
    put("empty.heapsnapshot.zst", b"");
    fs::create_dir(dir.path().join("heapwarden-20261122T214111.123Z-1-0-a-0000.heapsnapshot.zst")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let link = dir.path().join("heapwarden-20261122T214111.123Z-1-0-a-0001.heapsnapshot.zst");
        std::os::unix::fs::symlink(&good.path, link).unwrap();
        let pipe = dir.path().join("heapwarden-20261122T214111.123Z-1-0-a-0002.heapsnapshot");
        let made = std::process::Command::new("mkfifo").arg(pipe).status().unwrap();
        assert!(made.success());
        fs::write(dir.path().join(std::ffi::OsStr::from_bytes(b"\xff.heapsnapshot")), JSON).unwrap();
    }
    assert_eq!(names(dir.path()), [good.name()]);
    let before = fs::read_dir(dir.path()).unwrap().count();
    let all = Keep { count: Some(0), bytes: Some(0), age_ms: Some(0.0) };
    assert_eq!(keep(dir.path(), &all, NOW + 1e9, None).unwrap(), Swept::default());
    assert_eq!(clean(dir.path()).unwrap(), Swept::default());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), before);
}

#[test]
fn no_folder_no_snapshots() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    assert_eq!(list(&missing).unwrap(), []);
    assert_eq!(keep(&missing, &Keep::default(), NOW, None).unwrap(), Swept::default());
    assert_eq!(clean(&missing).unwrap(), Swept::default());
    assert!(!missing.exists());
    fs::write(dir.path().join("file"), "").unwrap();
    assert_eq!(code(list(&dir.path().join("file"))), "HEAPWARDEN_INVALID_OPTION");
}

#[test]
fn keeps_by_count_bytes_and_age() {
    let dir = tempfile::tempdir().unwrap();
    let infos: Vec<_> = (0..5).map(|i| take(dir.path(), NOW - f64::from(i) * 1000.0, i % 2)).collect();
    let left = |n: usize| infos[..n].iter().map(|i| i.name().to_owned()).collect::<Vec<_>>();
    let sweep = |keep_: Keep| keep(dir.path(), &keep_, NOW, None).unwrap();

    assert_eq!(sweep(Keep::default()), Swept::default(), "no limit");
    let age = Keep { age_ms: Some(3500.0), ..Keep::default() };
    assert_eq!(sweep(age).removed, [infos[4].name()]);
    let bytes = infos[0].bytes + infos[1].bytes + infos[2].bytes;
    assert_eq!(sweep(Keep { bytes: Some(bytes), ..Keep::default() }).removed, [infos[3].name()]);
    assert_eq!(names(dir.path()), left(3));
    assert_eq!(sweep(Keep { count: Some(2), ..Keep::default() }).removed, [infos[2].name()]);
    let nothing = Keep { count: Some(0), bytes: Some(0), age_ms: Some(0.0) };
    sweep(nothing);
    assert_eq!(names(dir.path()), left(1), "the newest always stays");
}

#[test]
fn keep_reads_the_snapshot_options() {
    let keep: Keep = serde_json::from_str(r#"{"dir":"/x","keepCount":5,"keepAgeMs":604800000}"#).unwrap();
    assert_eq!(keep, Keep { count: Some(5), bytes: None, age_ms: Some(604_800_000.0) });
}

#[test]
fn the_one_just_written_stays_when_the_clock_was_set_back() {
    let dir = tempfile::tempdir().unwrap();
    let future = take(dir.path(), NOW + 1e9, 1);
    let just = take(dir.path(), NOW, 1);
    let one = Keep { count: Some(1), ..Keep::default() };
    assert_eq!(keep(dir.path(), &one, NOW, Some(just.name())).unwrap().removed, [future.name()]);
    assert_eq!(names(dir.path()), [just.name()]);
}

#[test]
fn keep_needs_both_the_name_and_the_metadata() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    // Ours by metadata, named by the user; named like ours, without it; and a plain one that is no snapshot.
    let options = SinkOptions { path: Some(path("mine.heapsnapshot.zst")), ..SinkOptions::default() };
    take_to(options, NOW - 9000.0);
    fs::write(path("heapwarden-20200101T000000.000Z-1-0-a-0000.heapsnapshot.zst"), JSON).unwrap();
    fs::write(path("heapwarden-20200101T000000.000Z-1-0-a-0000.heapsnapshot"), "{\"other\":1}").unwrap();
    let newest = take(dir.path(), NOW, 1);
    let older = take(dir.path(), NOW - 1.0, 1);
    cut(&older.path, 3); // cut, but with our header: removable
    let one = Keep { count: Some(1), ..Keep::default() };
    assert_eq!(keep(dir.path(), &one, NOW, None).unwrap().removed, [older.name()]);
    assert_eq!(names(dir.path()).len(), 4);
    assert!(newest.path.exists());
}

#[test]
fn removes_only_plain_names_of_ours() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("inner");
    let info = take(&inner, NOW, 1);
    let outside = take(dir.path(), NOW, 1);
    for bad in
        ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\0", "..\\x", &format!("../{}", outside.name())]
    {
        assert_eq!(code(remove(&inner, bad)), "HEAPWARDEN_INVALID_OPTION", "{bad:?}");
        assert_eq!(code(find(&inner, bad)), "HEAPWARDEN_INVALID_OPTION", "{bad:?}");
    }
    fs::write(inner.join("notes.txt"), "").unwrap();
    fs::write(inner.join("x.heapsnapshot"), JSON).unwrap();
    for bad in ["notes.txt", "x.heapsnapshot", outside.name(), "heapwarden-nothing"] {
        assert_eq!(code(remove(&inner, bad)), "HEAPWARDEN_NOT_FOUND", "{bad:?}");
    }
    remove(&inner, info.name()).unwrap();
    assert_eq!(code(remove(&inner, info.name())), "HEAPWARDEN_NOT_FOUND");
    assert!(outside.path.exists() && inner.join("notes.txt").exists());
}

#[cfg(unix)]
#[test]
fn a_link_is_not_removed_nor_followed() {
    let dir = tempfile::tempdir().unwrap();
    let info = take(&dir.path().join("real"), NOW, 1);
    let shop = dir.path().join("shop");
    fs::create_dir(&shop).unwrap();
    let link: PathBuf = shop.join(info.name());
    std::os::unix::fs::symlink(&info.path, &link).unwrap();
    assert_eq!(code(remove(&shop, info.name())), "HEAPWARDEN_NOT_FOUND");
    assert!(link.symlink_metadata().is_ok() && info.path.exists());
    let linked = dir.path().join("linked");
    std::os::unix::fs::symlink(dir.path().join("real"), &linked).unwrap();
    assert_eq!(code(list(&linked)), "HEAPWARDEN_INVALID_OPTION");
}

#[cfg(unix)]
#[test]
fn a_writer_in_this_process_is_alive() {
    let dir = tempfile::tempdir().unwrap();
    let options =
        SinkOptions { dir: Some(dir.path().to_owned()), min_free_disk: Some(0), ..SinkOptions::default() };
    let mut sink = Sink::create(&options, Header::new(NOW, Mode::Inline, "x")).unwrap();
    sink.write(JSON).unwrap();
    assert_eq!(clean(dir.path()).unwrap(), Swept::default());
    let sealed = sink.seal(Finish::default()).unwrap();
    assert_eq!(clean(dir.path()).unwrap(), Swept::default(), "sealed and waiting to be published");
    assert!(sealed.publish().is_ok());
    // A leftover: nobody holds its lock. And what only looks like one.
    let name = "heapwarden-20200101T000000.000Z-1-0-a-0000.heapsnapshot.zst";
    let leftover = name::temporary(name, home::machine());
    fs::write(dir.path().join(&leftover), "").unwrap();
    fs::write(dir.path().join(".mine.tmp"), "").unwrap();
    assert_eq!(clean(dir.path()).unwrap().removed, [leftover]);
    assert!(dir.path().join(".mine.tmp").exists());
}

/// A lock of another machine is not seen here: on NFS with local locks, or through FUSE, it looks free.
#[cfg(unix)]
#[test]
fn a_writer_of_another_machine_is_given_an_hour() {
    let dir = tempfile::tempdir().unwrap();
    let name = "heapwarden-20200101T000000.000Z-1-0-a-0000.heapsnapshot.zst";
    for machine in [Some("00000000"), None] {
        let temp = dir.path().join(name::temporary(name, machine));
        fs::write(&temp, "").unwrap();
        assert_eq!(clean(dir.path()).unwrap(), Swept::default(), "{machine:?}");
        age(&temp, ABANDONED_MS + 1e3);
        assert_eq!(clean(dir.path()).unwrap().removed.len(), 1, "{machine:?}");
    }
}

fn age(path: &Path, ms: f64) {
    let by = std::time::Duration::from_millis(ms.abs() as u64);
    let now = std::time::SystemTime::now();
    let then = if ms < 0.0 { now + by } else { now - by };
    fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}
