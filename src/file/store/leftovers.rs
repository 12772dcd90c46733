//! The temporary files of the dead.

use std::path::Path;

use super::listing::{age_ms, names, now_ms, open};
use super::readers;
use super::swept::Swept;
use crate::error::Result;
use crate::file::folder::{self, Folder, Lock};
use crate::file::{home, name};

/// ms; an hour: a writer that V8 keeps waiting for its next byte is given up long before.
pub(super) const ABANDONED_MS: f64 = 3_600_000.0;

/// Removes temporary files whose writers are dead: their locks are free; and what readers of images have left. Those of living writers and other users stay,
/// and so does, for `ABANDONED_MS` after its last byte, one whose lock need not be seen here: of another machine, or
/// on a file system that machines share.
pub fn clean(dir: &Path) -> Result<Swept> {
    open(dir)?.map_or_else(|| Ok(Swept::default()), |folder| clean_in(&folder))
}

/// The same for an open folder, before something is written there. What cannot be removed does not stand in its way.
pub fn clear(folder: &Folder) {
    let _ = clean_in(folder);
}

/// The same, told.
pub(super) fn clean_in(folder: &Folder) -> Result<Swept> {
    let mut swept = Swept::default();
    let mut now = None;
    let names = names(folder)?;
    readers::sweep(folder, &names, &mut swept);
    for name in names.iter().filter(|name| name::parse_temporary(name).is_some()) {
        let Ok(file) = folder.open_file(name, true) else { continue };
        if !folder::is_ours(&file) {
            continue;
        }
        let here = name::machine_of(name).is_some_and(|machine| Some(machine) == home::machine());
        let decisive = match folder::lock(&file) {
            Ok(Lock::Held) => here && !folder.is_shared(),
            Ok(Lock::Unknown) => false,
            Ok(Lock::Busy) | Err(_) => continue,
        };
        if !decisive && age_ms(&file, *now.get_or_insert_with(now_ms)) < ABANDONED_MS {
            continue;
        }
        // We hold the lock now. It may have been published between our opening and its writer's end.
        if folder.leads_to(name, &file) {
            swept.unlink(folder, name);
        }
    }
    Ok(swept)
}
