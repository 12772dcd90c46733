//! What readers of images have left that were killed: a folder for the time of a thaw, and a bundle that is not whole. Both are made
//! by `lib/image/`, and no lock tells who has them: their names do.
//!
//! `heapwarden-thaw-<home>-<pid>-<6 characters>`, a folder, and `heapwarden-bundle-<home>-<pid>-<16 characters>.tmp`, with `.` in
//! front where they lie beside an image.

use std::io;
use std::path::Path;

use super::listing::{age_ms, names, now_ms};
use super::swept::Swept;
use crate::file::folder::{self, Folder};
use crate::file::writer::Writer;

/// ms; a week: so long what nothing is added to stays of a process that cannot be seen from here.
const ABANDONED_MS: f64 = 7.0 * 24.0 * 3_600_000.0;
/// Hexadecimal digits of a home.
const HOME: usize = 16;
/// Folders in each other, of such a folder: the one of an image's objects.
const DEPTH: u32 = 2;

/// Removes them from a folder of images, or the one for temporary files.
pub fn sweep_readers(dir: &Path) {
    if let Ok(folder) = Folder::follow(dir)
        && let Ok(names) = names(&folder)
    {
        sweep(&folder, &names, &mut Swept::default());
    }
}

/// The same of a folder with these `names`. Takes no lock.
pub(super) fn sweep(folder: &Folder, names: &[String], swept: &mut Swept) {
    for name in names {
        match parse(name) {
            Some((writer, Kind::Bundle)) => {
                let Ok(file) = folder.open_file(name, false) else { continue };
                if is_left(folder, &writer, &file) && folder.leads_to(name, &file) {
                    swept.unlink(folder, name);
                }
            }
            Some((writer, Kind::Folder)) => {
                let Ok(inner) = folder.inner(name) else { continue };
                if inner.as_file().is_ok_and(|file| is_left(folder, &writer, &file)) {
                    swept.note(folder, name, remove(folder, name, &inner, DEPTH));
                }
            }
            None => {}
        }
    }
}

/// Where several machines see the `folder`, one of them may have another's name.
fn is_left(folder: &Folder, writer: &Writer, file: &std::fs::File) -> bool {
    let dead = if folder.is_shared() { None } else { writer.is_dead() };
    folder::is_ours(file) && dead.unwrap_or_else(|| age_ms(file, now_ms()) > ABANDONED_MS)
}

/// Removes `inner` and what is in it. A link goes, not what it leads to.
fn remove(folder: &Folder, name: &str, inner: &Folder, depth: u32) -> io::Result<()> {
    for one in inner.names()?.iter().filter(|one| !matches!(one.as_str(), "." | "..")) {
        let gone = match inner.inner(one) {
            Ok(deeper) if depth > 1 => remove(inner, one, &deeper, depth - 1),
            _ => inner.unlink(one),
        };
        match gone {
            // Another process was faster.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    folder.unlink_folder(name)
}

enum Kind {
    Folder,
    Bundle,
}

/// Who has it, and what it is; `None`: it is not ours.
fn parse(name: &str) -> Option<(Writer, Kind)> {
    let name = name.strip_prefix('.').unwrap_or(name).strip_prefix("heapwarden-")?;
    let (kind, rest, length) = match name.split_once('-')? {
        ("thaw", rest) => (Kind::Folder, rest, 6),
        ("bundle", rest) => (Kind::Bundle, rest.strip_suffix(".tmp")?, 16),
        _ => return None,
    };
    let mut parts = rest.split('-');
    let (home, pid, random) = (parts.next()?, parts.next()?, parts.next()?);
    let hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let whole = parts.next().is_none()
        && home.len() == HOME
        && home.bytes().all(hex)
        && !pid.starts_with('0')
        && pid.bytes().all(|byte| byte.is_ascii_digit())
        && random.len() == length
        && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
    whole.then_some((Writer { home: home.to_owned(), pid: pid.parse().ok()? }, kind))
}
