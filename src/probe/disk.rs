//! Room on the disk a snapshot is to be written to.

use crate::error::{Error, Result};
use std::path::Path;

/// Bytes of the file system that holds a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Free {
    /// What this process may still write; the superuser's reserve is not in it.
    pub available: u64,
    /// All there is.
    pub total: u64,
}

/// The room where `path` is, or would be: it need not exist, its nearest existing parent is asked.
///
/// A quota or a size limit of the file system's user is not seen. The call waits for a network file system
/// whose server is gone, so it belongs on a background thread.
///
/// # Errors
/// [`Error::InvalidOption`] for a path no file can have (empty, with a NUL, too long), [`Error::Unsupported`]
/// where the system gives no answer: it is not Unix, or the folder may not be searched.
#[cfg(unix)]
pub fn free(path: &Path) -> Result<Free> {
    use rustix::io::Errno;
    if path.as_os_str().is_empty() {
        return Err(Error::InvalidOption(format!(
            "{path:?} names no folder; give the path of a folder or file"
        )));
    }
    for place in path.ancestors() {
        // A relative path runs out in the working directory.
        let place = if place.as_os_str().is_empty() { Path::new(".") } else { place };
        match rustix::fs::statvfs(place) {
            Ok(found) => {
                return Ok(Free {
                    available: found.f_bavail.saturating_mul(found.f_frsize),
                    total: found.f_blocks.saturating_mul(found.f_frsize),
                });
            }
            Err(Errno::NOENT | Errno::NOTDIR) => {}
            Err(error @ (Errno::INVAL | Errno::NAMETOOLONG | Errno::LOOP)) => {
                return Err(Error::InvalidOption(format!(
                    "{path:?} cannot be a path: {error}; give a shorter or plainer one"
                )));
            }
            Err(error) => return Err(unknown(path, &error)),
        }
    }
    // Only when the working directory itself was removed.
    Err(unknown(path, &Errno::NOENT))
}

/// See the Unix version: there is no answer here.
#[cfg(not(unix))]
pub fn free(path: &Path) -> Result<Free> {
    Err(unknown(path, &"not known on this platform"))
}

fn unknown(path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::Unsupported(format!(
        "the free disk space of {path:?} cannot be read: {why}; choose another folder"
    ))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_path_is_answered_by_its_nearest_parent() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, [1; 1 << 16]).unwrap();
        let here = free(dir.path()).unwrap();
        assert!(here.available > 0 && here.available < here.total, "{here:?}");
        for path in [dir.path().join("not/yet/made.heapsnapshot.zst"), file.join("below-a-file")] {
            assert_eq!(free(&path).unwrap().total, here.total, "{path:?}");
        }
        let working = free(Path::new(".")).unwrap().total;
        assert_eq!(free(Path::new("no-such-folder/snapshot")).unwrap().total, working);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_of_its_own_has_its_own_room() {
        let proc = free(Path::new("/proc/self/no-such-file")).unwrap();
        assert_eq!(proc, Free { available: 0, total: 0 });
    }

    #[test]
    fn a_path_no_file_can_have_is_refused_by_name() {
        for bad in ["", "a\0b", &"x".repeat(5000)] {
            let error = free(Path::new(bad)).unwrap_err();
            assert_eq!(error.code(), "HEAPWARDEN_INVALID_OPTION", "{error}");
            assert!(error.to_string().contains(&format!("{bad:?}")), "{error}");
        }
    }
}
