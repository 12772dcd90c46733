//! The store over folders with good, cut and strange files.

use super::leftovers::ABANDONED_MS;
use super::*;
use crate::file::info::{Finish, Header, Mode};
use crate::file::sink::{Sink, SinkOptions};
use crate::file::{home, name};
use std::fs;
use std::path::PathBuf;

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

fn take_keeping(options: SinkOptions, header: Header) -> SnapshotInfo {
    let mut sink = Sink::create(&options, header).unwrap();
    sink.write(JSON).unwrap();
    sink.seal(Finish::default()).unwrap().publish().unwrap()
}

fn keeping(dir: &Path, count: u64) -> SinkOptions {
    let keep = Keep { count: Some(count), ..Keep::default() };
    SinkOptions {
        dir: Some(dir.to_owned()),
        min_free_disk: Some(0),
        keep: Some(keep),
        ..SinkOptions::default()
    }
}

#[test]
fn whoever_gives_a_file_its_name_removes_what_need_not_stay() {
    let dir = tempfile::tempdir().unwrap();
    let leftover =
        name::temporary("heapwarden-20200101T000000.000Z-1-0-a-0000.heapsnapshot.zst", home::machine());
    fs::write(dir.path().join(&leftover), "").unwrap();
    for i in 0..4 {
        take_keeping(keeping(dir.path(), 2), Header::new(NOW + f64::from(i), Mode::Fork, "x"));
    }
    assert_eq!(names(dir.path()).len(), 2);
    assert_eq!(dir.path().join(leftover).exists(), cfg!(not(unix)));
    // Without a `keep`, as for an exact file, all stay.
    take(dir.path(), NOW + 9.0, 1);
    assert_eq!(names(dir.path()).len(), 3);
}

/// The files of a process: alive while it stands, then a zombie, then gone.
#[cfg(target_os = "linux")]
#[test]
fn what_another_living_process_has_just_written_stays() {
    let dir = tempfile::tempdir().unwrap();
    let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let by = |pid: u32, at: f64| {
        let header = Header { pid, ..Header::new(at, Mode::Fork, "x") };
        take_keeping(SinkOptions { keep: None, ..keeping(dir.path(), 0) }, header)
    };
    let theirs: Vec<_> = (0..3).map(|i| by(other.id(), NOW + f64::from(i))).collect();
    let mine = by(std::process::id(), NOW + 5.0);
    age(&theirs[0].path, 61_000.0);
    let publish = |at| take_keeping(keeping(dir.path(), 1), Header::new(at, Mode::Fork, "x"));

    let first = publish(NOW + 10.0);
    let left = names(dir.path());
    assert_eq!(left, [first.name(), theirs[2].name(), theirs[1].name()], "{mine:?} and the old one are gone");
    other.kill().unwrap();
    other.wait().unwrap();
    let second = publish(NOW + 11.0);
    assert_eq!(names(dir.path()), [second.name()], "the dead do not miss theirs");
}

/// A small disk of its own; `None`, with the reason said, where mounting is refused.
#[cfg(target_os = "linux")]
struct Disk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl Disk {
    fn mount(options: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "heapwarden-test"])
            .arg(dir.path())
            .output();
        match mount {
            Ok(output) if output.status.success() => Some(Self(dir)),
            refused => {
                eprintln!("skipped: no tmpfs can be mounted here: {refused:?}");
                None
            }
        }
    }
}

#[cfg(target_os = "linux")]
impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_small_disk_the_old_give_way_to_the_new() {
    let Some(disk) = Disk::mount("size=8m") else { return };
    let dir = disk.0.path();
    // Plain files: their size is what is written.
    let big = |bytes: usize| {
        let mut json = JSON[..JSON.len() - 2].to_vec();
        json.resize(bytes - 2, b' ');
        json.extend_from_slice(b"]}");
        json
    };
    let capture = |count: u64, at: f64, bytes: usize| {
        let options = SinkOptions { level: Some(0), min_free_disk: None, ..keeping(dir, count) };
        let mut sink = Sink::create(&options, Header::new(at, Mode::Inline, "x"))?;
        sink.write(&big(bytes))?;
        sink.seal(Finish::default())?.publish()
    };
    let first = capture(1, NOW, 5 << 20).unwrap();
    // Beside one that may stay there is no room, and nothing is lost by trying.
    assert_eq!(code(capture(2, NOW + 1.0, 5 << 20)), "HEAPWARDEN_NO_SPACE");
    assert_eq!(names(dir), [first.name()]);
    let second = capture(1, NOW + 2.0, 5 << 20).unwrap();
    assert_eq!(names(dir), [second.name()]);
    // What is full from the beginning is no reason to refuse either.
    fs::write(dir.join("filler"), vec![0; (8 << 20) - (5 << 20) - (64 << 10)]).unwrap();
    let third = capture(1, NOW + 3.0, 1 << 20).unwrap();
    assert_eq!(names(dir), [third.name()]);
}

#[cfg(target_os = "linux")]
#[test]
fn where_no_file_more_can_be_made_the_old_give_way_too() {
    // The root is one of them.
    let Some(disk) = Disk::mount("size=8m,nr_inodes=3") else { return };
    let capture = |count: u64, at: f64| {
        let mut sink = Sink::create(&keeping(disk.0.path(), count), Header::new(at, Mode::Inline, "x"))?;
        sink.write(JSON)?;
        sink.seal(Finish::default())?.publish()
    };
    let (first, second) = (capture(2, NOW).unwrap(), capture(2, NOW + 1.0).unwrap());
    // Beside two that may stay there is no room.
    assert_eq!(code(capture(3, NOW + 2.0)), "HEAPWARDEN_NO_SPACE");
    assert_eq!(names(disk.0.path()), [second.name(), first.name()]);
    let third = capture(2, NOW + 3.0).unwrap();
    assert_eq!(names(disk.0.path()), [third.name(), second.name()]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_snapshot_that_no_path_leads_to_is_finished_all_the_same() {
    let Some(disk) = Disk::mount("size=8m") else { return };
    let mut sink = Sink::create(&keeping(disk.0.path(), 2), Header::new(NOW, Mode::Inline, "x")).unwrap();
    sink.write(JSON).unwrap();
    let folder = std::fs::File::open(disk.0.path()).unwrap();
    let lazily = std::process::Command::new("umount").arg("-l").arg(disk.0.path()).status().unwrap();
    assert!(lazily.success());
    let info = sink.seal(Finish::default()).unwrap().publish().unwrap();
    assert_eq!(info.path.parent(), Some(disk.0.path()), "the path last known");
    let there = format!("/proc/self/fd/{}/{}", std::os::fd::AsRawFd::as_raw_fd(&folder), info.name());
    assert!(std::path::Path::new(&there).exists(), "{there}");
}

#[test]
fn what_a_wrong_clock_stamped_does_not_stay_before_what_is_newer() {
    let now = now();
    for level in [0, 1] {
        for modified_ahead in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let at = |at| SinkOptions { level: Some(level), keep: None, ..keeping(dir.path(), at) };
            let put = |stamp: f64| take_keeping(at(0), Header::new(stamp, Mode::Inline, "x"));
            let ahead: Vec<_> = (0..3).map(|i| put(now + 1e10 + f64::from(i))).collect();
            for file in &ahead {
                age(&file.path, if modified_ahead { -1e9 } else { 7.2e6 });
            }
            let before = put(now - 3000.0);
            let options = SinkOptions { level: Some(level), ..keeping(dir.path(), 2) };
            let last = take_keeping(options, Header::new(now, Mode::Inline, "x"));
            assert_eq!(names(dir.path()), [last.name(), before.name()], "level {level}, {modified_ahead}");
        }
    }
}

#[test]
fn a_file_of_the_future_ages_by_its_last_byte() {
    let now = now();
    let dir = tempfile::tempdir().unwrap();
    let ahead = take(dir.path(), now + 1e10, 0);
    let last = take(dir.path(), now, 0);
    let hour = Keep { age_ms: Some(3.6e6), ..Keep::default() };
    assert_eq!(keep(dir.path(), &hour, now, None).unwrap(), Swept::default());
    age(&ahead.path, 7.2e6);
    assert_eq!(keep(dir.path(), &hour, now, None).unwrap().removed, [ahead.name()]);
    assert_eq!(names(dir.path()), [last.name()]);
}

#[test]
fn the_newest_is_not_what_a_wrong_clock_stamped() {
    let now = now();
    for level in [0, 1] {
        let dir = tempfile::tempdir().unwrap();
        let put = |stamp| take(dir.path(), stamp, level);
        let (of_2099, of_nobody_knows_when) = (put(now + 2e12), put(now + 1e12));
        age(&of_2099.path, 3.6e6);
        age(&of_nobody_knows_when.path, -1e9);
        let (older, newer) = (put(now - 7.2e6), put(now));
        // The clock of another machine.
        let newest = put(now + 30_000.0);
        let order = [&newest, &newer, &of_2099, &older, &of_nobody_knows_when].map(SnapshotInfo::name);
        assert_eq!(names(dir.path()), order, "level {level}");
    }
}
