//! An analysis as an object of JavaScript: a promise of its answer, its progress, its end. It runs on a thread of
//! its own (`analysis::queue`); while the promise is pending, the process stays alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use napi::bindgen_prelude::*;
use napi_derive::napi;
use parking_lot::Mutex;

use super::tasks::failure;
use super::{Code, fault, odd};
use crate::analysis::queue;
use crate::analysis::request::Request;
use crate::analysis::workers::Workers;

/// One order. An object that is given up, with its environment at the latest, ends its analysis.
#[napi]
pub struct Analysis {
    request: Mutex<Option<Request>>,
    workers: Arc<Workers>,
    // 0: not begun.
    order: AtomicU64,
}

#[napi]
impl Analysis {
    /// `request`: JSON, see `analysis::request`.
    #[napi(constructor)]
    pub fn new(request: String) -> Result<Self, Code> {
        let request = Request::from_json(&request).map_err(fault)?;
        Ok(Self { request: Mutex::new(Some(request)), workers: Arc::default(), order: AtomicU64::new(0) })
    }

    /// Begins, once. A promise of `{value}` or `{failure: {code, message}}` as JSON.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn run<'env>(&self, env: &'env Env) -> Result<Object<'env>, Code> {
        let Some(request) = self.request.lock().take() else {
            return Err(fault(crate::error::Error::InvalidOption("this analysis was begun before".into())));
        };
        let (deferred, promise) = env.create_deferred().map_err(odd)?;
        let order = queue::submit(
            self.workers.clone(),
            move |workers| request.run(workers),
            move |result| {
                let text = match result {
                    Ok(value) => format!("{{\"value\":{value}}}"),
                    Err(error) => format!("{{\"failure\":{}}}", failure(&error)),
                };
                deferred.resolve(move |_| Ok(text));
            },
        );
        self.order.store(order, Ordering::Release);
        Ok(promise)
    }

    /// `{stage, done, total, file, files}` as JSON.
    #[napi]
    pub fn progress(&self) -> String {
        serde_json::to_string(&self.workers.look()).unwrap_or_default()
    }

    /// Ends it soon; the promise hears of it.
    #[napi]
    pub fn cancel(&self) {
        queue::cancel(self.order.load(Ordering::Acquire));
    }
}

impl Drop for Analysis {
    fn drop(&mut self) {
        self.cancel();
    }
}
