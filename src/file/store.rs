//! The folder as a store: list, find, keep the allowed number, clean up after the dead, remove.
//!
//! | file | what it does |
//! |---|---|
//! | `listing` | what is in a folder: snapshots that are ours, newest first |
//! | `retention` | what stays when a file gets its name, or is about to need the room |
//! | `objects` | the executables and libraries that images need |
//! | `leftovers` | the temporary files of the dead |
//! | `readers` | what those have left who read images |
//! | `swept` | what was removed, and what could not be |

use std::io;
use std::path::Path;

use super::fault;
use super::folder::Folder;
use super::info::SnapshotInfo;
use crate::error::{Error, Result};

mod leftovers;
mod listing;
mod objects;
mod readers;
mod retention;
mod swept;

use listing::{Found, found, look, now_ms, open};

pub use leftovers::{clean, clear};
pub use objects::FOLDER as OBJECTS;
pub use readers::sweep_readers;
pub use retention::{Keep, Retention, keep};
pub use swept::Swept;

/// The snapshots and images in a folder, newest first, read from their first and last bytes only. Ours are files that
/// carry our metadata or a generated name, among them cut ones (`complete: false`); everything else in the
/// folder is passed over. A folder that does not exist yet has none. What a clock that was wrong has stamped counts by
/// its last byte, as for [`keep()`].
pub fn list(dir: &Path) -> Result<Vec<SnapshotInfo>> {
    let Some(folder) = open(dir)? else { return Ok(Vec::new()) };
    Ok(found(&folder, now_ms())?.into_iter().map(|found| found.info).collect())
}

/// One snapshot of the folder. `InvalidOption` for a name that is not a plain file name, `NotFound` for one
/// that is none of ours.
pub fn find(dir: &Path, name: &str) -> Result<SnapshotInfo> {
    let (_, found) = single(dir, name)?;
    Ok(found.info)
}

/// Removes one snapshot; errors as [`find`].
pub fn remove(dir: &Path, name: &str) -> Result<()> {
    let (folder, found) = single(dir, name)?;
    // Looked at again: between the look and the removal somebody may have put another file there.
    if !folder.leads_to(name, &found.file) {
        return Err(missing(dir, name));
    }
    folder.unlink(name).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => missing(dir, name),
        _ => fault::at("cannot remove", &dir.join(name), &e),
    })
}

fn single(dir: &Path, name: &str) -> Result<(Folder, Found)> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\', '\0']) {
        return Err(Error::InvalidOption(format!(
            "{name:?} is not a snapshot's name: give one as the list has it, without a folder"
        )));
    }
    let folder = open(dir)?.ok_or_else(|| missing(dir, name))?;
    let found = look(&folder, name).ok_or_else(|| missing(dir, name))?;
    Ok((folder, found))
}

fn missing(dir: &Path, name: &str) -> Error {
    Error::NotFound(format!("there is no snapshot {name:?} in {}", dir.display()))
}

#[cfg(test)]
mod tests;
