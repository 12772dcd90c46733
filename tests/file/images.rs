//! The file of an image: written by somebody else than the sink, and otherwise a file like a snapshot's.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::path::Path;
use std::time::{Duration, SystemTime};

use heapwarden::file::info::{Finish, Form, Header, SnapshotInfo};
use heapwarden::file::reader;
use heapwarden::file::sink::{Sink, SinkOptions};
use heapwarden::file::store::{self, Keep};

use crate::{header, in_dir, names, snapshot};

const RAW: &[u8] = b"hwimage1 and what follows it";

fn image_header(at: f64, objects: &[&str]) -> Header {
    let objects = objects.iter().map(|&id| id.to_owned()).collect();
    Header { at, form: Form::Image, reason: Some("no room".into()), objects, ..header() }
}

/// As who freezes does: two frames straight to the descriptor.
fn freeze(sink: &Sink) -> u64 {
    // SAFETY: the descriptor is open as long as `sink` lives, and is not closed here.
    let mut file = ManuallyDrop::new(unsafe { File::from_raw_fd(sink.raw_fd()) });
    let (one, two) = RAW.split_at(9);
    let frames = [zstd::encode_all(one, 1).unwrap(), zstd::encode_all(two, 1).unwrap()].concat();
    file.write_all(&frames).unwrap();
    frames.len() as u64
}

fn take_with(options: &SinkOptions, header: Header) -> SnapshotInfo {
    let mut sink = Sink::create(options, header).unwrap();
    let data = freeze(&sink);
    assert!(sink.has_room());
    sink.finish_image(RAW.len() as u64, data, 2, Finish { pause_ms: 1.0, ..Finish::default() }).unwrap();
    let mut sealed = sink.handed_over();
    sealed.amend(Finish { pause_ms: 2.5, duration_ms: Some(1e9 / 3.0), attempts: 2 }).unwrap();
    sealed.publish().unwrap()
}

fn take(dir: &Path, at: f64, objects: &[&str]) -> SnapshotInfo {
    take_with(&in_dir(dir), image_header(at, objects))
}

#[test]
fn an_image_is_a_row_like_a_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let info = take(dir.path(), header().at, &["ab"]);
    assert_eq!(names(dir.path()), [info.name()]);
    assert!(info.name().ends_with(".heapimage.zst"), "{}", info.name());
    assert_eq!((info.form, info.nodes, info.raw_bytes), (Form::Image, None, Some(RAW.len() as u64)));
    assert_eq!((info.pause_ms, info.attempts, info.complete), (Some(2.5), Some(2), true));
    assert_eq!(info.reason.as_deref(), Some("no room"));
    assert_eq!(store::list(dir.path()).unwrap(), std::slice::from_ref(&info));
    assert_eq!(store::find(dir.path(), info.name()).unwrap(), info);
    assert_eq!(zstd::decode_all(File::open(&info.path).unwrap()).unwrap(), RAW);
    store::remove(dir.path(), info.name()).unwrap();
    assert_eq!(names(dir.path()).len(), 0);
}

#[test]
fn a_cut_one_is_known_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let info = take(dir.path(), header().at, &[]);
    let file = File::options().write(true).open(&info.path).unwrap();
    for left in (1..info.bytes).rev() {
        file.set_len(left).unwrap();
        let [found] = &store::list(dir.path()).unwrap()[..] else { panic!("one, with {left} bytes") };
        assert!(!found.complete && found.form == Form::Image && found.nodes.is_none(), "{left}: {found:?}");
    }
}

#[test]
fn it_gives_what_was_frozen_and_no_json() {
    let dir = tempfile::tempdir().unwrap();
    let info = take(dir.path(), header().at, &[]);
    let mut raw = Vec::new();
    let mut image = reader::open_image(&info.path).unwrap();
    assert_eq!(image.header().map(|header| header.form), Some(Form::Image));
    image.read_to_end(&mut raw).unwrap();
    assert_eq!(raw, RAW);
    let path = info.path.display().to_string();
    for error in [
        reader::open(&info.path).err(),
        reader::verify(&info.path).err(),
        reader::stream(File::open(&info.path).unwrap(), &info.path).err(),
    ] {
        let error = error.unwrap();
        assert_eq!(error.code(), "HEAPWARDEN_UNSUPPORTED");
        assert!(error.to_string().contains(&format!("heapwarden thaw {path}")), "{error}");
    }

    let file = File::options().write(true).open(&info.path).unwrap();
    file.set_len(info.bytes - 1).unwrap();
    let mut cut = reader::open_image(&info.path).unwrap();
    let error = cut.read_to_end(&mut raw).unwrap_err().to_string();
    assert!(error.contains("cut at byte"), "{error}");
}

#[test]
fn a_snapshot_is_no_image() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = Sink::create(&in_dir(dir.path()), header()).unwrap();
    assert!(sink.finish_image(1, 1, 1, Finish::default()).is_err());
    let mut sink = Sink::create(&in_dir(dir.path()), header()).unwrap();
    sink.write(&snapshot(3)).unwrap();
    let info = sink.seal(Finish::default()).unwrap().publish().unwrap();
    assert_eq!(reader::open_image(&info.path).err().unwrap().code(), "HEAPWARDEN_CORRUPT_SNAPSHOT");
    let mut sink = Sink::create(&in_dir(dir.path()), image_header(1.0, &[])).unwrap();
    assert!(sink.write(&snapshot(3)).is_err());
}

#[test]
fn without_its_end_it_gets_no_name() {
    let dir = tempfile::tempdir().unwrap();
    let sink = Sink::create(&in_dir(dir.path()), image_header(1.0, &[])).unwrap();
    freeze(&sink);
    let error = sink.handed_over().publish().unwrap_err();
    assert!(error.to_string().contains("before the image was finished"), "{error}");
    assert_eq!(names(dir.path()).len(), 0);
}

#[test]
fn an_exact_path_gets_the_ending_of_what_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let options = SinkOptions { path: Some(dir.path().join("x.heapsnapshot")), ..in_dir(dir.path()) };
    assert_eq!(take_with(&options, image_header(1.0, &[])).name(), "x.heapimage.zst");
    assert_eq!(take_with(&options, image_header(2.0, &[])).at, 2.0, "it takes the place of the last one");
    assert_eq!(names(dir.path()), ["x.heapimage.zst"]);
}

fn object(dir: &Path, name: &str, days: u64) {
    fs::create_dir_all(dir.join(store::OBJECTS)).unwrap();
    let file = File::create(dir.join(store::OBJECTS).join(name)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(days * 86_400)).unwrap();
}

#[test]
fn objects_go_when_no_image_needs_them() {
    let dir = tempfile::tempdir().unwrap();
    let old = take(dir.path(), header().at - 1000.0, &["aa", "bb"]);
    take(dir.path(), header().at, &["bb"]);
    for (name, days) in [
        ("aa.zst", 90),
        ("bb.zst", 90),
        ("cc.zst", 90),
        ("dd.zst", 1),
        (".aa.1.tmp", 1),
        (".aa.2.tmp", 0),
        ("notes.txt", 90),
        ("XX.zst", 90),
        (".mine.tmp", 90),
    ] {
        object(dir.path(), name, days);
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64() * 1e3;
    let keep = |count| Keep { count: Some(count), ..Keep::default() };
    let mut removed = store::keep(dir.path(), &keep(2), now, None).unwrap().removed;
    removed.sort();
    assert_eq!(removed, ["objects/.aa.1.tmp", "objects/cc.zst"]);
    let mut removed = store::keep(dir.path(), &keep(1), now, None).unwrap().removed;
    removed.sort();
    assert_eq!(removed, [old.name(), "objects/aa.zst"], "with the last image that needed it");
    let left = [".aa.2.tmp", ".mine.tmp", "XX.zst", "bb.zst", "dd.zst", "notes.txt"];
    assert_eq!(names(&dir.path().join(store::OBJECTS)), left);

    // Of one that does not say what it needs nobody knows.
    take(dir.path(), header().at + 1.0, &[]);
    object(dir.path(), "cc.zst", 90);
    assert_eq!(store::keep(dir.path(), &keep(9), now, None).unwrap().removed.len(), 0);
}
