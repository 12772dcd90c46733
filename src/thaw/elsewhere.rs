//! Where no image can be thawed: images are of Linux on x64.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::options::{Progress, Requests, ThawOptions};
use crate::error::{Error, Result};

/// See Linux' version.
///
/// # Errors
/// `Unsupported`, with what to do instead.
pub fn run(
    image: &Path,
    _: Requests<'_>,
    _: &mut dyn Write,
    _: &ThawOptions,
    _: &mut dyn FnMut(Progress),
) -> Result<()> {
    Err(not_here(image))
}

/// See Linux' version.
///
/// # Errors
/// `Unsupported`, with what to do instead.
pub fn bring(image: &Path, _: &Path, _: Option<u64>, _: &ThawOptions) -> Result<Vec<PathBuf>> {
    Err(not_here(image))
}

/// See Linux' version.
pub fn stand_back() {}

fn not_here(image: &Path) -> Error {
    Error::Unsupported(format!(
        "{} can only be thawed on Linux x64: docker run --rm --platform linux/amd64 -v \"$PWD:/work\" -w /work node:22 \
         npx heapwarden thaw IMAGE does it in the folder that holds the image and its objects",
        image.display()
    ))
}
