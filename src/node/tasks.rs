//! Work that may wait, on libuv's pool. A failure resolves to `{code, message}` as JSON: a rejected task
//! could not carry our code.

use napi::bindgen_prelude::*;
use napi::{Env, Task};
use napi_derive::napi;
use std::path::PathBuf;

use crate::error::Error as Fault;
use crate::file::store;
use crate::orders::portable;

pub(super) fn failure(error: &Fault) -> String {
    serde_json::json!({ "code": error.code(), "message": error.to_string() }).to_string()
}

/// Hands a piece to the writer, waiting for room.
pub struct Feeding {
    pub capture: u64,
    pub bytes: Vec<u8>,
}

impl Task for Feeding {
    type Output = Option<String>;
    type JsValue = Option<String>;

    fn compute(&mut self) -> Result<Option<String>> {
        Ok(portable::feed(self.capture, &self.bytes).err().as_ref().map(failure))
    }

    fn resolve(&mut self, _: Env, output: Option<String>) -> Result<Option<String>> {
        Ok(output)
    }
}

/// Something about a folder of snapshots.
pub enum FolderTask {
    /// List it, newest first.
    List(PathBuf),
    /// Remove one.
    Remove(PathBuf, String),
}

impl Task for FolderTask {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> Result<String> {
        let result = match self {
            Self::List(dir) => store::list(dir).map(|all| serde_json::json!({ "value": all })),
            Self::Remove(dir, name) => {
                store::remove(dir, name).map(|()| serde_json::json!({ "value": null }))
            }
        };
        Ok(match result {
            Ok(value) => value.to_string(),
            Err(error) => format!("{{\"failure\":{}}}", failure(&error)),
        })
    }

    fn resolve(&mut self, _: Env, output: String) -> Result<String> {
        Ok(output)
    }
}

/// Lists a folder.
#[napi]
pub fn list(dir: String) -> AsyncTask<FolderTask> {
    AsyncTask::new(FolderTask::List(dir.into()))
}

/// Removes a snapshot.
#[napi]
pub fn remove(dir: String, name: String) -> AsyncTask<FolderTask> {
    AsyncTask::new(FolderTask::Remove(dir.into(), name))
}
