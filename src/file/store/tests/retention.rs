//! What stays when a file gets its name, also on disks without room.

use super::*;
use crate::file::info::Form;

pub(super) fn take_keeping(options: SinkOptions, header: Header) -> SnapshotInfo {
    let mut sink = Sink::create(&options, header).unwrap();
    sink.write(JSON).unwrap();
    sink.seal(Finish::default()).unwrap().publish().unwrap()
}

pub(super) fn keeping(dir: &Path, count: u64) -> SinkOptions {
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
    let now = now_ms();
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
    let now = now_ms();
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
    let now = now_ms();
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

#[test]
fn before_an_image_what_need_not_stay_goes_if_there_may_not_be_room() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..3 {
        let options = SinkOptions { keep: None, ..keeping(dir.path(), 0) };
        take_keeping(options, Header::new(NOW + f64::from(i), Mode::Fork, "x"));
    }
    let image = || Header { form: Form::Image, ..Header::new(NOW + 9.0, Mode::Fork, "x") };
    drop(Sink::create(&keeping(dir.path(), 2), image()).unwrap());
    assert_eq!(names(dir.path()).len(), 3, "there is room");
    let huge = SinkOptions { expected: u64::MAX / 2, ..keeping(dir.path(), 2) };
    drop(Sink::create(&huge, image()).unwrap());
    let left = list(dir.path()).unwrap();
    assert_eq!(left.iter().map(|info| info.at).collect::<Vec<_>>(), [NOW + 2.0]);
}
