//! The folder snapshots lie in: which one it is, and operations inside it. On Unix these go through a
//! descriptor of the folder, so that a folder renamed or replaced meanwhile changes nothing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::fault;
use crate::error::{Error, Result};

#[cfg(unix)]
#[path = "folder/unix.rs"]
mod system;
#[cfg(not(unix))]
#[path = "folder/other.rs"]
mod system;

pub use system::{Folder, Place, is_ours, lock, room};

/// Result of asking for a file's lock without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// We hold it, until the last copy of the descriptor is closed.
    Held,
    /// Somebody alive holds it.
    Busy,
    /// This file system has no locks: nothing can be said about others.
    Unknown,
}

/// Room on a file system, in bytes; `total` 0 = it does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskRoom {
    /// What an unprivileged process may still write.
    pub available: u64,
    /// The file system's size.
    pub total: u64,
}

/// The folder used for `dir`: itself, else `HEAPWARDEN_DIR`, else `diagnostic_dir` (node's
/// `--diagnostic-dir`), else `heapwarden-<uid>` in the temp folder. Absolute. Empty values count as absent,
/// except `dir`'s.
pub fn resolve(dir: Option<&Path>, diagnostic_dir: Option<&Path>) -> Result<PathBuf> {
    let given = given(dir, std::env::var_os("HEAPWARDEN_DIR"), diagnostic_dir)?;
    given.map_or_else(|| Ok(private_path()), |path| absolute(&path))
}

/// Opens the folder that [`resolve`] names and creates it if it is missing. The one in the temp folder, where
/// anybody may have made it first, must be ours alone.
pub fn prepare(dir: Option<&Path>, diagnostic_dir: Option<&Path>) -> Result<Folder> {
    match given(dir, std::env::var_os("HEAPWARDEN_DIR"), diagnostic_dir)? {
        Some(path) => Folder::create(&absolute(&path)?),
        None => Folder::private(&private_path()),
    }
}

fn given(
    dir: Option<&Path>,
    variable: Option<OsString>,
    diagnostic_dir: Option<&Path>,
) -> Result<Option<PathBuf>> {
    if dir.is_some_and(|d| d.as_os_str().is_empty()) {
        return Err(Error::InvalidOption("dir is empty: give the path of a folder".into()));
    }
    let variable = variable.filter(|v| !v.is_empty()).map(PathBuf::from);
    let diagnostic_dir = diagnostic_dir.filter(|d| !d.as_os_str().is_empty());
    Ok(dir.map(Path::to_owned).or(variable).or_else(|| diagnostic_dir.map(Path::to_owned)))
}

/// Absolute, without `.` parts and trailing slashes: `link/` would follow the link it names.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(Error::InvalidOption(format!("the path {path:?} has a NUL byte in it")));
    }
    let path = std::path::absolute(path).map_err(|e| fault::at("cannot resolve", path, &e))?;
    Ok(path.components().collect())
}

/// The folder when nothing names one.
pub(super) fn private_path() -> PathBuf {
    std::env::temp_dir().join(format!("heapwarden-{}", system::user()))
}

// Shared by the systems: what to say when the last component is not a real folder.
fn not_a_folder(path: &Path) -> Option<Error> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    if meta.is_symlink() {
        let target = std::fs::read_link(path).map(|t| t.display().to_string()).unwrap_or_default();
        let path = path.display();
        return Some(Error::InvalidOption(format!(
            "the snapshot folder {path} is a symbolic link to {target}: give the folder itself"
        )));
    }
    (!meta.is_dir())
        .then(|| Error::InvalidOption(format!("the snapshot folder {} is not a folder", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_the_sources() {
        let pick = |dir: Option<&str>, var: Option<&str>, diag: Option<&str>| {
            given(dir.map(Path::new), var.map(OsString::from), diag.map(Path::new))
        };
        assert_eq!(pick(Some("a"), Some("b"), Some("c")).unwrap(), Some("a".into()));
        assert_eq!(pick(None, Some("b"), Some("c")).unwrap(), Some("b".into()));
        assert_eq!(pick(None, Some(""), Some("c")).unwrap(), Some("c".into()));
        assert_eq!(pick(None, None, Some("")).unwrap(), None);
        assert_eq!(pick(Some(""), Some("b"), None).unwrap_err().code(), "HEAPWARDEN_INVALID_OPTION");
    }

    #[test]
    fn paths_become_plain() {
        assert_eq!(absolute(Path::new("/a/./b//c/.")).unwrap(), Path::new("/a/b/c"));
        assert!(absolute(Path::new("x/")).unwrap().is_absolute());
        assert_eq!(absolute(Path::new("a\0b")).unwrap_err().code(), "HEAPWARDEN_INVALID_OPTION");
    }
}
