//! What tells classes apart: a name, and where their constructor stands.

use serde::Serialize;

/// A class name: an index into the snapshot's strings, or the number of a text of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    Own(u32),
    Made(u32),
}

/// Where a class's constructor stands. Lines and columns count from 0. V8 numbers scripts anew in each process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// V8's number of the script.
    pub script_id: u32,
    /// Line, from 0.
    pub line: u32,
    /// Column, from 0.
    pub column: u32,
}
