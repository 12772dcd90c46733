//! The files that an image needs, brought together so that they can travel with it.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::options::ThawOptions;
use super::survey::survey;
use crate::error::{Error, Result};
use crate::file::fault;
use crate::file::reader::open_image;
use crate::file::store::OBJECTS;
use crate::image::objects;

/// zstd's level: once for each file.
const LEVEL: i32 = 3;

/// The packed executable and libraries that `image` needs: where each is by now, the image's own folder of objects or `to`,
/// into which the others are packed, from wherever a thaw would have found them.
///
/// # Errors
/// As a thaw's where the image is damaged or a file cannot be found; `CaptureFailed`, `NoSpace`: one cannot be written;
/// `Aborted`.
pub fn bring(image: &Path, to: &Path, options: &ThawOptions) -> Result<Vec<PathBuf>> {
    let folder = image.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let go_on = || match options.stop.stopped() {
        true => Err(Error::Aborted(format!("the bundling of {} was aborted", image.display()))),
        false => Ok(()),
    };
    let raw = BufReader::with_capacity(256 << 10, open_image(image)?);
    let found = survey(image, raw, &mut |_| go_on())?;
    let mut all = Vec::new();
    for object in &found.objects {
        go_on()?;
        let name = format!("{}.zst", objects::hex(&object.id));
        let stored = folder.join(OBJECTS).join(&name);
        let place = if stored.is_file() { stored } else { to.join(&name) };
        if all.contains(&place) {
            continue;
        }
        if !place.is_file() {
            let source = objects::find(folder, &object.id, &object.path, &options.objects)?;
            let wrong = |error: io::Error| fault::at("cannot write", &place, &error);
            pack(File::from(source), File::create_new(&place).map_err(wrong)?).map_err(wrong)?;
        }
        all.push(place);
    }
    Ok(all)
}

fn pack(mut source: File, target: File) -> io::Result<()> {
    use std::io::Seek;
    source.rewind()?;
    let mut encoder = zstd::stream::write::Encoder::new(target, LEVEL)?;
    encoder.include_checksum(true)?;
    io::copy(&mut source, &mut encoder)?;
    encoder.finish().map(drop)
}
