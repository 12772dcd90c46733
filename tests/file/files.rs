//! The files are standard zstd.

use std::fs;
use std::path::Path;
use std::process::Command;

use heapwarden::file::info::Finish;
use heapwarden::file::sink::{Sink, SinkOptions};
use heapwarden::file::{reader, store};

use crate::{header, in_dir, names, snapshot};

fn have_zstd() -> bool {
    let have = Command::new("zstd").arg("--version").output().is_ok_and(|o| o.status.success());
    if !have {
        eprintln!("skipped: there is no zstd command here");
    }
    have
}

fn unpack(path: &Path) -> (bool, Vec<u8>) {
    // --memory: what a browser allows, 8 MiB.
    let output = Command::new("zstd").args(["-dc", "--memory=8MB"]).arg(path).output().unwrap();
    (output.status.success(), output.stdout)
}

fn take(dir: &Path, level: i32, json: &[u8]) -> std::path::PathBuf {
    let mut sink = Sink::create(&SinkOptions { level: Some(level), ..in_dir(dir) }, header()).unwrap();
    json.chunks(10_007).for_each(|c| sink.write(c).unwrap());
    sink.seal(Finish::default()).unwrap().publish().unwrap().path
}

#[test]
fn the_zstd_command_gives_exactly_the_json() {
    if !have_zstd() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let json = snapshot(1_000_000);
    for (level, json) in [(1, &json[..]), (22, &json[..100_000 + 7])] {
        let whole = [json, &br#""]}"#[..]].concat();
        let json = if json.ends_with(b"]}") { json } else { &whole };
        let path = take(dir.path(), level, json);
        let (fine, out) = unpack(&path);
        assert!(fine && out == json, "level {level}: {} of {} bytes", out.len(), json.len());
        let tested = Command::new("zstd").args(["-t", "-q"]).arg(&path).status().unwrap();
        assert!(tested.success());
    }
}

#[test]
fn a_file_cut_by_a_full_disk_is_known_everywhere() {
    if !have_zstd() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let json = snapshot(1_000_000);
    let path = take(dir.path(), 1, &json);
    let size = fs::metadata(&path).unwrap().len();
    for len in [size - 1, size - 200, size * 9 / 10, size / 3, 100, 1] {
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(len).unwrap();
        let [info] = &store::list(dir.path()).unwrap()[..] else { panic!("one") };
        assert!(!info.complete, "cut at {len} of {size}");
        let message = reader::verify(&path).unwrap_err().to_string();
        assert!(message.contains(&format!("byte {len}")) || len < 4, "cut at {len}: {message}");
    }
}

#[test]
fn the_zstd_commands_files_are_read() {
    if !have_zstd() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (json, plain) = (snapshot(100_000), dir.path().join("a.heapsnapshot"));
    fs::write(&plain, &json).unwrap();
    assert!(Command::new("zstd").args(["-q", "-19"]).arg(&plain).status().unwrap().success());
    let verified = reader::verify(&dir.path().join("a.heapsnapshot.zst")).unwrap();
    assert_eq!(verified.raw_bytes, json.len() as u64);
    assert!(store::list(dir.path()).unwrap().is_empty(), "they are not ours");
    assert_eq!(names(dir.path()).len(), 2);
}
