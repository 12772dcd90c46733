//! What stays in a folder when a file gets its name there, or is about to need the room.

use std::path::Path;

use serde::Deserialize;

use super::leftovers::clean_in;
use super::listing::{Found, age_ms, found, now_ms, open};
use super::objects;
use super::swept::Swept;
use crate::error::Result;
use crate::file::folder::Folder;
use crate::file::info::Header;
use crate::file::writer::Writer;

/// ms; a minute: whoever was told of a file gets to it. So long nobody removes what another living process wrote.
const FRESH_MS: f64 = 60_000.0;

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

/// What a writer knows of the folder's past and its own. Takes no lock that another thread may have held at a fork.
pub struct Retention {
    keep: Keep,
    /// Whose file is being written.
    me: Writer,
}

/// What counts before the files that are there.
enum First<'a> {
    Nothing,
    /// The file of this name.
    Written(&'a str),
    /// One that is being written, bytes so far.
    Coming(u64),
}

impl Retention {
    /// For a snapshot with this header.
    pub fn new(keep: Keep, header: &Header) -> Self {
        Self { keep, me: Writer::of(header) }
    }

    /// After `name` was written: removes what need not be kept beside it, and what the dead have left.
    pub fn keep(&self, folder: &Folder, name: &str) -> Result<()> {
        let mut swept = clean_in(folder)?;
        sweep(folder, &self.keep, &self.me, now_ms(), First::Written(name), &mut swept)?;
        swept.as_result()
    }

    /// While a file is written, `written` bytes of it so far: removes what it would push out anyway, oldest first and no
    /// more than what makes room for `missing` bytes; nothing where that much would not come of it. Whether room was
    /// made.
    pub fn make_room(&self, folder: &Folder, written: u64, missing: u64) -> bool {
        if clean_in(folder).is_ok_and(|swept| !swept.removed.is_empty()) {
            return true;
        }
        self.give_way(folder, written, missing, true)
    }

    /// The same before a file is written by somebody who does not ask on the way: as much of `missing` bytes as there is.
    pub fn make_room_before(&self, folder: &Folder, missing: u64) {
        let _ = clean_in(folder);
        self.give_way(folder, 0, missing, false);
    }

    fn give_way(&self, folder: &Folder, written: u64, missing: u64, all_or_none: bool) -> bool {
        let now = now_ms();
        let Ok(all) = found(folder, now) else { return false };
        let surplus = surplus(&all, &self.keep, &self.me, now, First::Coming(written));
        let gain: u64 = surplus.iter().map(|found| found.info.bytes).sum();
        if all_or_none && gain < missing {
            return false;
        }
        let (mut swept, mut freed) = (Swept::default(), 0);
        for found in surplus.iter().rev() {
            if freed >= missing {
                break;
            }
            swept.unlink(folder, found.info.name());
            freed += found.info.bytes;
        }
        !swept.removed.is_empty()
    }
}

/// Removes what `keep` does not allow, oldest first, counting all snapshots of the folder whoever wrote them.
/// Only files with a generated name *and* our metadata (a plain one: the beginning of V8's JSON) *and* our
/// user are removed; never the newest, nor what another living process wrote within the last minute (`FRESH_MS`).
/// `spare` counts as the newest, whatever the clocks say. `now`: milliseconds since 1970.
pub fn keep(dir: &Path, keep: &Keep, now: f64, spare: Option<&str>) -> Result<Swept> {
    let mut swept = Swept::default();
    if let Some(folder) = open(dir)? {
        let first = spare.map_or(First::Nothing, First::Written);
        sweep(&folder, keep, &Writer::this(), now, first, &mut swept)?;
    }
    Ok(swept)
}

fn sweep(folder: &Folder, keep: &Keep, me: &Writer, now: f64, first: First, swept: &mut Swept) -> Result<()> {
    let all = found(folder, now)?;
    for found in surplus(&all, keep, me, now, first) {
        if folder.leads_to(found.info.name(), &found.file) {
            swept.unlink(folder, found.info.name());
        }
    }
    objects::sweep(folder, &all, now, swept);
    Ok(())
}

/// Of `all`, newest first: what need not stay.
fn surplus<'a>(all: &'a [Found], keep: &Keep, me: &Writer, now: f64, first: First) -> Vec<&'a Found> {
    // Files that cannot be removed do not count either: they would push out those that can.
    let mut ours: Vec<&Found> = all.iter().filter(|found| found.removable).collect();
    let (mut count, mut bytes) = (0u64, 0u64);
    match first {
        First::Nothing => {}
        First::Written(name) => ours.sort_by_key(|found| found.info.name() != name),
        First::Coming(written) => (count, bytes) = (1, written),
    }
    ours.retain(|found| {
        let newest = count == 0;
        count += 1;
        bytes = bytes.saturating_add(found.info.bytes);
        let too_many = keep.count.is_some_and(|most| count > most);
        let too_big = keep.bytes.is_some_and(|most| bytes > most);
        let too_old = keep.age_ms.zip(found.written).is_some_and(|(age, at)| now - at > age);
        !newest && (too_many || too_big || too_old) && !is_fresh(found, me, now)
    });
    ours
}

fn is_fresh(found: &Found, me: &Writer, now: f64) -> bool {
    // A clock that was set back says nothing about age.
    age_ms(&found.file, now).abs() < FRESH_MS && found.writer.may_be_another_that_lives(me)
}
