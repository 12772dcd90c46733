//! The reader over whole, cut, damaged and foreign files.

use super::*;
use crate::file::frames;
use crate::file::info::{Finish, Mode};
use crate::file::sink::{Sink, SinkOptions};
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

mod streams;

// More than two frames, compressible but not trivially so.
fn json() -> &'static [u8] {
    static JSON: OnceLock<Vec<u8>> = OnceLock::new();
    JSON.get_or_init(|| {
        let mut json = br#"{"snapshot":{"meta":{},"node_count":3},"nodes":[0"#.to_vec();
        for i in 0u32..2_300_000 {
            json.extend_from_slice(format!(",{}", i.wrapping_mul(2_654_435_761)).as_bytes());
        }
        json.extend_from_slice(br#"],"strings":["a]}","b\"]}"]}"#);
        json
    })
}

fn write(dir: &Path, json: &[u8], level: i32) -> PathBuf {
    let options = SinkOptions {
        dir: Some(dir.to_owned()),
        level: Some(level),
        min_free_disk: Some(0),
        ..Default::default()
    };
    let mut sink = Sink::create(&options, Header::new(1.0, Mode::Inline, "t")).unwrap();
    sink.write(json).unwrap();
    sink.seal(Finish::default()).unwrap().publish().unwrap().path
}

fn read(mut reader: Reader) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(fault::unwrap)?;
    Ok(bytes)
}

fn corrupt<T>(result: Result<T>) -> String {
    // Not unwrap_err: it would print megabytes.
    let Err(error) = result else { panic!("nothing wrong was found") };
    assert_eq!(error.code(), "HEAPWARDEN_CORRUPT_SNAPSHOT", "{error}");
    error.to_string()
}

const SMALL: &[u8] =
    br#"{"snapshot":{"meta":{"f":["column"]},"node_count":3},"nodes":[1],"strings":["a","]}","\"]}"]}"#;

#[test]
fn both_kinds_give_the_json() {
    let (dir, json) = (tempfile::tempdir().unwrap(), json());
    for level in [0, 1] {
        let path = write(dir.path(), json, level);
        let reader = open(&path).unwrap();
        assert_eq!(reader.header().is_some(), level == 1);
        assert!(read(reader).unwrap() == json, "level {level}");
        let verified = verify(&path).unwrap();
        assert_eq!(
            (verified.raw_bytes, verified.frames),
            (json.len() as u64, if level == 1 { 3 } else { 0 })
        );
    }
}

#[test]
fn repacked_it_is_one_frame_and_damage_still_ends_it() {
    let (dir, json) = (tempfile::tempdir().unwrap(), json());
    let path = write(dir.path(), json, 1);
    let mut packed = Vec::new();
    one_frame(open(&path).unwrap()).unwrap().read_to_end(&mut packed).unwrap();
    let mut first = Vec::new();
    let mut decoder = zstd::stream::read::Decoder::with_buffer(&packed[..]).unwrap().single_frame();
    decoder.read_to_end(&mut first).unwrap();
    assert!(first == json, "{} of {} bytes are in the first frame", first.len(), json.len());
    assert!(decoder.finish().is_empty(), "nothing is behind it");

    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    let error = one_frame(open(&path).unwrap()).unwrap().read_to_end(&mut packed).unwrap_err();
    assert_eq!(fault::unwrap(error).code(), "HEAPWARDEN_CORRUPT_SNAPSHOT");
}

#[test]
fn no_cut_file_passes_and_the_place_is_named() {
    let dir = tempfile::tempdir().unwrap();
    for level in [0, 1] {
        let whole = fs::read(write(dir.path(), SMALL, level)).unwrap();
        let path = dir.path().join("cut");
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let message = corrupt(verify(&path));
            assert!(
                message.contains(&format!("byte {cut}")) || cut < 4,
                "level {level}, cut at {cut}: {message}"
            );
        }
        fs::write(&path, &whole).unwrap();
        assert!(verify(&path).is_ok());
    }
}

#[test]
fn every_changed_byte_of_the_data_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), SMALL, 1);
    let whole = fs::read(&path).unwrap();
    let mut file = fs::File::open(&path).unwrap();
    let survey = frames::survey(&mut file).unwrap();
    let (begin, end) = (survey.header.unwrap().1 as usize, survey.trailer.unwrap().1 as usize);
    let damaged = dir.path().join("damaged");
    for i in begin..end {
        let mut bytes = whole.clone();
        bytes[i] ^= 0x41;
        fs::write(&damaged, &bytes).unwrap();
        // The frame header's window size changes nothing that is decoded.
        if let Ok(verified) = verify(&damaged) {
            assert!(i == begin + 5 && verified.raw_bytes == SMALL.len() as u64, "byte {i} of {begin}..{end}");
        }
    }
}

/// A file whose middle byte is turned, and its bytes.
fn damaged_in_the_middle(dir: &Path, json: &[u8]) -> (PathBuf, Vec<u8>) {
    let path = write(dir, json, 1);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 0xff;
    fs::write(&path, &bytes).unwrap();
    (path, bytes)
}

#[test]
fn damage_in_a_later_frame_is_placed_there() {
    let (dir, json) = (tempfile::tempdir().unwrap(), json());
    let (path, bytes) = damaged_in_the_middle(dir.path(), json);
    let at = bytes.len() / 2;
    let message = corrupt(verify(&path));
    let number =
        |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse::<usize>().unwrap();
    let place = number(message.split("cut at byte ").nth(1).unwrap());
    let frame = number(message.split("begins at byte ").nth(1).unwrap());
    assert!(frame <= at && frame > bytes.len() / 8, "{message}");
    // A flipped byte may only show in the checksum, at the end of its frame: a quarter of the file.
    assert!(place + 16 * 1024 >= at && place < at + bytes.len() / 3, "{message} for {at}");
}

#[test]
fn salvage_gives_whole_frames_and_says_why_no_more() {
    let (dir, json) = (tempfile::tempdir().unwrap(), json());
    let path = write(dir.path(), json, 1);
    let whole = salvage(&path, Stop::default(), &|| true).unwrap();
    assert!(whole.damage().is_none() && read(whole).unwrap() == json);

    for (part, less, frames) in [(2, 0, 1), (1, 1, 3), (10, 0, 0)] {
        // Each file's own: how long a time it carries is printed makes a byte or two.
        let size = fs::metadata(&path).unwrap().len();
        let len = size / part - less;
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(len).unwrap();
        corrupt(open(&path).and_then(read));
        let reader = salvage(&path, Stop::default(), &|| true).unwrap();
        corrupt(reader.damage().cloned().map_or(Ok(()), Err));
        let given = read(reader).unwrap();
        let least = (frames * frames::FRAME).min(json.len());
        assert!(
            given.len() >= least && json.starts_with(&given[..]),
            "cut at {len} of {size}: {}",
            given.len()
        );
        assert!(
            given.len().is_multiple_of(frames::FRAME) || given.len() == json.len(),
            "whole frames only: {}",
            given.len()
        );
        write_back(&path, dir.path(), json);
    }
}

fn write_back(path: &Path, dir: &Path, json: &[u8]) {
    fs::rename(write(dir, json, 1), path).unwrap();
}

#[test]
fn salvage_of_a_damaged_frame_stops_before_it() {
    let (dir, json) = (tempfile::tempdir().unwrap(), json());
    let (path, _) = damaged_in_the_middle(dir.path(), json);
    let given = read(salvage(&path, Stop::default(), &|| true).unwrap()).unwrap();
    assert!(
        !given.is_empty() && given.len().is_multiple_of(frames::FRAME) && json.starts_with(&given[..]),
        "{}",
        given.len()
    );
}

#[test]
fn files_of_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.zst");
    fs::write(&path, zstd::encode_all(SMALL, 19).unwrap()).unwrap();
    assert_eq!(read(open(&path).unwrap()).unwrap(), SMALL);
    let verified = verify(&path).unwrap();
    assert_eq!((verified.header, verified.trailer), (None, None));
    // Whole frames, but the JSON in them is not.
    fs::write(&path, zstd::encode_all(&SMALL[..SMALL.len() - 1], 1).unwrap()).unwrap();
    assert!(corrupt(verify(&path)).contains("not closed"));
}

#[test]
fn a_stream_is_read_like_a_file() {
    let (dir, json) = (tempfile::tempdir().unwrap(), json());
    let from = |bytes: &[u8]| stream(io::Cursor::new(bytes.to_vec()), Path::new("stdin"));
    for level in [0, 1] {
        let whole = fs::read(write(dir.path(), json, level)).unwrap();
        let reader = from(&whole).unwrap();
        assert_eq!((reader.header().is_some(), reader.json_bytes()), (level == 1, None));
        assert!(read(reader).unwrap() == json, "level {level}");
        for cut in [whole.len() / 2, whole.len() - 1] {
            assert!(corrupt(from(&whole[..cut]).and_then(read)).contains(&format!("byte {cut}")), "{cut}");
        }
    }
    let whole = fs::read(write(dir.path(), SMALL, 1)).unwrap();
    for cut in 0..whole.len() {
        corrupt(from(&whole[..cut]).and_then(read));
    }
    assert_eq!(read(from(&zstd::encode_all(SMALL, 3).unwrap()).unwrap()).unwrap(), SMALL);
}

#[test]
fn how_much_is_said_to_come_is_believed_within_reason() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(open(&write(dir.path(), SMALL, 1)).unwrap().json_bytes(), Some(SMALL.len() as u64));
    let path = dir.path().join("foreign.zst");
    let mut bytes = zstd::bulk::compress(SMALL, 1).unwrap();
    fs::write(&path, &bytes).unwrap();
    assert_eq!(open(&path).unwrap().json_bytes(), Some(SMALL.len() as u64));
    // A single segment of one byte's size becomes one of eight: 2^40.
    bytes.splice(4..6, [0xE0, 0, 0, 0, 0, 0, 1, 0, 0]);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(open(&path).unwrap().json_bytes(), None);
    assert_eq!(
        salvage(&path, Stop::default(), &|| false).map(|_| ()).unwrap_err().code(),
        "HEAPWARDEN_ABORTED"
    );
}

#[test]
fn who_parses_sees_the_end_of_plain_json_himself() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), SMALL, 0);
    fs::write(&path, &SMALL[..20]).unwrap();
    let reader = open(&path).unwrap().for_parser();
    assert_eq!(reader.json_bytes(), Some(20));
    assert_eq!(read(reader).unwrap(), &SMALL[..20]);
}

#[test]
fn bytes_behind_the_end_are_damage() {
    let dir = tempfile::tempdir().unwrap();
    for level in [0, 1] {
        let path = write(dir.path(), SMALL, level);
        let mut bytes = fs::read(&path).unwrap();
        let end = bytes.len();
        bytes.extend_from_slice(b"garbage behind the end");
        fs::write(&path, &bytes).unwrap();
        assert!(corrupt(verify(&path)).contains(&format!("byte {end}")));
        // Two snapshots glued together are not one.
        let twice = [&bytes[..end], &bytes[..end]].concat();
        fs::write(&path, twice).unwrap();
        corrupt(verify(&path));
    }
}

#[test]
fn what_is_no_snapshot_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let code = |path: &Path| open(path).err().map(|e| e.code());
    assert_eq!(code(&dir.path().join("missing")), Some("HEAPWARDEN_NOT_FOUND"));
    assert_eq!(code(dir.path()), Some("HEAPWARDEN_INVALID_OPTION"));
    assert_eq!(code(Path::new("a\0b")), Some("HEAPWARDEN_INVALID_OPTION"));
    for bytes in [&b""[..], b"PK\x03\x04", b"hello", b"\x28\xb5"] {
        let path = dir.path().join("x");
        fs::write(&path, bytes).unwrap();
        assert_eq!(code(&path), Some("HEAPWARDEN_CORRUPT_SNAPSHOT"), "{bytes:?}");
    }
}
