//! The files that an image needs, brought together so that they can travel with it.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use super::needs::{check_proc, left};
use super::options::ThawOptions;
use super::survey::survey;
use crate::error::{Error, Result};
use crate::file::store::OBJECTS;
use crate::file::{fault, folder};
use crate::image::objects::{self, Budget, Finder, Limited, folder_of};
use crate::image::open::open;

/// The packed executable and libraries that `image` needs: where each is by now, the image's own folder of objects or `to`,
/// into which the others are packed, from wherever a thaw would have found them. `min_free_disk` bytes stay free there.
///
/// # Errors
/// As a thaw's where the image is damaged or a file cannot be found; `CaptureFailed`, `NoSpace`: one cannot be written;
/// `Aborted`.
pub fn bring(
    image: &Path,
    to: &Path,
    min_free_disk: Option<u64>,
    options: &ThawOptions,
) -> Result<Vec<PathBuf>> {
    let folder = folder_of(image);
    let go_on = || match options.stop.stopped() {
        true => Err(Error::Aborted(format!("the bundling of {} was aborted", image.display()))),
        false => Ok(()),
    };
    let raw = BufReader::with_capacity(256 << 10, open(image)?);
    check_proc(image)?;
    let found = survey(image, raw, &mut |_| go_on())?;
    let mut all = Vec::new();
    for object in &found.objects {
        go_on()?;
        let name = format!("{}.zst", objects::hex(&object.id));
        let (stored, own) = (folder.join(OBJECTS).join(&name), to.join(&name));
        if all.contains(&stored) || all.contains(&own) {
            continue;
        }
        // One after the other: none is in memory for longer.
        let mut finder = Finder::new(folder, &options.objects, left(), &go_on);
        let is_file = fs::symlink_metadata(&stored).is_ok_and(|meta| meta.is_file());
        match is_file.then(|| finder.is_at(&object.id, &stored)) {
            Some(Ok(true)) => {
                all.push(stored);
                continue;
            }
            // One that was cut is as good as none.
            None | Some(Ok(false) | Err(Error::CorruptSnapshot(_))) => {}
            Some(Err(error)) => return Err(error),
        }
        let source = finder.find(&object.id, &object.path)?;
        write(&source, &own, min_free_disk, &go_on)?;
        all.push(own);
    }
    Ok(all)
}

fn write(
    source: &OwnedFd,
    target: &Path,
    min_free_disk: Option<u64>,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<()> {
    let wrong = |error: io::Error| match error.get_ref().is_some_and(|inner| inner.is::<Error>()) {
        true => fault::unwrap(error),
        false => fault::at("cannot write", target, &error),
    };
    let source = File::from(source.try_clone().map_err(wrong)?);
    let target = File::create_new(target).map_err(wrong)?;
    // Others write to the disk too: it is looked at for each file.
    let refusal = [
        "what the image needs is not packed",
        "more than is free beside what has to stay free (minFreeDisk)",
    ];
    let mut budget = Budget::of(folder::room(&target), min_free_disk, refusal);
    objects::pack(&source, Limited { target: &target, budget: &mut budget }, go_on).map_err(wrong)
}
