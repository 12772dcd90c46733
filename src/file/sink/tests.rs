//! The sink through its public steps.

use super::*;
use crate::file::folder::Folder;
use crate::file::info::Mode;
use crate::file::name;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

const JSON: &[u8] =
    br#"{"snapshot":{"meta":{},"node_count":3,"edge_count":0},"nodes":[1,2,3],"edges":[],"strings":["a","b"]}"#;

fn header() -> Header {
    Header::new(1_795_383_671_123.0, Mode::Inline, "test")
}

fn in_dir(dir: &Path) -> SinkOptions {
    // Developers' disks may be nearly full; what is kept free is tested elsewhere.
    SinkOptions { dir: Some(dir.to_owned()), min_free_disk: Some(0), ..SinkOptions::default() }
}

fn at_path(path: &Path) -> SinkOptions {
    SinkOptions { path: Some(path.to_owned()), min_free_disk: Some(0), ..SinkOptions::default() }
}

fn take(options: &SinkOptions) -> Result<crate::file::info::SnapshotInfo> {
    let mut sink = Sink::create(options, header())?;
    sink.write(JSON)?;
    sink.seal(Finish { pause_ms: 2.5, ..Finish::default() })?.publish()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn code<T>(result: Result<T>) -> &'static str {
    match result {
        Ok(_) => "fine",
        Err(error) => error.code(),
    }
}

#[test]
fn a_published_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let info = take(&in_dir(dir.path())).unwrap();
    assert_eq!(names(dir.path()), [info.name()]);
    assert!(info.name().starts_with("heapwarden-20261122T214111.123Z-"), "{}", info.name());
    assert_eq!((info.nodes, info.raw_bytes, info.pause_ms), (Some(3), Some(JSON.len() as u64), Some(2.5)));
    assert_eq!(info.bytes, fs::metadata(&info.path).unwrap().len());
    assert!(info.complete && info.duration_ms.unwrap() >= 0.0);
    assert_eq!(zstd::decode_all(&fs::read(&info.path).unwrap()[..]).unwrap(), JSON);
}

#[test]
fn what_a_killed_writer_has_left_goes_with_the_next_one_where_nothing_is_kept_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let target = name::generate(&header(), true);
    let left = name::temporary(&target, crate::file::home::machine());
    fs::write(dir.path().join(&left), b"the beginning").unwrap();
    fs::write(dir.path().join(".heapwarden-notes.tmp"), b"somebody's").unwrap();
    let live = Sink::create(&at_path(&dir.path().join("live.heapsnapshot")), header()).unwrap();
    assert!(!names(dir.path()).contains(&left));
    take(&at_path(&dir.path().join("mine.heapsnapshot.zst"))).unwrap();
    let of_the_living = live.temp().file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(names(dir.path()), [&of_the_living, ".heapwarden-notes.tmp", "mine.heapsnapshot.zst"]);
}

#[test]
fn nothing_under_a_final_name_before_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = Sink::create(&in_dir(dir.path()), header()).unwrap();
    sink.write(JSON).unwrap();
    let only_temp = |names: Vec<String>| names.len() == 1 && name::parse_temporary(&names[0]).is_some();
    assert!(only_temp(names(dir.path())));
    let sealed = sink.seal(Finish::default()).unwrap();
    assert!(only_temp(names(dir.path())));
    assert_eq!(sealed.publish().map(|i| i.complete), Ok(true));
}

#[test]
fn dropped_at_any_step_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    drop(Sink::create(&in_dir(dir.path()), header()).unwrap());
    assert!(names(dir.path()).is_empty());
    let mut sink = Sink::create(&in_dir(dir.path()), header()).unwrap();
    sink.write(JSON).unwrap();
    drop(sink.seal(Finish::default()).unwrap());
    assert!(names(dir.path()).is_empty());
}

#[test]
fn half_a_snapshot_is_not_sealed() {
    let dir = tempfile::tempdir().unwrap();
    for half in [&b""[..], &JSON[..JSON.len() - 1], &JSON[1..], b"null"] {
        let mut sink = Sink::create(&in_dir(dir.path()), header()).unwrap();
        sink.write(half).unwrap();
        assert_eq!(code(sink.finish(Finish::default())), "HEAPWARDEN_CAPTURE_FAILED");
        assert_eq!(code(sink.write(b"x")), "HEAPWARDEN_CAPTURE_FAILED", "the first error stays");
        assert_eq!(code(sink.seal(Finish::default())), "HEAPWARDEN_CAPTURE_FAILED");
    }
    // Handed over by a parent whose child died.
    for level in [0, 1] {
        let options = SinkOptions { level: Some(level), ..in_dir(dir.path()) };
        let mut sink = Sink::create(&options, header()).unwrap();
        sink.write(&JSON[..20]).unwrap();
        assert_eq!(code(sink.handed_over().publish()), "HEAPWARDEN_CAPTURE_FAILED");
    }
    assert!(names(dir.path()).is_empty());
}

#[test]
fn node_count_is_found_across_writes() {
    let dir = tempfile::tempdir().unwrap();
    for size in [1, 7, 48, 49] {
        let mut sink = Sink::create(&in_dir(dir.path()), header()).unwrap();
        JSON.chunks(size).for_each(|c| sink.write(c).unwrap());
        assert_eq!(sink.finish(Finish::default()).unwrap().nodes, Some(3), "pieces of {size}");
    }
}

#[test]
fn an_exact_path_replaces_and_picks_the_kind() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("a.heapsnapshot");
    fs::write(&plain, "old").unwrap();
    let info = take(&at_path(&plain)).unwrap();
    assert_eq!(fs::read(&plain).unwrap(), JSON);
    assert_eq!((info.pause_ms, info.bytes, info.nodes), (Some(2.5), JSON.len() as u64, Some(3)));

    let other = dir.path().join("dump.bin");
    take(&at_path(&other)).unwrap();
    assert_eq!(zstd::decode_all(&fs::read(&other).unwrap()[..]).unwrap(), JSON);

    let forced = SinkOptions { level: Some(3), ..at_path(&plain) };
    take(&forced).unwrap();
    assert_eq!(zstd::decode_all(&fs::read(&plain).unwrap()[..]).unwrap(), JSON);
    assert_eq!(names(dir.path()), ["a.heapsnapshot", "dump.bin"]);
}

#[test]
fn a_failed_capture_leaves_the_old_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.heapsnapshot");
    fs::write(&path, "old").unwrap();
    let mut sink = Sink::create(&at_path(&path), header()).unwrap();
    sink.write(b"{\"snapshot\"").unwrap();
    drop(sink);
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
}

#[test]
fn options_that_cannot_be() {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path();
    fs::write(base.join("file"), "").unwrap();
    fs::create_dir(base.join("sub")).unwrap();
    let cases = [
        SinkOptions { level: Some(23), ..in_dir(base) },
        SinkOptions { level: Some(-1), ..in_dir(base) },
        in_dir(Path::new("")),
        in_dir(&base.join("file")),
        in_dir(&base.join("file/below")),
        in_dir(Path::new("a\0b")),
        in_dir(&base.join("x".repeat(300))),
        at_path(Path::new("")),
        at_path(Path::new("/")),
        at_path(&base.join("..")),
        at_path(&base.join("sub")),
        at_path(&base.join("new/")),
        at_path(&base.join("missing/a.heapsnapshot")),
        at_path(&base.join("file/a.heapsnapshot")),
        at_path(&base.join(format!("{}.heapsnapshot", "x".repeat(300)))),
    ];
    for options in cases {
        assert_eq!(code(take(&options)), "HEAPWARDEN_INVALID_OPTION", "{options:?}");
    }
    assert_eq!(names(base), ["file", "sub"]);
}

#[test]
fn publishes_from_paths_alone() {
    let dir = tempfile::tempdir().unwrap();
    for level in [0, 1] {
        let options = SinkOptions { level: Some(level), ..in_dir(dir.path()) };
        let mut sink = Sink::create(&options, header()).unwrap();
        sink.write(JSON).unwrap();
        let sealed = sink.seal(Finish { pause_ms: 4.0, attempts: 2, duration_ms: None }).unwrap();
        let (temp, target) = (sealed.temp(), sealed.target());
        std::mem::forget(sealed); // its process is gone
        assert_eq!(code(publish(&temp, Path::new("/elsewhere/x"), header())), "HEAPWARDEN_INVALID_OPTION");
        assert!(!temp.exists(), "an error never leaves it behind");

        let mut sink = Sink::create(&options, header()).unwrap();
        sink.write(JSON).unwrap();
        let sealed = sink.seal(Finish { pause_ms: 4.0, attempts: 2, duration_ms: None }).unwrap();
        let (temp, _) = (sealed.temp(), std::mem::forget(sealed));
        let info = publish(&temp, &target, header()).unwrap();
        assert_eq!((info.path.as_path(), info.complete, info.nodes), (target.as_path(), true, Some(3)));
        // A plain file does not carry its times: not known, not zero.
        assert_eq!(info.pause_ms, (level == 1).then_some(4.0));
    }
}

#[test]
fn the_parent_adds_what_it_knows() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = Sink::create(&in_dir(dir.path()), header()).unwrap();
    sink.write(JSON).unwrap();
    let child = sink.finish(Finish { pause_ms: 123_456.789, duration_ms: Some(9.0), attempts: 1 }).unwrap();
    let mut sealed = sink.handed_over();
    sealed.amend(Finish { pause_ms: 7.0, duration_ms: None, attempts: 3 }).unwrap();
    let info = sealed.publish().unwrap();
    assert_eq!((info.pause_ms, info.duration_ms, info.attempts), (Some(7.0), Some(9.0), Some(3)));
    let survey = frames::survey(&mut File::open(&info.path).unwrap()).unwrap();
    let (trailer, _) = survey.trailer.expect("it still adds up");
    assert_eq!((trailer.pause_ms, trailer.attempts, trailer.data_bytes), (7.0, 3, child.data_bytes));
}

#[test]
fn redaction_writes_through_the_seam() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = Sink::create(&in_dir(dir.path()), header()).unwrap();
    io::copy(&mut &JSON[..], &mut sink).unwrap();
    assert_eq!(sink.raw_bytes(), JSON.len() as u64);
    assert!(sink.finish(Finish::default()).is_ok());
    let error = io::Write::write(&mut sink, b"more").unwrap_err();
    assert_eq!(fault::unwrap(error).code(), "HEAPWARDEN_CAPTURE_FAILED");
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    fn mode(path: impl AsRef<Path>) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn private_modes() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b/c");
        let info = take(&in_dir(&folder)).unwrap();
        assert_eq!((mode(&folder), mode(&info.path)), (0o700, 0o600));
    }

    #[test]
    fn a_linked_folder_is_refused_with_its_target() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::create_dir(&real).unwrap();
        symlink(&real, &link).unwrap();
        let slash = PathBuf::from(format!("{}/", link.display()));
        let dot = link.join(".");
        let dangling = dir.path().join("dangling");
        symlink(dir.path().join("nowhere"), &dangling).unwrap();
        for (dir, target) in [(&link, "real"), (&slash, "real"), (&dot, "real"), (&dangling, "nowhere")] {
            let error = take(&in_dir(dir)).unwrap_err();
            assert_eq!(error.code(), "HEAPWARDEN_INVALID_OPTION");
            assert!(error.to_string().contains(target), "{error}");
        }
        assert!(names(&real).is_empty());
        // Only the last component: a link on the way is the administrator's business.
        assert!(take(&in_dir(&link.join("below"))).is_ok());
    }

    #[test]
    fn links_and_pipes_are_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("a.heapsnapshot"));
        fs::write(&real, "secret").unwrap();
        symlink(&real, &link).unwrap();
        assert_eq!(code(take(&at_path(&link))), "HEAPWARDEN_INVALID_OPTION");
        // The same when it appears while writing.
        let late = dir.path().join("b.heapsnapshot");
        let mut sink = Sink::create(&at_path(&late), header()).unwrap();
        sink.write(JSON).unwrap();
        symlink(&real, &late).unwrap();
        assert_eq!(code(sink.seal(Finish::default()).unwrap().publish()), "HEAPWARDEN_INVALID_OPTION");
        assert_eq!(fs::read_to_string(&real).unwrap(), "secret");
        assert_eq!(names(dir.path()), ["a.heapsnapshot", "b.heapsnapshot", "real"]);
    }

    #[test]
    fn a_generated_name_never_overwrites() {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = Sink::create(&in_dir(dir.path()), header()).unwrap();
        sink.write(JSON).unwrap();
        let sealed = sink.seal(Finish::default()).unwrap();
        let taken = sealed.target();
        fs::write(&taken, "somebody else's").unwrap();
        let info = sealed.publish().unwrap();
        assert_ne!(info.path, taken);
        assert_eq!(fs::read_to_string(&taken).unwrap(), "somebody else's");
        assert_eq!(names(dir.path()).len(), 2);
    }

    #[test]
    fn a_folder_renamed_meanwhile_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (dir.path().join("old"), dir.path().join("new"));
        let mut sink = Sink::create(&in_dir(&old), header()).unwrap();
        sink.write(JSON).unwrap();
        fs::rename(&old, &new).unwrap();
        fs::create_dir(&old).unwrap();
        sink.seal(Finish::default()).unwrap().publish().unwrap();
        assert_eq!((names(&old).len(), names(&new).len()), (0, 1));
    }

    #[test]
    fn a_shared_folder_is_not_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heapwarden-1");
        assert!(Folder::private(&path).is_ok());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
        let error = Folder::private(&path).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_CAPTURE_FAILED");
        assert!(error.to_string().contains("mode 750"), "{error}");
    }

    #[test]
    fn a_temporary_file_removed_by_someone() {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = Sink::create(&in_dir(dir.path()), header()).unwrap();
        sink.write(JSON).unwrap();
        let sealed = sink.seal(Finish::default()).unwrap();
        fs::remove_file(sealed.temp()).unwrap();
        assert_eq!(code(sealed.publish()), "HEAPWARDEN_CAPTURE_FAILED");
        assert!(names(dir.path()).is_empty());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_is_moved_meanwhile_is_named_as_it_is_called_then() {
    let dir = tempfile::tempdir().unwrap();
    let (before, after) = (dir.path().join("before"), dir.path().join("after"));
    let options = SinkOptions { dir: Some(before.clone()), min_free_disk: Some(0), ..SinkOptions::default() };
    let sealed = || {
        let mut sink = Sink::create(&options, Header::new(1e12, Mode::Inline, "x")).unwrap();
        sink.write(br#"{"snapshot":{"meta":{},"node_count":3},"nodes":[1,2,3],"strings":["a"]}"#).unwrap();
        sink.seal(Finish::default()).unwrap()
    };
    let moved = sealed();
    std::fs::rename(&before, &after).unwrap();
    // Somebody else's, by the old name.
    std::fs::create_dir(&before).unwrap();
    let info = moved.publish().unwrap();
    assert_eq!(info.path.parent(), Some(after.as_path()));
    assert!(info.path.exists());
    let removed = sealed();
    std::fs::remove_dir_all(&before).unwrap();
    let error = removed.publish().unwrap_err();
    assert_eq!(error.code(), "HEAPWARDEN_CAPTURE_FAILED");
    assert!(error.to_string().contains("the folder has been removed"), "{error}");
}
