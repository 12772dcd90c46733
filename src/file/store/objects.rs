//! The folder of executables and libraries beside images, each once by its build id: what an image needs to be thawed
//! elsewhere. A file there goes when no image of the folder needs it and nobody has for a month: who lives may yet leave one.

use super::listing::{Found, age_ms};
use super::swept::Swept;
use crate::file::folder::{self, Folder};
use crate::file::info::Form;

/// Its name, in the folder of the images.
pub const FOLDER: &str = "objects";
/// ms; a month since it was stored, or needed for a new image, whose writer sets its time anew.
const UNNEEDED_MS: f64 = 30.0 * 24.0 * 3_600_000.0;
/// ms; an hour: what a writer that was killed has left.
const ABANDONED_MS: f64 = 3_600_000.0;
/// What follows the build id.
const END: &str = ".zst";
/// What follows the name of one that is being written.
const UNFINISHED: &str = ".tmp";

/// Removes those that no image of `all`, but for those that were just `swept`, needs any more.
pub(super) fn sweep(folder: &Folder, all: &[Found], now: f64, swept: &mut Swept) {
    let Ok(inner) = folder.inner(FOLDER) else { return };
    let Ok(names) = inner.names() else { return };
    let images: Vec<&Found> = all
        .iter()
        .filter(|found| found.info.form == Form::Image)
        .filter(|found| !swept.removed.iter().any(|name| name == found.info.name()))
        .collect();
    let needs = |image: &&Found, id: &str| {
        image.objects.as_ref().is_none_or(|objects| objects.iter().any(|one| one == id))
    };
    for name in names {
        let old = match of(&name) {
            Some(Kind::Object(id)) if !images.iter().any(|image| needs(image, id)) => UNNEEDED_MS,
            Some(Kind::Unfinished) => ABANDONED_MS,
            _ => continue,
        };
        let Ok(file) = inner.open_file(&name, false) else { continue };
        if folder::is_ours(&file) && age_ms(&file, now) > old && inner.leads_to(&name, &file) {
            swept.unlink_below(&format!("{FOLDER}/"), &inner, &name);
        }
    }
}

enum Kind<'a> {
    /// Of this build id.
    Object(&'a str),
    Unfinished,
}

/// `None`: not ours.
fn of(name: &str) -> Option<Kind<'_>> {
    if let Some(inner) = name.strip_prefix('.') {
        let inner = inner.strip_suffix(UNFINISHED)?;
        let begin = inner.split('.').next()?;
        return is_id(begin).then_some(Kind::Unfinished);
    }
    let id = name.strip_suffix(END)?;
    is_id(id).then_some(Kind::Object(id))
}

/// 1 to 64 bytes, hexadecimal.
fn is_id(id: &str) -> bool {
    let hex = id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    hex && id.len().is_multiple_of(2) && (2..=128).contains(&id.len())
}
