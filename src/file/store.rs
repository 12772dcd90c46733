//! The folder as a store: list, find, keep the allowed number, clean up after the dead, remove.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folder::{self, Folder, Lock};
use super::info::SnapshotInfo;
use super::name::{self, Name};
use super::writer::{self, Writer};
use super::{fault, frames};
use crate::error::{Error, Result};
use crate::json::outline;

mod retention;

pub use retention::{Retention, keep};

/// How much of the past stays; what is `None` does not limit. Reads `keepCount`, `keepBytes`, `keepAgeMs` of
/// `SnapshotOptions`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Keep {
    /// At most this many files. The newest stays even with 0.
    #[serde(rename = "keepCount")]
    pub count: Option<u64>,
    /// At most this many bytes of files together.
    #[serde(rename = "keepBytes")]
    pub bytes: Option<u64>,
    /// None older than this, milliseconds.
    #[serde(rename = "keepAgeMs")]
    pub age_ms: Option<f64>,
}

/// What [`keep()`] and [`clean`] did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Swept {
    /// Names of the removed files.
    pub removed: Vec<String>,
    /// What could not be removed and why, in words.
    pub failed: Vec<String>,
}

impl Swept {
    fn unlink(&mut self, folder: &Folder, name: &str) {
        match folder.unlink(name) {
            Ok(()) => self.removed.push(name.to_owned()),
            // Another process of the same folder was faster.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => self.failed.push(fault::at("cannot remove", &folder.path().join(name), &e).to_string()),
        }
    }
}

/// The snapshots in a folder, newest first, read from their first and last bytes only. Ours are files that
/// carry our metadata or a generated name, among them cut ones (`complete: false`); everything else in the
/// folder is passed over. A folder that does not exist yet has none. What a clock that was wrong has stamped counts by
/// its last byte, as for [`keep()`].
pub fn list(dir: &Path) -> Result<Vec<SnapshotInfo>> {
    let Some(folder) = open(dir)? else { return Ok(Vec::new()) };
    Ok(found(&folder, retention::now())?.into_iter().map(|found| found.info).collect())
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

/// Removes temporary files whose writers are dead: their locks are free. Those of living writers and other users stay,
/// and so does, for [`ABANDONED_MS`] after its last byte, one whose lock need not be seen here: of another machine, or
/// on a file system that machines share.
pub fn clean(dir: &Path) -> Result<Swept> {
    open(dir)?.map_or_else(|| Ok(Swept::default()), |folder| clean_in(&folder))
}

/// ms; an hour: a writer that V8 keeps waiting for its next byte is given up long before.
const ABANDONED_MS: f64 = 3_600_000.0;

fn clean_in(folder: &Folder) -> Result<Swept> {
    let mut swept = Swept::default();
    let mut now = None;
    for name in names(folder)?.iter().filter(|name| name::parse_temporary(name).is_some()) {
        let Ok(file) = folder.open_file(name, true) else { continue };
        if !folder::is_ours(&file) {
            continue;
        }
        let here = name::machine_of(name).is_some_and(|machine| Some(machine) == writer::machine());
        let decisive = match folder::lock(&file) {
            Ok(Lock::Held) => here && !folder.is_shared(),
            Ok(Lock::Unknown) => false,
            Ok(Lock::Busy) | Err(_) => continue,
        };
        if !decisive && retention::age_ms(&file, *now.get_or_insert_with(retention::now)) < ABANDONED_MS {
            continue;
        }
        // We hold the lock now. It may have been published between our opening and its writer's end.
        if folder.leads_to(name, &file) {
            swept.unlink(folder, name);
        }
    }
    Ok(swept)
}

struct Found {
    info: SnapshotInfo,
    file: File,
    writer: Writer,
    removable: bool,
    /// When, ms since 1970; `None`: nobody knows, or nobody has asked.
    written: Option<f64>,
}

fn open(dir: &Path) -> Result<Option<Folder>> {
    let path = folder::absolute(dir)?;
    match std::fs::symlink_metadata(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        // Where anybody may have made it, a folder that is not ours alone is not written to, and not believed either.
        _ if path == folder::private_path() => Folder::open_private(&path).map(Some),
        _ => Folder::open(&path).map(Some),
    }
}

fn names(folder: &Folder) -> Result<Vec<String>> {
    folder.names().map_err(|e| fault::at("cannot list", folder.path(), &e))
}

/// Newest first, as `now` goes. Whose time nobody knows comes last: it would stay the newest until its time has come.
fn found(folder: &Folder, now: f64) -> Result<Vec<Found>> {
    let all = names(folder)?.into_iter().filter_map(|name| look(folder, &name));
    let mut all: Vec<Found> =
        all.map(|found| Found { written: retention::written(&found, now), ..found }).collect();
    all.sort_by(|a, b| {
        let by_time = b.written.partial_cmp(&a.written).unwrap_or(Ordering::Equal);
        let by_stamp = || b.info.at.total_cmp(&a.info.at);
        by_time.then_with(by_stamp).then_with(|| b.info.name().cmp(a.info.name()))
    });
    Ok(all)
}

// `None`: not ours, or not readable, or gone meanwhile.
fn look(folder: &Folder, name: &str) -> Option<Found> {
    if !name::is_snapshot(name) {
        return None;
    }
    let mut file = folder.open_file(name, false).ok()?;
    let path = folder.path().join(name);
    let survey = frames::survey(&mut file).ok()?;
    let parsed = name::parse(name);
    let owned = parsed.is_some() && folder::is_ours(&file);
    if let Some((header, _)) = &survey.header {
        let trailer = survey.trailer.as_ref().map(|(trailer, _)| trailer);
        let info = SnapshotInfo::new(path, survey.size, header, trailer);
        return Some(Found { info, file, writer: Writer::of(header), removable: owned, written: None });
    }
    let parsed = parsed?;
    let (head, tail) = outline::ends_of(&mut file).ok()?;
    let plain = !parsed.zstd && outline::begins(&head);
    let writer = Writer { home: String::new(), pid: parsed.pid };
    let info = by_name(parsed, path, survey.size, plain.then_some((&head, &tail)));
    Some(Found { info, file, writer, removable: owned && plain, written: None })
}

// A plain file tells little: its name, its size, its first and last bytes.
fn by_name(
    name: Name,
    path: std::path::PathBuf,
    bytes: u64,
    ends: Option<(&Vec<u8>, &Vec<u8>)>,
) -> SnapshotInfo {
    let complete = ends.is_some_and(|(_, tail)| outline::ends(tail));
    SnapshotInfo {
        path,
        bytes,
        raw_bytes: complete.then_some(bytes),
        nodes: ends.and_then(|(head, _)| outline::node_count(head)),
        mode: None,
        trigger: name.trigger,
        at: name.at,
        pause_ms: None,
        duration_ms: None,
        attempts: None,
        pid: name.pid,
        thread_id: name.thread_id,
        node_version: None,
        complete,
    }
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
