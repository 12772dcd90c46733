//! Pipes, devices and gzip.

use super::*;

#[cfg(unix)]
fn fifo(dir: &Path) -> PathBuf {
    let pipe = dir.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    pipe
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = fifo(dir.path());
    for path in [&pipe, Path::new("/dev/zero"), Path::new("/dev/null")] {
        assert_eq!(open(path).err().map(|e| e.code()), Some("HEAPWARDEN_INVALID_OPTION"), "{path:?}");
    }
    // A link to a snapshot is the reader's business to follow.
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(write(dir.path(), SMALL, 1), &link).unwrap();
    assert!(verify(&link).is_ok());
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn gzip_is_unpacked_whatever_it_holds() {
    let (dir, json) = (tempfile::tempdir().unwrap(), json());
    let path = dir.path().join("x.gz");
    let ours = fs::read(write(dir.path(), SMALL, 1)).unwrap();
    let (head, tail) = SMALL.split_at(30);
    for (bytes, expected) in [
        (gz(json), json),
        (gz(SMALL), SMALL),
        // several members, as cat, pigz and bgzip make them
        ([gz(head), gz(b""), gz(tail)].concat(), SMALL),
        (gz(&ours), SMALL),
        (gz(&zstd::encode_all(SMALL, 1).unwrap()), SMALL),
    ] {
        fs::write(&path, &bytes).unwrap();
        assert!(read(open(&path).unwrap()).unwrap() == expected);
        assert!(read(stream(io::Cursor::new(bytes), Path::new("stdin")).unwrap()).unwrap() == expected);
    }
    fs::write(&path, gz(&gz(SMALL))).unwrap();
    assert!(corrupt(open(&path)).contains("gzip inside a gzip"));
}

#[test]
fn a_cut_or_damaged_gzip_is_told_with_its_byte() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.gz");
    let whole = gz(SMALL);
    for cut in 3..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let message = corrupt(open(&path).and_then(read));
        assert!(message.contains(&format!("cut at byte {cut}: the gzip ends")), "{message} for {cut}");
    }
    for at in 10..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x41;
        fs::write(&path, &bytes).unwrap();
        assert!(corrupt(open(&path).and_then(read)).contains(" byte "));
    }
    let damaged = {
        let mut bytes = gz(json());
        let middle = bytes.len() / 2;
        bytes[middle..middle + 400].fill(0xff);
        bytes
    };
    fs::write(&path, &damaged).unwrap();
    let message = corrupt(open(&path).and_then(read));
    let place: usize = message.split("at byte ").nth(1).unwrap().split(':').next().unwrap().parse().unwrap();
    assert!(place + 65_536 > damaged.len() / 2, "{message}");
    fs::write(&path, gz(&SMALL[..SMALL.len() - 1])).unwrap();
    assert!(corrupt(verify(&path)).contains("of its gunzipped bytes"));
}

#[test]
fn what_it_is_instead_is_said_through_every_wrapping() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    let profile = br#"{"head":{"callFrame":{"functionName":"(root)"}},"samples":[]}"#;
    for bytes in [profile.to_vec(), gz(profile), zstd::encode_all(&profile[..], 1).unwrap()] {
        fs::write(&path, &bytes).unwrap();
        let message = corrupt(open(&path).and_then(read));
        assert!(message.contains(".heapprofile") && message.contains("DevTools"), "{message}");
    }
    fs::write(&path, gz(b"\n\x04\x08\x01\x10\x02")).unwrap();
    assert!(corrupt(open(&path)).contains("pprof"));
    fs::write(&path, gz(b"hello")).unwrap();
    assert!(corrupt(open(&path)).contains("what its gzip holds is neither"));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once_and_waited_for_only_while_somebody_wants_it() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = fifo(dir.path());
    let target = pipe.clone();
    let writer = std::thread::spawn(move || fs::write(target, gz(SMALL)));
    assert_eq!(read(open_any(&pipe, Stop::default()).unwrap()).unwrap(), SMALL);
    writer.join().unwrap().unwrap();

    // Nobody writes.
    let stop = Stop::default();
    let waiting = {
        let (pipe, part) = (pipe.clone(), stop.part());
        std::thread::spawn(move || open_any(&pipe, part).map(|_| ()))
    };
    stop.stop();
    assert_eq!(waiting.join().unwrap().unwrap_err().code(), "HEAPWARDEN_ABORTED");
    // Nothing is read before it is asked for.
    let mut later = Later::new(Input::open(&pipe, stop).unwrap());
    assert_eq!(fault::unwrap(later.read(&mut [0; 9]).unwrap_err()).code(), "HEAPWARDEN_ABORTED");
}
