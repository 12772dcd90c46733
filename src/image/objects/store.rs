//! Puts what is mapped in this process into the folder of objects.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::super::format::ID;
use super::super::freeze::{self, Mapped};
use super::budget::{Budget, Limited};
use super::file;
use super::name::{END, hex};
use super::pack::{is_whole, pack};
use crate::error::{Error, Result};
use crate::file::fault;
use crate::file::folder::{Folder, Lock};
use crate::file::store::OBJECTS;

/// A file becomes at least so many times smaller, as a rule: code does.
const TIMES: u64 = 2;

/// Stores what is not there yet, or was cut since, and gives what is a new time, by which it is known to be needed. Another process that is
/// at it is left to it. From any thread; it takes a second of CPU the first time.
///
/// # Errors
/// `Unsupported`: the folder is memory (a tmpfs). `NoSpace`: it would take more than a quarter of what is free, or what
/// has to stay free (`min_free_disk`). `Stopped`: `may_go_on` said no. `NotFound`: a file is no longer what is mapped; all
/// others are stored. Else the system's, by `CaptureFailed`.
pub fn store(folder: &Path, min_free_disk: Option<u64>, may_go_on: &dyn Fn() -> bool) -> Result<()> {
    let mapped = freeze::mapped()?;
    if mapped.is_empty() {
        return Ok(());
    }
    store_these(&mapped, folder, min_free_disk, may_go_on)
}

/// Whether the file with this build id, a text that nobody has checked, lies packed and whole in the folder of objects in
/// `folder`: itself, and no link to it.
pub fn is_stored(folder: &Path, id: &str) -> bool {
    let hexadecimal = id.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let path = folder.join(OBJECTS).join(format!("{id}{END}"));
    let is_one = hexadecimal
        && (2..=2 * ID).contains(&id.len())
        && std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file());
    is_one && file::open(&path).is_ok_and(|file| is_whole(&file).unwrap_or(false))
}

fn store_these(
    mapped: &[Mapped],
    folder: &Path,
    min_free_disk: Option<u64>,
    may_go_on: &dyn Fn() -> bool,
) -> Result<()> {
    let path = folder.join(OBJECTS);
    if is_memory(folder) {
        return Err(Error::Unsupported(format!(
            "{} is memory (a tmpfs): the executable and the libraries are not kept beside the image there",
            path.display()
        )));
    }
    let inner = Folder::private(&path)?;
    if inner.lock() == Lock::Busy {
        return Ok(());
    }
    let mut budget = budget(&inner, min_free_disk);
    let mut gone = None;
    for object in mapped {
        let name = format!("{}{END}", hex(&object.id));
        if let Ok(there) = inner.open_file(&name, false)
            && is_whole(&there).unwrap_or(false)
        {
            // Where it may not be set, the file is not ours to keep.
            let _ = there.set_modified(SystemTime::now());
            continue;
        }
        match source(object) {
            Some(source) => one(&inner, &name, source, &mut budget, may_go_on)?,
            None => gone = Some(&object.path),
        }
    }
    inner.sync().map_err(|error| fault::at("cannot sync", &path, &error))?;
    gone.map_or(Ok(()), |gone| {
        Err(Error::NotFound(format!(
            "{} is no longer the file that this process has mapped: keep its old version for thawing images",
            gone.display()
        )))
    })
}

/// The object's file, if it is that still.
fn source(object: &Mapped) -> Option<File> {
    let same = |path: &Path| file::open(path).ok().filter(|file| file::id(file) == object.id);
    same(&object.path).or_else(|| same(Path::new("/proc/self/exe")))
}

/// No more than a quarter of what is free: it is for later.
fn budget(folder: &Folder, min_free_disk: Option<u64>) -> Budget {
    let refusal = [
        "the executable and the libraries are not kept beside the image",
        "more than a quarter of what is free, or of what need not stay free (minFreeDisk)",
    ];
    let room = folder.room();
    let quarter = room.as_ref().map_or(u64::MAX, |room| room.available / 4);
    Budget::of(room, min_free_disk, refusal).at_most(quarter)
}

fn one(
    folder: &Folder,
    name: &str,
    source: File,
    budget: &mut Budget,
    may_go_on: &dyn Fn() -> bool,
) -> Result<()> {
    let wrong = |error: io::Error| match error.get_ref().is_some_and(|inner| inner.is::<Error>()) {
        true => fault::unwrap(error),
        false => fault::at("cannot write", &folder.path().join(name), &error),
    };
    let size = file::loaded(&source).map_err(wrong)?;
    budget.check(size / TIMES)?;
    // What a writer of our number has left, when it was killed: we have the lock.
    let temp = format!(".{}.{}.tmp", name.trim_end_matches(END), std::process::id());
    let _ = folder.unlink(&temp);
    let target = folder.create_file(&temp).map_err(wrong)?;
    let mut to = Limited { target: &target, budget };
    let go_on = || match may_go_on() {
        true => Ok(()),
        false => {
            Err(Error::Stopped("the keeping of executable and libraries beside images was stopped".into()))
        }
    };
    let written = pack(&source, &mut to, &go_on)
        .and_then(|()| target.sync_all())
        .and_then(|()| folder.rename(&temp, name, true));
    written.map_err(|error| {
        let _ = folder.unlink(&temp);
        wrong(error)
    })
}

/// Whether the folder's files are memory.
#[cfg(target_os = "linux")]
fn is_memory(folder: &Path) -> bool {
    const TMPFS: i64 = 0x0102_1994;
    const RAMFS: i64 = 0x8584_58f6;
    #[allow(clippy::unnecessary_cast, reason = "it has another type elsewhere")]
    rustix::fs::statfs(folder).is_ok_and(|stat| [TMPFS, RAMFS].contains(&(stat.f_type as i64)))
}

#[cfg(not(target_os = "linux"))]
fn is_memory(_folder: &Path) -> bool {
    false
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder.join(OBJECTS)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Test folders may be memory themselves; the rule is tested by itself.
    fn folder() -> tempfile::TempDir {
        tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap()
    }

    #[test]
    fn each_file_once_and_what_is_there_gets_a_new_time() {
        let dir = folder();
        store(dir.path(), Some(0), &|| true).unwrap();
        let first = names(dir.path());
        let mut ids: Vec<_> = super::super::ids().unwrap().iter().map(|id| format!("{id}{END}")).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(first, ids);
        let one = dir.path().join(OBJECTS).join(&first[0]);
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&one).unwrap());
        assert_eq!(mode & 0o777, 0o600);
        let old = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000);
        let inode = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&one).unwrap());
        File::open(&one).unwrap().set_modified(old).unwrap();
        store(dir.path(), Some(0), &|| panic!("there is nothing to write")).unwrap();
        let meta = std::fs::metadata(&one).unwrap();
        assert!(meta.modified().unwrap() > old);
        assert_eq!(std::os::unix::fs::MetadataExt::ino(&meta), inode);
    }

    #[test]
    fn what_is_stopped_leaves_nothing() {
        let dir = folder();
        let error = store(dir.path(), Some(0), &|| false).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_STOPPED");
        let error = store(dir.path(), Some(u64::MAX), &|| true).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_NO_SPACE");
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn another_one_that_is_at_it_is_left_to_it() {
        let dir = folder();
        let inner = Folder::private(&dir.path().join(OBJECTS)).unwrap();
        assert_eq!(inner.lock(), Lock::Held);
        store(dir.path(), Some(0), &|| true).unwrap();
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn never_in_memory() {
        let Ok(dir) = tempfile::tempdir_in("/dev/shm") else { return };
        if is_memory(dir.path()) {
            let error = store(dir.path(), Some(0), &|| true).unwrap_err();
            assert_eq!(error.code(), "HEAPWARDEN_UNSUPPORTED");
            assert!(!dir.path().join(OBJECTS).exists());
        }
    }

    #[test]
    fn a_file_that_was_replaced_is_told_and_the_others_are_stored() {
        let dir = folder();
        let mut mapped = freeze::mapped().unwrap();
        mapped[0].id = vec![1; 20];
        let error = store_these(&mapped, dir.path(), Some(0), &|| true).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_NOT_FOUND");
        assert_eq!(names(dir.path()).len(), mapped.len() - 1);
    }
}
