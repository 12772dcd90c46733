//! Where and how a snapshot file is written.

use serde::Deserialize;

use crate::file::store::Keep;

/// zstd level when none is given: on snapshots a higher one costs time and saves little or nothing.
pub const LEVEL: i32 = 1;

/// Where and how to write; the part of `SnapshotOptions` that concerns the file. Unknown keys are ignored.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SinkOptions {
    /// The folder; see [`resolve`](crate::file::folder::resolve) for what is used when there is none.
    pub dir: Option<std::path::PathBuf>,
    /// An exact file instead (then `dir` is ignored): replaces a regular file of that name.
    pub path: Option<std::path::PathBuf>,
    /// zstd level 1…22, 0 = plain JSON. Default [`LEVEL`], but plain for a `path` that ends in `.heapsnapshot`.
    pub level: Option<i32>,
    /// Bytes that stay free on the disk; default see [`reserve`](super::reserve).
    pub min_free_disk: Option<u64>,
    /// What stays in the folder once the file has its name; `None`: everything.
    #[serde(skip)]
    pub keep: Option<Keep>,
    /// Of an image: about how many bytes it will have. Old files give way to it beforehand.
    #[serde(skip)]
    pub expected: u64,
    /// Node's `--diagnostic-dir`.
    #[serde(skip)]
    pub diagnostic_dir: Option<std::path::PathBuf>,
}
