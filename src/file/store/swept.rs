//! What was removed from a folder, and what could not be.

use std::io;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::file::fault;
use crate::file::folder::Folder;

/// What [`keep`](super::keep()) and [`clean`](super::clean()) did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Swept {
    /// Names of the removed files; of an object with its folder.
    pub removed: Vec<String>,
    /// What could not be removed and why, in words.
    pub failed: Vec<String>,
}

impl Swept {
    pub(super) fn unlink(&mut self, folder: &Folder, name: &str) {
        self.unlink_below("", folder, name);
    }

    /// The same in `folder`, which is at `below` in the one of the snapshots.
    pub(super) fn unlink_below(&mut self, below: &str, folder: &Folder, name: &str) {
        self.note_below(below, folder, name, folder.unlink(name));
    }

    /// Something of the folder was removed, or could not be.
    pub(super) fn note(&mut self, folder: &Folder, name: &str, result: io::Result<()>) {
        self.note_below("", folder, name, result);
    }

    fn note_below(&mut self, below: &str, folder: &Folder, name: &str, result: io::Result<()>) {
        match result {
            Ok(()) => self.removed.push(format!("{below}{name}")),
            // Another process of the same folder was faster.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => self.failed.push(fault::at("cannot remove", &folder.path().join(name), &e).to_string()),
        }
    }

    /// What could not be removed is an error.
    pub fn as_result(&self) -> Result<()> {
        if self.failed.is_empty() { Ok(()) } else { Err(Error::CaptureFailed(self.failed.join("; "))) }
    }
}
