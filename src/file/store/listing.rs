//! What is in a folder: snapshots and images that are ours, newest first.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::error::Result;
use crate::file::folder::{self, Folder};
use crate::file::info::SnapshotInfo;
use crate::file::name::{self, Name};
use crate::file::writer::Writer;
use crate::file::{fault, frames};
use crate::json::outline;

/// ms; so far ahead of ours the clock of another machine may be. A stamp that lies further ahead is of a clock that was
/// wrong.
const AHEAD_MS: f64 = 60_000.0;

/// A snapshot or an image of the folder.
pub(super) struct Found {
    pub info: SnapshotInfo,
    pub file: File,
    pub writer: Writer,
    pub removable: bool,
    /// The objects that an image needs; `None`: nobody knows.
    pub objects: Option<Vec<String>>,
    /// When, ms since 1970; `None`: nobody knows, or nobody has asked.
    pub written: Option<f64>,
}

/// The folder; `None`: it does not exist.
pub(super) fn open(dir: &Path) -> Result<Option<Folder>> {
    let path = folder::absolute(dir)?;
    match std::fs::symlink_metadata(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        // Where anybody may have made it, a folder that is not ours alone is not written to, and not believed either.
        _ if path == folder::private_path() => Folder::open_private(&path).map(Some),
        _ => Folder::open(&path).map(Some),
    }
}

/// All names in it.
pub(super) fn names(folder: &Folder) -> Result<Vec<String>> {
    folder.names().map_err(|e| fault::at("cannot list", folder.path(), &e))
}

/// Newest first, as `now` goes. Whose time nobody knows comes last: it would stay the newest until its time has come.
pub(super) fn found(folder: &Folder, now: f64) -> Result<Vec<Found>> {
    let all = names(folder)?.into_iter().filter_map(|name| look(folder, &name));
    let mut all: Vec<Found> = all.map(|found| Found { written: written(&found, now), ..found }).collect();
    all.sort_by(|a, b| {
        let by_time = b.written.partial_cmp(&a.written).unwrap_or(Ordering::Equal);
        let by_stamp = || b.info.at.total_cmp(&a.info.at);
        by_time.then_with(by_stamp).then_with(|| b.info.name().cmp(a.info.name()))
    });
    Ok(all)
}

/// `None`: not ours, or not readable, or gone meanwhile.
pub(super) fn look(folder: &Folder, name: &str) -> Option<Found> {
    if !name::is_evidence(name) {
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
        let objects = Some(header.objects.clone()).filter(|objects| !objects.is_empty());
        return Some(Found {
            info,
            file,
            writer: Writer::of(header),
            removable: owned,
            objects,
            written: None,
        });
    }
    let parsed = parsed?;
    let (head, tail) = outline::ends_of(&mut file).ok()?;
    let plain = !parsed.zstd && outline::begins(&head);
    let writer = Writer { home: String::new(), pid: parsed.pid };
    let info = by_name(parsed, path, survey.size, plain.then_some((&head, &tail)));
    Some(Found { info, file, writer, removable: owned && plain, objects: None, written: None })
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
        form: name.form,
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
        reason: None,
        buffers: None,
        origin: None,
    }
}

/// When it was taken, ms since 1970, or when its last byte was written, whichever can be; `None`: neither, as `now` goes.
fn written(found: &Found, now: f64) -> Option<f64> {
    let possible = |at: &f64| at.is_finite() && *at <= now + AHEAD_MS;
    Some(found.info.at).filter(possible).or_else(|| Some(now - age_ms(&found.file, now)).filter(possible))
}

/// ms since the file's last byte; infinite where the system does not tell.
pub(super) fn age_ms(file: &File, now: f64) -> f64 {
    let modified = file.metadata().and_then(|meta| meta.modified());
    modified.map_or(f64::INFINITY, |at| now - epoch_ms(at))
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> f64 {
    epoch_ms(SystemTime::now())
}

fn epoch_ms(at: SystemTime) -> f64 {
    at.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1e3)
}
