//! Executables and libraries beside images, each once a folder by its build id (`objects/BUILDID.zst`): an image has only
//! those of their pages that its process had changed.
//!
//! | file | what it does |
//! |---|---|
//! | [`mod@store`] | puts there what is mapped in this process |
//! | [`mod@find`] | opens the one an image asks for |
//! | [`mod@pack`], `unpack` | as much of it as is ever mapped, packed |
//! | `budget` | how much of the disk may be written |
//! | `file` | an ELF file on disk |
//! | `name` | what an object's file is called |
//!
//! A file there is the ELF file up to the last page that is mapped when it is loaded, as plain zstd.

mod budget;
mod file;
#[cfg(target_os = "linux")]
pub mod find;
mod name;
pub mod pack;
pub mod store;
#[cfg(target_os = "linux")]
mod unpack;

use std::path::Path;

use super::freeze;
use crate::error::Result;

pub use budget::{Budget, Limited};
#[cfg(target_os = "linux")]
pub use find::Finder;
pub use name::hex;
pub use pack::pack;
pub use store::{is_stored, store};

/// The folder that an image is in, with its objects.
pub fn folder_of(image: &Path) -> &Path {
    image.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The build ids, as in the files' names, of what an image of this process would need now.
///
/// # Errors
/// `CaptureFailed`: the mappings cannot be read.
pub fn ids() -> Result<Vec<String>> {
    Ok(freeze::mapped()?.iter().map(|object| hex(&object.id)).collect())
}
