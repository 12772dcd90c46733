//! The portable path: JavaScript takes the snapshot by `node:v8` and feeds it here, piece by piece.

use std::collections::HashMap;
use std::sync::LazyLock;

use parking_lot::Mutex;

use crate::capture::options::CaptureOptions;
use crate::capture::pipe::Feed;
use crate::clock;
use crate::error::{Error, Result};
use crate::file::info::Finish;
use crate::thread::{Environment, Event};

/// What JavaScript feeds on the portable path, by capture. More than one entry only if orders overlap by the
/// end of an environment.
static FED: LazyLock<Mutex<HashMap<u64, Fed>>> = LazyLock::new(Default::default);

struct Fed {
    feed: Feed,
    began: f64,
}

/// Asks JavaScript for the snapshot `id`, which it is to write to `feed`. `began`: a time of [`clock::now`].
pub fn ask(environment: &Environment, id: u64, feed: Feed, began: f64, options: &CaptureOptions) {
    FED.lock().insert(id, Fed { feed, began });
    environment.tell(Event::WantSnapshot {
        capture: id,
        numeric_values: options.numeric_values,
        memory_budget: options.memory_budget,
    });
}

/// A piece of the snapshot's JSON. May wait for the disk, so not on the JavaScript thread.
///
/// # Errors
/// Why the capture has ended.
pub fn feed(id: u64, bytes: &[u8]) -> Result<()> {
    let fed = FED.lock().remove(&id);
    let Some(fed) = fed else { return Err(Error::CaptureFailed("this snapshot has ended".into())) };
    if fed.feed.write(bytes) {
        FED.lock().insert(id, fed);
        Ok(())
    } else {
        Err(fed.feed.permit().reason())
    }
}

/// All of it was fed. `pause_ms`: how long `node:v8` held the loop.
pub fn fed(id: u64, pause_ms: f64) {
    if let Some(fed) = FED.lock().remove(&id) {
        let duration_ms = Some(clock::now() - fed.began);
        fed.feed.finish(Finish { pause_ms, duration_ms, ..Finish::default() });
    }
}

/// It will not be fed any more.
pub fn give_up(id: u64) {
    if let Some(fed) = FED.lock().remove(&id) {
        fed.feed.permit().fail(Error::Stopped("the thread ended while its snapshot was being taken".into()));
    }
}

/// `node:v8` failed, or JavaScript refused with `code`.
pub fn fail(id: u64, code: &str, message: String) {
    if let Some(fed) = FED.lock().remove(&id) {
        fed.feed.permit().fail(Error::from_code(code, message));
    }
}
