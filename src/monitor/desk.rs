//! Who may capture, and when: one capture at a time in a process, and a second caller shares the first's
//! result instead of stopping the service twice.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::environment::Environment;
use super::outbox::Event;
use crate::capture::info::SnapshotInfo;
use crate::capture::options::{CaptureOptions, WantedMode};
use crate::error::{Error, Result};

/// Who ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A call from JavaScript: runs at the next turn of the loop, so that calls of one tick share it.
    Caller,
    /// A rule: runs at the next stack guard, also while the loop is blocked.
    Rule,
}

/// One who waits for the result.
#[derive(Debug, Clone, Copy)]
struct Ticket {
    capture: u64,
    monitor: u64,
}

/// A snapshot to be taken in one environment.
pub struct Order {
    /// The first ticket's number.
    pub id: u64,
    /// Whose heap.
    pub environment: Arc<Environment>,
    /// How.
    pub options: CaptureOptions,
    /// Who.
    pub origin: Origin,
    /// When it must be done.
    pub deadline: Instant,
    /// Set when nobody waits any more.
    pub cancelled: Arc<AtomicBool>,
    tickets: Vec<Ticket>,
    since: Instant,
}

struct Running {
    id: u64,
    environment: Arc<Environment>,
    options: CaptureOptions,
    cancelled: Arc<AtomicBool>,
    tickets: Vec<Ticket>,
    place: String,
}

#[derive(Default)]
struct Desk {
    running: Option<Running>,
    queue: VecDeque<Order>,
    /// The last capture that ended well, and its file.
    last: Option<(u64, String)>,
}

static DESK: LazyLock<(Mutex<Desk>, Condvar)> = LazyLock::new(Default::default);
static NEXT: AtomicU64 = AtomicU64::new(1);

/// After this long in the queue a caller's order is also offered to an interrupt: the loop is blocked.
const PATIENCE: Duration = Duration::from_secs(1);

/// Orders a snapshot of `environment`'s heap; the answer comes to its outbox as `Snapshot` or
/// `SnapshotFailed` with the number returned here. Never blocks.
pub fn submit(environment: &Arc<Environment>, options: CaptureOptions, origin: Origin, monitor: u64) -> u64 {
    let ticket = Ticket { capture: NEXT.fetch_add(1, Ordering::Relaxed), monitor };
    {
        let mut desk = DESK.0.lock();
        let fits = |other: &Arc<Environment>, others: &CaptureOptions| {
            other.id == environment.id && others.can_share(&options)
        };
        if let Some(running) = &mut desk.running
            && fits(&running.environment, &running.options)
            && !running.cancelled.load(Ordering::Acquire)
        {
            running.tickets.push(ticket);
            return ticket.capture;
        }
        if let Some(order) = desk.queue.iter_mut().find(|order| fits(&order.environment, &order.options)) {
            order.tickets.push(ticket);
            if origin == Origin::Rule {
                order.origin = origin;
            }
        } else {
            let since = Instant::now();
            desk.queue.push_back(Order {
                id: ticket.capture,
                environment: environment.clone(),
                deadline: since + options.timeout(),
                options,
                origin,
                cancelled: Arc::default(),
                tickets: vec![ticket],
                since,
            });
        }
    }
    call_next(false);
    ticket.capture
}

/// Wakes the environment whose order is next. `impatient`: also by interrupt if it has waited long.
pub fn call_next(impatient: bool) {
    let next = {
        let mut desk = DESK.0.lock();
        if desk.running.is_some() {
            return;
        }
        let Some(order) = desk.queue.front() else { return };
        #[cfg(target_os = "linux")]
        if super::forked::applies(&order.environment, order.options.mode) {
            if let Some(order) = desk.run_front() {
                drop(desk);
                super::forked::start(order);
            }
            return;
        }
        let urgent = order.origin == Origin::Rule || (impatient && order.since.elapsed() > PATIENCE);
        (order.environment.clone(), urgent)
    };
    next.0.ring();
    if next.1 {
        next.0.interrupt();
    }
}

/// The next order, if it is this environment's and may run from here. It then counts as running until
/// [`complete`].
pub fn take(environment: u64, from_interrupt: bool) -> Option<Order> {
    let mut desk = DESK.0.lock();
    if desk.running.is_some() {
        return None;
    }
    let front = desk.queue.front()?;
    let allowed = !from_interrupt || front.origin == Origin::Rule || front.since.elapsed() > PATIENCE;
    if front.environment.id != environment || !allowed {
        return None;
    }
    desk.run_front()
}

impl Desk {
    /// The first in the queue runs from now on.
    fn run_front(&mut self) -> Option<Order> {
        let mut order = self.queue.pop_front()?;
        self.running = Some(Running {
            id: order.id,
            environment: order.environment.clone(),
            options: order.options.clone(),
            cancelled: order.cancelled.clone(),
            tickets: std::mem::take(&mut order.tickets),
            place: String::new(),
        });
        Some(order)
    }
}

/// A running order could not be carried out by fork: it is the next again, to be taken in its own thread.
pub fn downgrade(mut order: Order) {
    {
        let mut desk = DESK.0.lock();
        let Some(running) = desk.running.take_if(|running| running.id == order.id) else { return };
        order.options.mode = WantedMode::Inline;
        order.tickets = running.tickets;
        desk.queue.push_front(order);
    }
    call_next(true);
}

/// Makes room for a capture on the calling thread and marks it as running; waits for one that is being
/// finished elsewhere.
///
/// # Errors
/// `CaptureFailed` if this environment's own asynchronous capture is unfinished (waiting for it here would
/// wait for ever), `Timeout` if another does not end.
pub fn reserve(environment: &Arc<Environment>, options: &CaptureOptions) -> Result<Order> {
    let since = Instant::now();
    let deadline = since + options.timeout();
    let mut desk = DESK.0.lock();
    while let Some(running) = &desk.running {
        if running.environment.id == environment.id && !environment.is_native() {
            return Err(Error::CaptureFailed("another snapshot of this thread is being taken".into()));
        }
        if DESK.1.wait_until(&mut desk, deadline).timed_out() {
            return Err(Error::Timeout("another snapshot of this process did not end in time".into()));
        }
    }
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let cancelled = Arc::<AtomicBool>::default();
    desk.running = Some(Running {
        id,
        environment: environment.clone(),
        options: options.clone(),
        cancelled: cancelled.clone(),
        tickets: Vec::new(),
        place: String::new(),
    });
    Ok(Order {
        id,
        environment: environment.clone(),
        options: options.clone(),
        origin: Origin::Caller,
        deadline,
        cancelled,
        tickets: Vec::new(),
        since,
    })
}

/// Makes room for a capture that must begin now, with one ticket; `None` if another runs. Never waits.
pub fn try_reserve(environment: &Arc<Environment>, options: CaptureOptions, monitor: u64) -> Option<Order> {
    let mut desk = DESK.0.try_lock()?;
    if desk.running.is_some() {
        return None;
    }
    let (since, id) = (Instant::now(), NEXT.fetch_add(1, Ordering::Relaxed));
    desk.queue.push_front(Order {
        id,
        environment: environment.clone(),
        deadline: since + options.timeout(),
        options,
        origin: Origin::Rule,
        cancelled: Arc::default(),
        tickets: vec![Ticket { capture: id, monitor }],
        since,
    });
    desk.run_front()
}

/// The capture of this environment that runs, if one does.
pub fn running_of(environment: u64) -> Option<u64> {
    let desk = DESK.0.lock();
    desk.running.as_ref().filter(|running| running.environment.id == environment).map(|running| running.id)
}

/// Whether this capture still runs.
pub fn is_running(id: u64) -> bool {
    DESK.0.lock().running.as_ref().is_some_and(|running| running.id == id)
}

/// In words: where the capture `id`, which runs or was the last to end well, leaves its file.
pub fn place(id: u64) -> Option<String> {
    let desk = DESK.0.lock();
    let running = desk.running.as_ref().filter(|running| running.id == id);
    let ended =
        || desk.last.as_ref().filter(|(last, _)| *last == id).map(|(_, place)| format!("is in {place}"));
    running.map(|running| under_way(&running.place)).or_else(ended)
}

/// A capture that waits for memory, disk or its child has no place yet.
fn under_way(place: &str) -> String {
    if place.is_empty() {
        "has been begun, and has no file yet".to_owned()
    } else {
        format!("is being written to {place}")
    }
}

/// Notes that place.
pub fn set_place(id: u64, place: String) {
    if let Some(running) = DESK.0.lock().running.as_mut().filter(|running| running.id == id) {
        running.place = place;
    }
}

/// Tells everybody who waits for `id`, and lets the next one in. A second call for the same id does nothing.
pub fn complete(id: u64, result: &Result<SnapshotInfo>) {
    let running = {
        let mut desk = DESK.0.lock();
        match &desk.running {
            Some(running) if running.id == id => {
                if let Ok(info) = result {
                    desk.last = Some((id, info.path.display().to_string()));
                }
                desk.running.take()
            }
            _ => None,
        }
    };
    DESK.1.notify_all();
    let Some(running) = running else { return };
    answer(&running.environment, &running.tickets, result, running.options.trigger());
    call_next(false);
}

fn answer(environment: &Environment, tickets: &[Ticket], result: &Result<SnapshotInfo>, trigger: &str) {
    for (index, Ticket { capture, monitor }) in tickets.iter().copied().enumerate() {
        environment.outbox.push(match result {
            Ok(info) => Event::Snapshot { monitor, capture, shared: index > 0, info: Box::new(info.clone()) },
            Err(error) => Event::failed(monitor, capture, error, trigger),
        });
    }
    environment.ring();
}

/// Tells those who wait for the running capture how far it is.
pub fn progress(id: u64, phase: &'static str, done: u64, total: u64) {
    let desk = DESK.0.lock();
    if let Some(running) = desk.running.as_ref().filter(|running| running.id == id) {
        for Ticket { capture, monitor } in running.tickets.iter().copied() {
            running.environment.outbox.push(Event::Progress { monitor, capture, phase, done, total });
        }
        running.environment.ring();
    }
}

/// One who waits does so no longer; the capture itself ends when nobody waits for it.
pub fn cancel(capture: u64) {
    let aborted = Err(Error::Aborted("the snapshot was aborted by its caller".into()));
    let mut desk = DESK.0.lock();
    if let Some(running) = &mut desk.running
        && let Some(index) = running.tickets.iter().position(|ticket| ticket.capture == capture)
    {
        let ticket = running.tickets.remove(index);
        if running.tickets.is_empty() {
            running.cancelled.store(true, Ordering::Release);
        }
        answer(&running.environment, &[ticket], &aborted, running.options.trigger());
        return;
    }
    for index in 0..desk.queue.len() {
        let order = &mut desk.queue[index];
        let Some(at) = order.tickets.iter().position(|ticket| ticket.capture == capture) else { continue };
        let ticket = order.tickets.remove(at);
        answer(&order.environment, &[ticket], &aborted, order.options.trigger());
        if order.tickets.is_empty() {
            desk.queue.remove(index);
        }
        return;
    }
}

/// The environment ends: its orders go, and a capture that needs its JavaScript is given up. One whose bytes
/// are already with the writer finishes.
pub fn forget(environment: u64) {
    let given_up = {
        let mut desk = DESK.0.lock();
        desk.queue.retain(|order| order.environment.id != environment);
        match &desk.running {
            Some(running) if running.environment.id == environment => Some(running.id),
            _ => None,
        }
    };
    if let Some(id) = given_up {
        super::run::give_up(id);
    }
    call_next(false);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_not_known_is_not_printed() {
        assert_eq!(under_way("/d/x by process 7"), "is being written to /d/x by process 7");
        assert_eq!(under_way(""), "has been begun, and has no file yet");
    }
}
