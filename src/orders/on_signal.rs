//! Evidence at a signal: it is held back until an image is there. Beside whatever else is captured, and never a snapshot, since whoever
//! asks a process to end does not wait long.

use std::ffi::c_int;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::client::Client;
use super::order::HELD;
use super::{dispatch, running};
use crate::capture::images;
use crate::capture::options::{CaptureOptions, WantedForm};
use crate::error::{Error, Result};
use crate::signals::names::{self, Set};
use crate::signals::{self, Held};
use crate::stderr::say;

/// An image of a heap that is so large that the signal is not held back until it is there may take so long.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a monitor wants at signals.
#[derive(Debug, Clone)]
pub struct Wanted {
    monitor: u64,
    signals: Set,
    /// How its snapshots are made.
    options: CaptureOptions,
}

impl Wanted {
    /// For `monitor`, whose snapshots are made with `options`, at signals of these names.
    pub fn of(monitor: u64, names: &[String], options: &CaptureOptions) -> Self {
        let signals = names::of(names.iter().map(String::as_str));
        Self { monitor, signals, options: options.clone() }
    }

    /// Whether it wants anything.
    pub fn is_something(&self) -> bool {
        self.signals != 0
    }
}

static WATCHED: Mutex<Vec<(Arc<Client>, Vec<Wanted>)>> = Mutex::new(Vec::new());

/// From now on these are what the client's monitors want. Signals are the main thread's: nothing of another one's is heard.
///
/// # Errors
/// `Unsupported`: no signal can be watched here, or no image be left for one of them.
pub fn watch(client: &Arc<Client>, mut wanted: Vec<Wanted>) -> Result<()> {
    let reached = client.environment.thread_id == 0 && client.environment.is_native();
    wanted.retain(|one| reached && one.is_something());
    let mut refused = Ok(());
    wanted.retain(|one| images::allowed(&one.options).map_err(|error| refused = Err(error)).is_ok());
    wanted.sort_by_key(|one| one.monitor);
    let mut watched = WATCHED.lock();
    let before = watched.len();
    watched.retain(|(other, _)| other.environment.id != client.environment.id);
    if wanted.is_empty() && watched.len() == before {
        return refused;
    }
    if !wanted.is_empty() {
        watched.push((client.clone(), wanted));
    }
    let all = watched.iter().flat_map(|(_, wanted)| wanted).fold(0, |all, one| all | one.signals);
    signals::watch(all, answer).map_err(|error| {
        Error::Unsupported(format!("the system gives no thread to watch signals on ({error})"))
    })?;
    refused
}

/// Its environment ends.
pub(super) fn forget(client: &Client) {
    let mut watched = WATCHED.lock();
    let gone: Vec<_> =
        watched.extract_if(.., |(other, _)| other.environment.id == client.environment.id).collect();
    if !gone.is_empty() {
        let all = watched.iter().flat_map(|(_, wanted)| wanted).fold(0, |all, one| all | one.signals);
        // It wants less than before, so it needs nothing.
        let _ = signals::watch(all, answer);
    }
    drop(watched);
    drop(gone);
}

/// The process is about to end by itself: a signal that is held back goes on.
pub fn leave(client: &Client) {
    let watched = WATCHED.lock().iter().any(|(other, _)| other.environment.id == client.environment.id);
    if watched {
        signals::let_go();
    }
}

/// Somebody listens to a signal, or no longer, and so its action may be another one.
pub fn look() {
    signals::look();
}

/// Orders the image. On the watch's thread.
fn answer(signal: c_int, ends: bool) -> Option<Held> {
    let until = Instant::now() + HELD;
    let (client, first, monitors) = {
        let watched = WATCHED.lock();
        let wants = |one: &&Wanted| one.signals & names::set(signal) != 0;
        let with_first = |(client, wanted): &(Arc<Client>, Vec<Wanted>)| {
            let first = wanted.iter().find(wants)?.clone();
            let monitors: Vec<_> = wanted.iter().filter(wants).map(|one| one.monitor).collect();
            Some((client.clone(), first, monitors))
        };
        watched.iter().filter_map(with_first).min_by_key(|(_, first, _)| first.monitor)?
    };
    let options = options(signal, ends, first.options);
    let order = running::on_signal(&client, options, &monitors)?;
    let id = order.id;
    dispatch::conduct(order, None);
    let late = move || {
        if let Some(place) = running::place(id) {
            say(&format!("heapwarden: {} is held back no longer; its image {place}", names::name(signal)));
        }
    };
    Some(Held { until, is_over: Box::new(move || !running::is_running(id)), late: Box::new(late) })
}

fn options(signal: c_int, ends: bool, snapshots: CaptureOptions) -> CaptureOptions {
    let most = HELD.as_secs_f64() * 1e3;
    CaptureOptions {
        form: WantedForm::Image,
        trigger: Some(names::name(signal).to_owned()),
        timeout_ms: Some(snapshots.timeout().min(TIMEOUT).as_secs_f64() * 1e3),
        // Nobody is kept from anything where a process stands still that ends anyway.
        max_pause_ms: if ends { snapshots.max_pause_ms.max(most) } else { snapshots.max_pause_ms },
        ..snapshots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_image_called_after_its_signal_and_soon() {
        let snapshots = CaptureOptions { level: Some(3), ..CaptureOptions::default() };
        let lives = options(libc::SIGTERM, false, snapshots.clone());
        assert_eq!((lives.form, lives.trigger(), lives.level), (WantedForm::Image, "SIGTERM", Some(3)));
        assert_eq!((lives.timeout(), lives.max_pause_ms), (TIMEOUT, snapshots.max_pause_ms));
        let short = CaptureOptions { timeout_ms: Some(2_000.0), ..snapshots };
        let ends = options(libc::SIGINT, true, short);
        assert_eq!((ends.timeout(), ends.max_pause_ms), (Duration::from_secs(2), 5_000.0));
    }
}
