//! What a path leads to: a snapshot, or a heap image that is to be thawed first.

use std::path::{Path, PathBuf};

use napi::bindgen_prelude::*;
use napi::{Env, Task};
use napi_derive::napi;
use serde_json::json;

use super::tasks::failure;
use crate::error::{Error as Fault, Result as Outcome};
use crate::file::info::Form;
use crate::file::store;
use crate::image::objects;
use crate::image::open::open;

/// Where process ids count, for names of what readers of images make: see `file/home.rs`. Empty where the system does not tell.
#[napi]
pub fn home() -> String {
    crate::file::home::home().to_owned()
}

/// Removes from a folder what readers of images have left that were killed.
#[napi]
pub fn sweep_readers(dir: String) {
    store::sweep_readers(dir.as_ref());
}

/// Reads the beginning of an image.
pub struct Needs(PathBuf);

/// `{value: {needs, stored}}`: the build ids of the files that an image needs, as its writer knew them, empty if it did not, and
/// those of them that lie packed beside it, not cut; or `{failure}`, as JSON. Nobody has checked what an image says.
#[napi]
pub fn image_needs(path: String) -> AsyncTask<Needs> {
    AsyncTask::new(Needs(path.into()))
}

impl Task for Needs {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> Result<String> {
        Ok(match open(&self.0) {
            Ok(reader) => {
                let needs = reader.header().map_or(&[][..], |header| &header.objects);
                let folder = objects::folder_of(&self.0);
                let stored: Vec<_> = needs.iter().filter(|id| objects::is_stored(folder, id)).collect();
                json!({ "value": { "needs": needs, "stored": stored } }).to_string()
            }
            Err(error) => format!("{{\"failure\":{}}}", failure(&error)),
        })
    }

    fn resolve(&mut self, _: Env, output: String) -> Result<String> {
        Ok(output)
    }
}

/// Looks.
pub struct Looking {
    path: PathBuf,
    only_images: bool,
}

/// `{value: path}` of the image, `{value: null}` for a snapshot and whatever else is not one, or `{failure}`, as JSON. Of a
/// folder its newest file counts, or with `only_images` its newest image; then what is none is a failure.
#[napi]
pub fn image_at(path: String, only_images: bool) -> AsyncTask<Looking> {
    AsyncTask::new(Looking { path: path.into(), only_images })
}

fn newest(dir: &Path, only_images: bool) -> Outcome<Option<PathBuf>> {
    let mut all = store::list(dir)?.into_iter();
    if only_images {
        let none = || Fault::NotFound(format!("there is no heap image in {}", dir.display()));
        return all.find(|info| info.form == Form::Image).map(|info| Some(info.path)).ok_or_else(none);
    }
    Ok(all.next().filter(|info| info.form == Form::Image).map(|info| info.path))
}

fn look(path: &Path, only_images: bool) -> Outcome<Option<PathBuf>> {
    if path.is_dir() {
        return newest(path, only_images);
    }
    // A pipe is somebody's who reads it from its beginning: opened just to look, its writer would find nobody there any more.
    if std::fs::metadata(path).is_ok_and(|meta| !meta.is_file()) && !only_images {
        return Ok(None);
    }
    match open(path) {
        Ok(_) => Ok(Some(path.to_owned())),
        Err(error) if only_images => Err(error),
        Err(_) => Ok(None),
    }
}

impl Task for Looking {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> Result<String> {
        Ok(match look(&self.path, self.only_images) {
            Ok(found) => json!({ "value": found }).to_string(),
            Err(error) => format!("{{\"failure\":{}}}", failure(&error)),
        })
    }

    fn resolve(&mut self, _: Env, output: String) -> Result<String> {
        Ok(output)
    }
}
