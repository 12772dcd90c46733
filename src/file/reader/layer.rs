//! Whose bytes are read: a file's or a pipe's own, or what a gzip holds.

use std::io::Read;

/// Where they come from.
pub(super) type Bytes = Box<dyn Read + Send>;

/// Whose bytes a stream's are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    Outer,
    Gunzipped,
}

impl Layer {
    /// Behind "at byte N".
    pub fn of(self) -> &'static str {
        if self == Self::Gunzipped { " of its gunzipped bytes" } else { "" }
    }
}
