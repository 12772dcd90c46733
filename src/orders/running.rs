//! The queue of this process, and what is noted on it of a capture that runs. Who conducts one sees this, and not who
//! dispatches: so a capture ends by returning, and calls nobody above it.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use parking_lot::{Mutex, MutexGuard};

use super::client::{Client, Order};
use super::queue::Queue;
#[cfg(target_os = "linux")]
use crate::capture::fork::terminate::Terminator;
use crate::capture::options::CaptureOptions;
use crate::error::Error;
use crate::thread::Event;

static QUEUE: LazyLock<Mutex<Queue<Client>>> = LazyLock::new(Default::default);

/// Nobody calls V8 or waits while holding it.
pub(super) fn queue() -> MutexGuard<'static, Queue<Client>> {
    QUEUE.lock()
}

/// An order for the calling thread, which runs from now on: see [`Queue::at_once`].
pub fn at_once(client: &Arc<Client>, options: CaptureOptions) -> Order {
    queue().at_once(client, options, Instant::now())
}

/// An order of the heap limit, which runs from now on; `None` if this client's last one still does. Never waits.
pub fn at_limit(client: &Arc<Client>, options: CaptureOptions, monitor: u64) -> Option<Order> {
    queue().at_limit(client, options, monitor, Instant::now())
}

/// An order of a signal, which runs from now on; `None` if this client's last one still does. Never waits.
#[cfg(target_os = "linux")]
pub fn on_signal(client: &Arc<Client>, options: CaptureOptions, monitors: &[u64]) -> Option<Order> {
    queue().on_signal(client, options, monitors, Instant::now())
}

/// A capture of this client whose heap a child has, if there is one.
pub fn forked_of(client: &Client) -> Option<u64> {
    queue().forked_of(client.environment.id)
}

/// A child takes `id` from now on.
#[cfg(target_os = "linux")]
pub fn set_terminator(id: u64, terminator: &Arc<Terminator>) {
    if let Some(running) = queue().running(id) {
        running.set_terminator(terminator);
    }
}

/// Whether this capture still runs.
pub fn is_running(id: u64) -> bool {
    queue().running(id).is_some()
}

/// Whether this capture still runs and does not need JavaScript's thread, which may wait for it then.
pub fn may_be_waited_for(id: u64) -> bool {
    queue().running(id).is_some_and(|running| !running.asks)
}

/// Its conductor waits for JavaScript's thread, or does not any more.
#[cfg(target_os = "linux")]
pub fn asks_thread(id: u64, asks: bool) {
    if let Some(running) = queue().running(id) {
        running.asks = asks;
    }
}

/// In words: see [`Queue::place`].
pub fn place(id: u64) -> Option<String> {
    queue().place(id)
}

/// In words: see [`Queue::failure`].
pub fn failure(id: u64) -> String {
    queue().failure(id)
}

/// Notes where its file is being written.
pub fn set_place(id: u64, place: String) {
    if let Some(running) = queue().running(id) {
        running.place = place;
    }
}

/// What it has written is being read.
pub fn reads(id: u64) {
    progress(id, "analyze", 0, 0);
}

/// Tells those who wait for the running capture how far it is.
pub fn progress(id: u64, phase: &'static str, done: u64, total: u64) {
    tell(id, |monitor, capture| Event::Progress { monitor, capture, phase, done, total });
}

/// Warns the monitors that wait for the running capture.
pub fn warn(id: u64, error: &Error) {
    tell(id, |monitor, _| Event::warning(monitor, error));
}

/// Under the lock: who is answered meanwhile hears nothing more after the answer.
fn tell(id: u64, event: impl Fn(u64, u64) -> Event) {
    let mut queue = queue();
    let Some(running) = queue.running(id) else { return };
    for ticket in running.tickets() {
        running.owner.environment.outbox.push(event(ticket.monitor, ticket.capture));
    }
    running.owner.environment.wake();
}
