//! What the options say about the file: its level, its folder, its final name.

use std::path::Path;

use super::options::{LEVEL, SinkOptions};
use crate::error::{Error, Result};
use crate::file::folder::{self, Folder};
use crate::file::info::Form;
use crate::file::{fault, name};

/// The final name, and whether it may take the place of another file.
#[derive(Debug)]
pub(super) struct Target {
    pub name: String,
    pub replace: bool,
}

/// The zstd level, 0 = plain.
pub(super) fn level(options: &SinkOptions) -> Result<i32> {
    match options.level {
        Some(level @ 0..=22) => Ok(level),
        Some(level) => Err(Error::InvalidOption(format!(
            "level is {level}: give a zstd level from 1 to 22, or 0 for a plain .heapsnapshot"
        ))),
        None => {
            let plain = |path: &Path| path.file_name().and_then(|n| n.to_str()).is_some_and(name::is_plain);
            Ok(if options.path.as_deref().is_some_and(plain) { 0 } else { LEVEL })
        }
    }
}

/// Folder and file name of an exact path, for a file of this form.
pub(super) fn exact(path: &Path, form: Form) -> Result<(Folder, String)> {
    let given = path.display();
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(Error::InvalidOption(format!("path {given} names a folder: give a file")));
    }
    let path = if path.as_os_str().is_empty() { path.to_owned() } else { folder::absolute(path)? };
    let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str())) else {
        return Err(Error::InvalidOption(format!("path {path:?} names no file: give the path of a file")));
    };
    let (folder, name) = (Folder::follow(parent)?, name::exact(name, form));
    refuse_irregular(&folder, &name)?;
    Ok((folder, name))
}

/// A link, pipe, device or folder is never replaced.
pub(super) fn refuse_irregular(folder: &Folder, name: &str) -> Result<()> {
    let path = folder.path().join(name);
    match folder.look(name) {
        Ok(None | Some(true)) => Ok(()),
        Ok(Some(false)) => {
            Err(Error::InvalidOption(format!("path {} exists and is not a regular file", path.display())))
        }
        Err(e) => Err(fault::at("cannot look at", &path, &e)),
    }
}
