//! The image of a process at its heap limit: frozen inside V8's question for a higher one, by the thread that is about to die of
//! it. No child, no higher limit, nobody to wait for.

use std::sync::Arc;
use std::time::Duration;

use super::client::Client;
use super::order::Left;
use super::ramp::Wanted;
use super::standing::memory_left;
use super::{dispatch, running, snapshot_file};
use crate::capture::fork::QUIET_AT_LIMIT;
use crate::capture::fork::look::Standing;
use crate::capture::in_place::InPlace;
use crate::capture::options::CaptureOptions;
use crate::clock;
use crate::error::{Error, Result};
use crate::file::info::{Mode, SnapshotInfo};
use crate::probe::process;
use crate::stderr::say;
use crate::thread::Event;
use crate::thread::facts::process_facts;
use crate::units::print_bytes;

/// Where we are afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// In the process that was frozen, or could not be: it has been told.
    Itself,
    /// In its copy: the collection has to come to its end.
    Copy,
}

/// Freezes the process, and says so. Inside a collection, on the client's thread.
pub(super) fn take(client: &Arc<Client>, wanted: Wanted, current: usize) -> Who {
    let monitor = wanted.monitor();
    let limit = print_bytes(current as u64);
    let Some(order) = running::at_limit(client, wanted.options, monitor) else {
        say(&format!("heapwarden: heap limit of {limit} reached again; its image is being written"));
        return Who::Itself;
    };
    let id = order.id;
    let work = std::panic::AssertUnwindSafe(|| freeze(client, &order.options));
    let result = match std::panic::catch_unwind(work) {
        Ok(Ok(None)) => {
            std::mem::forget(order);
            return Who::Copy;
        }
        Ok(Ok(Some(info))) => Ok(info),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(Error::CaptureFailed("the image of a heap limit panicked".into())),
    };
    match &result {
        Ok(info) => {
            let path = info.path.display();
            say(&format!("heapwarden: heap limit of {limit} reached; its image is {path}"));
        }
        Err(error) => {
            say(&format!("heapwarden: heap limit of {limit} reached; there is no image of it: {error}"));
        }
    }
    dispatch::complete(id, &result.map(Left::from));
    Who::Itself
}

/// Milliseconds that every image gets here, and bytes a millisecond beyond: of a process that dies anyway.
const MOST: f64 = 10_000.0;
const RATE: f64 = 100_000.0;

fn standing() -> Standing {
    let bytes = process::process().map_or(0, |process| process.rss);
    Standing { most_ms: MOST + bytes as f64 / RATE, demand: None, left: memory_left() }
}

/// `None`: this is the copy.
fn freeze(client: &Arc<Client>, options: &CaptureOptions) -> Result<Option<SnapshotInfo>> {
    let environment = &client.environment;
    let isolate = environment.isolate().ok_or_else(|| Error::Stopped("the thread is ending".into()))?;
    let began = clock::now();
    let header = snapshot_file::image_header(
        environment,
        options,
        Mode::Inline,
        began,
        environment.ids.are_kept(),
        None,
    );
    let sink = snapshot_file::create(options, header)?;
    let mut ready = InPlace::prepare(process_facts().v8_pool_size)?;
    if environment.thread_id != 0 {
        // Node ends this thread, and the others live on.
        ready.others_no_longer_than(Duration::from_secs_f64(options.max_pause_ms.clamp(0.0, 1e6) / 1e3));
    }
    let neighbours = environment.neighbours();
    let unasked = environment.unasked(&neighbours);
    let sealed = ready.at_limit(&isolate, sink, QUIET_AT_LIMIT, standing(), began, clock::now);
    if let Ok(None) = sealed {
        // Whoever waits for it does not exist here.
        std::mem::forget(unasked);
        std::mem::forget(neighbours);
        return Ok(None);
    }
    drop(unasked);
    sealed?
        .map(|sealed| sealed.publish_telling(|error| environment.tell(Event::warning(0, error))))
        .transpose()
}
