//! What readers of images have left that were killed.

use super::retention::{keeping, take_keeping};
use super::*;
use crate::file::home::home;

/// An id that was this machine's a moment ago.
fn dead() -> u32 {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

fn thaw(home: &str, pid: u32) -> String {
    format!(".heapwarden-thaw-{home}-{pid}-aB3xYz")
}

fn put(dir: &Path, name: &str) -> PathBuf {
    let place = dir.join(name);
    fs::create_dir_all(place.join("objects")).unwrap();
    for inner in ["x.heapimage.zst", "objects/ab.zst", ".thawed.heapsnapshot.zst.tmp"] {
        fs::write(place.join(inner), "x").unwrap();
    }
    place
}

fn age_folder(place: &Path, ms: f64) {
    let then = std::time::SystemTime::now() - std::time::Duration::from_millis(ms as u64);
    fs::File::open(place).unwrap().set_modified(then).unwrap();
}

#[test]
fn it_goes_with_whatever_is_written_or_cleaned_there() {
    let dir = tempfile::tempdir().unwrap();
    let leave = || put(dir.path(), &thaw(home(), dead()));
    let left = leave();
    let bundle = dir.path().join(format!(".heapwarden-bundle-{}-{}-0123456789abcdef.tmp", home(), dead()));
    fs::write(&bundle, "x").unwrap();
    let mut removed = clean(dir.path()).unwrap().removed;
    removed.sort();
    assert_eq!(removed, [&bundle, &left].map(|path| path.file_name().unwrap().to_str().unwrap()));
    assert!(!left.exists() && !bundle.exists());
    let left = leave();
    take(dir.path(), NOW, 1);
    assert!(!left.exists(), "without anything to keep");
    let left = leave();
    take_keeping(keeping(dir.path(), 2), Header::new(NOW, Mode::Inline, "x"));
    assert!(!left.exists(), "with");
    // Where it was put when that could not be beside an image.
    let left = put(dir.path(), thaw(home(), dead()).trim_start_matches('.'));
    sweep_readers(dir.path());
    assert!(!left.exists());
}

#[test]
fn nothing_goes_that_somebody_has_or_may_have() {
    let dir = tempfile::tempdir().unwrap();
    let (own, dead) = (std::process::id(), dead());
    let elsewhere = "0123456789abcdef";
    let mut stays = vec![
        put(dir.path(), &thaw(home(), own)),
        put(dir.path(), &thaw(home(), 1)),
        put(dir.path(), &thaw(elsewhere, dead)),
        put(dir.path(), &thaw(&home()[..8], dead)),
        put(dir.path(), &(thaw(home(), dead) + "-mine")),
        put(dir.path(), ".heapwarden-thaw-of-mine"),
    ];
    let bundle = |rest: &str| {
        let place = dir.path().join(format!(".heapwarden-bundle-{rest}"));
        fs::write(&place, "x").unwrap();
        place
    };
    stays.push(bundle(&format!("{}-{own}-0123456789abcdef.tmp", home())));
    stays.push(bundle(&format!("{}-{dead}-0123456789abcdef.tar", home())));
    // A file of the folder's name, and a link.
    let file = dir.path().join(thaw(home(), dead).replace("aB3", "aB4"));
    fs::write(&file, "x").unwrap();
    stays.push(file);
    let outside = tempfile::tempdir().unwrap();
    let precious = put(outside.path(), "precious");
    let link = dir.path().join(thaw(home(), dead).replace("aB3", "aB5"));
    std::os::unix::fs::symlink(&precious, &link).unwrap();
    stays.push(link);
    assert_eq!(clean(dir.path()).unwrap(), Swept::default());
    assert!(stays.iter().all(|place| place.symlink_metadata().is_ok()), "{stays:?}");

    // In one that goes, a link goes, and not what it leads to.
    let left = put(dir.path(), &thaw(home(), dead).replace("aB3", "aB6"));
    std::os::unix::fs::symlink(&precious, left.join("link")).unwrap();
    assert_eq!(clean(dir.path()).unwrap().removed.len(), 1);
    assert!(!left.exists() && precious.join("objects/ab.zst").exists());

    // Of another machine: after a week.
    let other = &stays[2];
    age_folder(other, 167.0 * 3.6e6);
    assert_eq!(clean(dir.path()).unwrap(), Swept::default());
    age_folder(other, 169.0 * 3.6e6);
    assert_eq!(clean(dir.path()).unwrap().removed.len(), 1);
    assert!(!other.exists() && stays[0].exists());
}
