//! A heap image being thawed, as an object of JavaScript: V8's snapshot as a file, or answers to questions. Each copy has a
//! thread of this process; while a promise is pending, the process stays alive.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::*;
use napi_derive::napi;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::json;

use super::asking::{Asking, Promised};
use super::tasks::failure;
use super::{Code, fault, odd};
use crate::error::{Error as Fault, Result as Outcome};
use crate::file::reader::Stop;
use crate::file::sink::SinkOptions;
use crate::image::request::Request;
use crate::monitor::settings::parse;
use crate::thaw::{self, Progress, SnapshotOptions, ThawOptions};

/// What `lib/image/` orders.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    image: PathBuf,
    loader: PathBuf,
    memory: Option<u64>,
    timeout_ms: Option<f64>,
    #[serde(default)]
    objects: Vec<PathBuf>,
    #[serde(default)]
    redact: bool,
    #[serde(default)]
    numeric_values: bool,
    /// A service is beside it, and comes first.
    #[serde(default)]
    beside: bool,
    #[serde(flatten)]
    sink: SinkOptions,
}

impl Order {
    fn options(&self, stop: &Stop) -> ThawOptions {
        let usual = ThawOptions::new(self.loader.clone());
        let timeout = self.timeout_ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok());
        ThawOptions {
            memory: self.memory,
            timeout: timeout.unwrap_or(usual.timeout),
            objects: self.objects.clone(),
            stop: stop.clone(),
            beside: self.beside,
            ..usual
        }
    }
}

type Seen = Arc<Mutex<Option<Progress>>>;

/// One image that is thawed. An object that is given up, with its environment at the latest, ends its copy.
#[napi]
pub struct Thawing {
    order: Order,
    stop: Stop,
    seen: Seen,
    asking: Mutex<Option<Asking>>,
}

#[napi]
impl Thawing {
    /// `order`: JSON.
    #[napi(constructor)]
    pub fn new(order: String) -> Result<Self, Code> {
        let order = parse(&order).map_err(fault)?;
        Ok(Self { order, stop: Stop::default(), seen: Seen::default(), asking: Mutex::default() })
    }

    /// V8's snapshot of it. A promise of `{value: SnapshotInfo}` or `{failure: {code, message}}` as JSON.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn snapshot<'env>(&self, env: &'env Env) -> Result<Object<'env>, Code> {
        let (deferred, promise) = env.create_deferred().map_err(odd)?;
        let (order, options) = (self.order.clone(), self.order.options(&self.stop));
        let mut progress = self.progress_told();
        let work = move || {
            let to = SnapshotOptions {
                sink: order.sink,
                redact: order.redact,
                numeric_values: order.numeric_values,
            };
            let result = thaw::snapshot(&order.image, &to, &options, &mut progress);
            let text = match result {
                Ok(info) => json!({ "value": info }).to_string(),
                Err(error) => format!("{{\"failure\":{}}}", failure(&error)),
            };
            deferred.resolve(move |_| Ok(text));
        };
        on_thread(self.order.beside, work).map_err(fault)?;
        Ok(promise)
    }

    /// Asks the copy, the same one each time. A promise of `{value: {exception, text}}` or `{failure}`, as JSON.
    /// `question`: a request's JSON.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn ask<'env>(&self, env: &'env Env, question: String) -> Result<Object<'env>, Code> {
        let question: Request = parse(&question).map_err(fault)?;
        let (deferred, promise) = env.create_deferred().map_err(odd)?;
        let promised: Promised = Box::new(move |text| deferred.resolve(move |_| Ok(text)));
        let mut asking = self.asking.lock();
        if asking.is_none() {
            let (begun, session) = Asking::new();
            let (image, options) = (self.order.image.clone(), self.order.options(&self.stop));
            let mut progress = self.progress_told();
            let work = move || session.run(&image, &options, &mut progress);
            on_thread(self.order.beside, work).map_err(fault)?;
            *asking = Some(begun);
        }
        if let Some(asking) = asking.as_ref() {
            asking.ask(question, promised);
        }
        Ok(promise)
    }

    /// The packed files that the image needs; those that are not beside it are packed into `folder`. A promise of `{value: paths}`
    /// or `{failure}` as JSON.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn bring<'env>(&self, env: &'env Env, folder: String) -> Result<Object<'env>, Code> {
        let (deferred, promise) = env.create_deferred().map_err(odd)?;
        let (image, options) = (self.order.image.clone(), self.order.options(&self.stop));
        let min_free_disk = self.order.sink.min_free_disk;
        let work = move || {
            let text = match thaw::bring(&image, folder.as_ref(), min_free_disk, &options) {
                Ok(paths) => json!({ "value": paths }).to_string(),
                Err(error) => format!("{{\"failure\":{}}}", failure(&error)),
            };
            deferred.resolve(move |_| Ok(text));
        };
        on_thread(self.order.beside, work).map_err(fault)?;
        Ok(promise)
    }

    /// There are no more questions.
    #[napi]
    pub fn end(&self) {
        *self.asking.lock() = None;
    }

    /// `{stage, done, total}` as JSON, or null before it has begun.
    #[napi]
    pub fn progress(&self) -> Option<String> {
        let (stage, done, total) = match (*self.seen.lock())? {
            Progress::Loading { done, total } => ("loading", done, total),
            Progress::Working { done, total } => ("working", done, total),
        };
        Some(json!({ "stage": stage, "done": done, "total": total }).to_string())
    }

    /// Ends it soon; its promises hear of it.
    #[napi]
    pub fn cancel(&self) {
        self.stop.stop();
        self.end();
    }

    fn progress_told(&self) -> impl FnMut(Progress) + Send + 'static {
        let seen = self.seen.clone();
        move |progress| *seen.lock() = Some(progress)
    }
}

impl Drop for Thawing {
    fn drop(&mut self) {
        self.cancel();
    }
}

fn on_thread(beside: bool, work: impl FnOnce() + Send + 'static) -> Outcome<()> {
    let started = std::thread::Builder::new().name("heapwarden-thaw".into()).spawn(move || {
        if beside {
            thaw::stand_back();
        }
        work();
    });
    started.map(drop).map_err(|error| Fault::Unsupported(format!("no thread to thaw on: {error}")))
}
