//! One environment as an object of JavaScript: what `lib/addon/native.js` calls.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use napi::bindgen_prelude::*;
use napi_derive::napi;
use parking_lot::Mutex;
use serde::Deserialize;

use super::reports::OfEnvironment;
use super::tasks::Feeding;
use super::waker::WakeCall;
use super::{Code, fault, odd};
use crate::capture::options::CaptureOptions;
use crate::error::Error as Fault;
use crate::image::freeze;
use crate::monitor::sampler;
use crate::monitor::settings::{WatchSettings, WatchUpdate, parse};
use crate::monitor::watcher::Watcher;
#[cfg(target_os = "linux")]
use crate::orders::on_signal;
use crate::orders::{Client, Origin, dispatch, heap_limit, portable, synchronous};
use crate::thread::Environment;
#[cfg(target_os = "linux")]
use crate::thread::Event;
use crate::thread::facts::{ProcessFacts, set_process_facts};
use crate::thread::figures::V8Figures;
use crate::v8::backing_stores::Memories;
use crate::v8::questions::Local;
use crate::v8::{self, HeapFigures, array_buffers, backing_stores};

/// What JavaScript tells when it attaches.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    thread_id: u32,
    node_version: String,
    v8_version: String,
    diagnostic_dir: Option<std::path::PathBuf>,
    v8_pool_size: Option<usize>,
}

/// One `require` of the addon in one thread.
#[napi]
pub struct Host {
    client: Arc<Client>,
    watchers: Mutex<HashMap<u64, Arc<Watcher>>>,
    words: Mutex<Option<(array_buffers::Words, u64)>>,
}

/// Registers this thread, which reaches V8 directly if `verify` has trusted it. `on_wake(hasEvents)` is called on the loop and must not throw.
#[napi]
pub fn attach(env: Env, facts: String, on_wake: Function<bool, ()>) -> Result<Host, Code> {
    let facts: Facts = parse(&facts).map_err(fault)?;
    super::quiet_panics();
    set_process_facts(ProcessFacts {
        node_version: facts.node_version,
        v8_version: facts.v8_version,
        diagnostic_dir: facts.diagnostic_dir,
        v8_pool_size: facts.v8_pool_size,
    });
    let woken = Arc::new(OnceLock::new());
    let waker = WakeCall::new(&on_wake, woken.clone()).map_err(odd)?;
    let client = Client::attach(facts.thread_id, Box::new(waker));
    let _ = woken.set(Arc::downgrade(&client.environment));
    client.set_reports(Box::new(OfEnvironment::default()));
    env.add_env_cleanup_hook(client.clone(), |client: Arc<Client>| {
        let ending = sampler::stop_environment(client.environment.id);
        client.environment.detach();
        ending.join();
    })
    .map_err(odd)?;
    Ok(Host { client, watchers: Mutex::default(), words: Mutex::default() })
}

#[napi]
impl Host {
    /// Whether V8 is reached directly.
    #[napi(getter)]
    pub fn native(&self) -> bool {
        self.environment().is_native()
    }

    /// First half of finding the ArrayBuffer counter: `bytes` is `process.memoryUsage().arrayBuffers` now.
    #[napi]
    pub fn array_buffers_before(&self, bytes: f64) {
        *self.words.lock() = self.words_now().map(|words| (words, bytes as u64));
    }

    /// Second half, after an ArrayBuffer was made: whether the counter was found.
    #[napi]
    pub fn array_buffers_after(&self, bytes: f64) -> bool {
        let (Some((before, was)), Some(after)) = (self.words.lock().take(), self.words_now()) else {
            return false;
        };
        array_buffers::locate((&before, was), (&after, bytes as u64))
    }

    fn words_now(&self) -> Option<array_buffers::Words> {
        v8::Isolate::current().ok().and_then(|isolate| array_buffers::words(&isolate))
    }

    /// Says how memories of WebAssembly are known: each is listed, with its ArrayBuffer; or by the buffers of some that were made
    /// to see how they lie. Whether they are.
    #[napi]
    pub fn tell_memories(&self, made: Option<Vec<ArrayBuffer>>) -> bool {
        let memories = match made {
            None => Memories::Listed,
            Some(made) if made.iter().all(|memory| freeze::is_guarded(memory.as_ptr() as u64)) => {
                Memories::Guarded
            }
            Some(_) => return false,
        };
        backing_stores::tell_memories(memories);
        true
    }

    /// Finds where the contents of Buffers lie, by two ArrayBuffers that were made right before, in this order, and a typed array
    /// of `bytes` bytes that is in V8's heap: whether it did.
    #[napi]
    pub fn find_buffers(&self, first: ArrayBuffer, second: ArrayBuffer, small: Object, bytes: u32) -> bool {
        let (Ok(isolate), Some(small)) = (v8::Isolate::current(), Local::from_raw(small.raw().cast())) else {
            return false;
        };
        backing_stores::locate(&isolate, [&first, &second], small, bytes.into())
    }

    /// Portable path: V8's figures as JavaScript reads them, in the order of `HeapFigures`, then ArrayBuffers.
    #[napi]
    pub fn publish(&self, figures: Float64Array) {
        let at = |index: usize| figures.get(index).copied().unwrap_or(0.0).max(0.0) as u64;
        self.environment().store(&V8Figures {
            at: crate::clock::now(),
            heap: HeapFigures {
                heap_total: at(0),
                heap_physical: at(1),
                heap_used: at(2),
                heap_limit: at(3),
                malloced: at(4),
                external: at(5),
                native_contexts: at(6),
                detached_contexts: at(7),
            },
            array_buffers: Some(at(8)),
            live_heap: None,
        });
    }

    /// Only ArrayBuffers, where everything else is read directly.
    #[napi]
    pub fn publish_array_buffers(&self, bytes: f64) {
        let figures = self.environment().figures.read();
        self.environment().store(&V8Figures { array_buffers: Some(bytes.max(0.0) as u64), ..figures });
    }

    /// Events as a JSON array, or null.
    #[napi]
    pub fn drain(&self) -> Option<String> {
        self.environment().drain()
    }

    /// Starts a monitor.
    #[napi]
    pub fn monitor_start(&self, settings: String) -> Result<f64, Code> {
        let settings: WatchSettings = parse(&settings).map_err(fault)?;
        let watcher = Watcher::new(self.client.clone(), settings).map_err(fault)?;
        let id = watcher.id;
        sampler::start(watcher.clone());
        self.watchers.lock().insert(id, watcher);
        self.tune();
        Ok(id as f64)
    }

    /// Whether the system gave no thread to sample on: [`Self::sample_here`] is to be called once a second.
    #[napi]
    pub fn lacks_thread(&self) -> bool {
        sampler::lacks_thread()
    }

    /// Samples on this thread, unless there is one for it by now; whether it is to be called again.
    #[napi]
    pub fn sample_here(&self) -> bool {
        sampler::tick_here(self.environment().id)
    }

    /// Changes it.
    #[napi]
    pub fn monitor_update(&self, id: f64, update: String) -> Result<(), Code> {
        let update: WatchUpdate = parse(&update).map_err(fault)?;
        self.watcher(id)?.update(update).map_err(fault)?;
        self.tune();
        sampler::wake();
        Ok(())
    }

    /// Stops it; the promise is kept when the sampler has let go of it.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn monitor_stop<'env>(&self, env: &'env Env, id: f64) -> Result<Object<'env>, Code> {
        // Not on libuv's pool: where the system gives no thread for that, Node ends the process.
        let (deferred, promise) = env.create_deferred().map_err(odd)?;
        self.watchers.lock().remove(&(id as u64));
        dispatch::cancel_monitor(id as u64);
        self.environment().collections.listen(id as u64, false);
        self.tune();
        sampler::stop(id as u64).then(move || deferred.resolve(|_| Ok(())));
        Ok(promise)
    }

    /// The latest sample, JSON.
    #[napi]
    pub fn monitor_latest(&self, id: f64) -> Result<String, Code> {
        Ok(self.watcher(id)?.latest())
    }

    /// All samples kept, JSON.
    #[napi]
    pub fn monitor_history(&self, id: f64) -> Result<String, Code> {
        Ok(self.watcher(id)?.history())
    }

    /// Rules and their states, JSON.
    #[napi]
    pub fn monitor_rules(&self, id: f64) -> Result<String, Code> {
        Ok(self.watcher(id)?.rules())
    }

    /// Asks for a sample now.
    #[napi]
    pub fn monitor_sample(&self, id: f64, request: f64) -> Result<(), Code> {
        self.watcher(id)?.request(request as u64);
        sampler::wake();
        Ok(())
    }

    /// Who is heard: nobody pays for events that nobody listens to.
    #[napi]
    pub fn listen(&self, id: f64, sample: bool, gc: bool) -> Result<(), Code> {
        self.watcher(id)?.sample_heard.store(sample, Ordering::Release);
        self.environment().collections.listen(id as u64, gc);
        Ok(())
    }

    /// Orders a snapshot.
    #[napi]
    pub fn capture(&self, options: String, monitor: f64) -> Result<f64, Code> {
        let options = CaptureOptions::from_json(&options).map_err(fault)?;
        // Without a monitor nobody has looked at the heap since the last capture, and its budget goes by that.
        self.environment().refresh();
        Ok(dispatch::submit(&self.client, options, Origin::Caller, monitor as u64) as f64)
    }

    /// Orders a report of the heap, and no file.
    #[napi]
    pub fn report(&self, options: String, monitor: f64) -> Result<f64, Code> {
        let options = CaptureOptions::from_json(&options).map_err(fault)?.for_report();
        self.environment().refresh();
        Ok(dispatch::submit(&self.client, options, Origin::Caller, monitor as u64) as f64)
    }

    /// Takes one here and now. SnapshotInfo as JSON.
    #[napi]
    pub fn capture_sync(&self, options: String) -> Result<String, Code> {
        let options = CaptureOptions::from_json(&options).map_err(fault)?;
        let info = synchronous::take(&self.client, options).map_err(fault)?;
        serde_json::to_string(&info).map_err(|error| fault(Fault::CaptureFailed(error.to_string())))
    }

    /// The caller waits no longer.
    #[napi]
    pub fn cancel(&self, capture: f64) {
        dispatch::cancel(capture as u64);
    }

    /// The process ends: so do the children whose callers nobody will answer.
    #[napi]
    pub fn leave(&self) {
        #[cfg(target_os = "linux")]
        on_signal::leave(&self.client);
        dispatch::leave(&self.client);
    }

    /// Somebody has begun to listen to a signal, or has ceased to.
    #[napi]
    pub fn look_at_signals(&self) {
        #[cfg(target_os = "linux")]
        on_signal::look();
    }

    /// Portable path: a piece of the snapshot.
    #[napi]
    pub fn feed(&self, capture: f64, bytes: Buffer) -> AsyncTask<Feeding> {
        AsyncTask::new(Feeding { capture: capture as u64, bytes: bytes.to_vec() })
    }

    /// Portable path: that was all, or what went wrong, and with which code if it is one of ours.
    #[napi]
    pub fn fed(&self, capture: f64, pause_ms: f64, failure: Option<String>, code: Option<String>) {
        match failure {
            Some(message) => portable::fail(capture as u64, code.as_deref().unwrap_or_default(), message),
            None => portable::fed(capture as u64, pause_ms),
        }
    }

    fn environment(&self) -> &Environment {
        &self.client.environment
    }

    fn watcher(&self, id: f64) -> Result<Arc<Watcher>, Code> {
        let stopped = || fault(Fault::Stopped("this monitor was stopped".into()));
        self.watchers.lock().get(&(id as u64)).cloned().ok_or_else(stopped)
    }

    /// GC callbacks only while somebody watches, and as fresh as the fastest of them needs.
    fn tune(&self) {
        let watchers = self.watchers.lock();
        let shortest = watchers.values().map(|watcher| watcher.interval()).fold(f64::INFINITY, f64::min);
        self.environment().collections.refresh_after(shortest / 2.0);
        self.environment().watch_collections(!watchers.is_empty());
        // As the first monitor wants it: one dump serves all, and all hear of it.
        let mut wanting: Vec<_> =
            watchers.values().filter_map(|watcher| Some((watcher.id, watcher.at_limit()?))).collect();
        wanting.sort_by_key(|(id, _)| *id);
        let first =
            wanting.into_iter().map(|(_, wanted)| wanted).reduce(|first, other| first.heard_by(&other));
        heap_limit::watch(&self.client, first);
        #[cfg(target_os = "linux")]
        if let Err(error) =
            on_signal::watch(&self.client, watchers.values().map(|one| one.at_signals()).collect())
        {
            self.environment().tell(Event::warning(0, &error));
        }
    }
}
