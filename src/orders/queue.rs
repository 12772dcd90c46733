//! Who may capture, and when. Of the orders of callers and rules one at a time is carried out in a process, and a second
//! caller shares the first's result instead of stopping the service twice. The dump at a heap limit has a slot of its own in
//! each environment, because it cannot wait; and so has a synchronous capture, because its thread must not wait for a
//! capture that may need this very thread.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use super::client::Client;
#[cfg(target_os = "linux")]
use crate::capture::fork::terminate::Terminator;
use crate::capture::options::CaptureOptions;
use crate::capture::permit::Demand;
use crate::error::{Error, Result};
use crate::file::info::SnapshotInfo;
use crate::file::sink::unfinished;
use crate::file::turn::Turn;
use crate::thread::Event;

/// Who ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A call from JavaScript: runs at the next turn of the loop, so that calls of one tick share it.
    Caller,
    /// A rule: runs at the next stack guard, also while the loop is blocked.
    Rule,
    /// The heap limit: begins in the moment it is ordered, or not at all.
    Limit,
}

/// What may run beside what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// One in a process.
    Queue,
    /// One in an environment.
    Limit,
    /// Its caller stands still for it.
    Now,
}

/// One who waits for the result.
#[derive(Debug, Clone, Copy)]
struct Ticket {
    capture: u64,
    monitor: u64,
    /// A call from JavaScript waits, which ends with its monitor and its thread. A rule's and the heap limit's files are
    /// evidence: they stay wanted.
    caller: bool,
}

/// A snapshot to be taken in one environment.
pub struct Order {
    /// The first ticket's number.
    pub id: u64,
    /// Whose heap.
    pub client: Arc<Client>,
    /// How.
    pub options: CaptureOptions,
    /// Who.
    pub origin: Origin,
    /// When it must be done.
    pub deadline: Instant,
    /// Given up when nobody waits any more.
    pub demand: Arc<Demand>,
    /// Its folder's, if it has it already.
    pub turn: Option<Arc<Turn>>,
    tickets: Vec<Ticket>,
    since: Instant,
}

struct Running {
    id: u64,
    slot: Slot,
    client: Arc<Client>,
    options: CaptureOptions,
    demand: Arc<Demand>,
    tickets: Vec<Ticket>,
    place: String,
    /// Its conductor waits for JavaScript's thread.
    asks: bool,
    /// The child that takes it.
    #[cfg(target_os = "linux")]
    terminator: Option<Arc<Terminator>>,
}

impl Running {
    fn new(order: &mut Order, slot: Slot) -> Self {
        Self {
            id: order.id,
            slot,
            client: order.client.clone(),
            options: order.options.clone(),
            demand: order.demand.clone(),
            tickets: std::mem::take(&mut order.tickets),
            place: String::new(),
            asks: false,
            #[cfg(target_os = "linux")]
            terminator: None,
        }
    }

    /// Nobody waits any more. `true`: a child takes it, and who waited is told when that has ended.
    fn give_up(&self) -> bool {
        if !self.demand.give_up() {
            // Its file is getting its name.
            return true;
        }
        #[cfg(target_os = "linux")]
        if let Some(terminator) = &self.terminator {
            terminator.end();
            return true;
        }
        false
    }
}

#[derive(Default)]
struct Desk {
    running: Vec<Running>,
    queue: VecDeque<Order>,
    /// The last capture that ended well, and its file.
    last: Option<(u64, String)>,
    /// The last one that failed, and why.
    failed: Option<(u64, String)>,
}

static DESK: LazyLock<Mutex<Desk>> = LazyLock::new(Default::default);
static NEXT: AtomicU64 = AtomicU64::new(1);

/// After this long in the queue a caller's order is also offered to an interrupt: the loop is blocked.
const PATIENCE: Duration = Duration::from_secs(1);

/// Nobody calls V8 or waits while holding it.
fn desk() -> MutexGuard<'static, Desk> {
    DESK.lock()
}

/// Orders a snapshot of `environment`'s heap; the answer comes to its outbox as `Snapshot` or
/// `SnapshotFailed` with the number returned here. Never blocks.
pub fn submit(client: &Arc<Client>, options: CaptureOptions, origin: Origin, monitor: u64) -> u64 {
    let caller = origin == Origin::Caller;
    let ticket = Ticket { capture: NEXT.fetch_add(1, Ordering::Relaxed), monitor, caller };
    {
        let mut desk = desk();
        let fits = |other: &Arc<Client>, others: &CaptureOptions| {
            other.id() == client.id() && others.can_share(&options)
        };
        let shared = desk.running.iter_mut().find(|running| {
            running.slot != Slot::Now
                && fits(&running.client, &running.options)
                && !running.demand.is_given_up()
        });
        if let Some(running) = shared {
            running.tickets.push(ticket);
            return ticket.capture;
        }
        if let Some(order) = desk.queue.iter_mut().find(|order| fits(&order.client, &order.options)) {
            order.tickets.push(ticket);
            if origin == Origin::Rule {
                order.origin = origin;
            }
        } else if !client.environment.has_ended() {
            desk.queue.push_back(Order::new(ticket, client, options, origin));
        }
    }
    call_next(false);
    ticket.capture
}

/// Wakes the environment whose order is next. `impatient`: also by interrupt if it has waited long.
pub fn call_next(impatient: bool) {
    let next = {
        let mut desk = desk();
        if desk.is_busy() {
            return;
        }
        let Some(order) = desk.queue.front() else { return };
        #[cfg(target_os = "linux")]
        if super::by_fork::applies(&order.client, order.options.mode) {
            if let Some(order) = desk.run_front() {
                drop(desk);
                super::by_fork::start(order);
            }
            return;
        }
        let urgent = order.origin != Origin::Caller || (impatient && order.since.elapsed() > PATIENCE);
        (order.client.clone(), urgent)
    };
    next.0.environment.wake();
    if next.1 {
        next.0.environment.interrupt();
    }
}

/// The next order, if it is this environment's and may run from here. It then counts as running until
/// [`complete`].
pub fn take(environment: u64, from_interrupt: bool) -> Option<Order> {
    let mut desk = desk();
    if desk.is_busy() {
        return None;
    }
    let front = desk.queue.front()?;
    // Its thread has nothing to do with it but to fork: `call_next` gives it to a conductor.
    #[cfg(target_os = "linux")]
    if super::by_fork::applies(&front.client, front.options.mode) {
        return None;
    }
    let allowed = !from_interrupt || front.origin != Origin::Caller || front.since.elapsed() > PATIENCE;
    if front.client.id() != environment || !allowed {
        return None;
    }
    desk.run_front()
}

impl Order {
    fn new(ticket: Ticket, client: &Arc<Client>, options: CaptureOptions, origin: Origin) -> Self {
        let since = Instant::now();
        Self {
            id: ticket.capture,
            client: client.clone(),
            deadline: since + options.timeout(),
            options,
            origin,
            demand: Arc::default(),
            turn: None,
            tickets: vec![ticket],
            since,
        }
    }
}

impl Desk {
    /// Whether the queue's slot is taken.
    fn is_busy(&self) -> bool {
        self.running.iter().any(|running| running.slot == Slot::Queue)
    }

    /// The first in the queue runs from now on.
    fn run_front(&mut self) -> Option<Order> {
        let mut order = self.queue.pop_front()?;
        self.running.push(Running::new(&mut order, Slot::Queue));
        Some(order)
    }

    fn running(&mut self, id: u64) -> Option<&mut Running> {
        self.running.iter_mut().find(|running| running.id == id)
    }

    /// Those that only callers of this environment wait for.
    fn end_children(&self, environment: u64) {
        #[cfg(target_os = "linux")]
        for running in self.running.iter().filter(|running| running.client.id() == environment) {
            if running.terminator.is_some() && running.tickets.iter().all(|ticket| ticket.caller) {
                running.give_up();
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = environment;
    }

    fn remove(&mut self, id: u64) -> Option<Running> {
        let at = self.running.iter().position(|running| running.id == id)?;
        Some(self.running.swap_remove(at))
    }
}

/// A running order is the next again, to be taken as its options say now: it could not be forked, or it has waited for
/// its turn.
pub fn put_back(mut order: Order) {
    // It may wait long for its thread, and others are not to wait as long for the folder.
    order.turn = None;
    {
        let mut desk = desk();
        let Some(running) = desk.remove(order.id) else { return };
        order.tickets = running.tickets;
        // Under the lock under which `forget` looks: one that ends now has been seen or sees it. Nobody is left to be told.
        if !order.client.environment.has_ended() {
            desk.queue.push_front(order);
        }
    }
    call_next(true);
}

/// An order for the calling thread, which runs from now on whatever else does: waiting could be waiting for itself.
pub fn now(client: &Arc<Client>, options: CaptureOptions) -> Order {
    let ticket = Ticket { capture: NEXT.fetch_add(1, Ordering::Relaxed), monitor: 0, caller: true };
    let mut order = Order::new(ticket, client, options, Origin::Caller);
    // Its caller gets what it gives, and nobody else.
    order.tickets.clear();
    desk().running.push(Running::new(&mut order, Slot::Now));
    order
}

/// An order of the heap limit, which runs from now on; `None` if this environment's last one still does. Never waits.
pub fn at_limit(client: &Arc<Client>, options: CaptureOptions, monitor: u64) -> Option<Order> {
    let ticket = Ticket { capture: NEXT.fetch_add(1, Ordering::Relaxed), monitor, caller: false };
    let mut order = Order::new(ticket, client, options, Origin::Limit);
    let mut desk = desk();
    let taken = |running: &Running| running.slot == Slot::Limit && running.client.id() == client.id();
    if desk.running.iter().any(taken) {
        return None;
    }
    desk.running.push(Running::new(&mut order, Slot::Limit));
    Some(order)
}

/// A capture of this environment whose heap a child has, if there is one.
pub fn forked_of(environment: u64) -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let desk = desk();
        let has = |running: &&Running| running.client.id() == environment && running.terminator.is_some();
        desk.running.iter().filter(has).map(|running| running.id).max()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = environment;
        None
    }
}

/// A child takes `id` from now on.
#[cfg(target_os = "linux")]
pub fn set_terminator(id: u64, terminator: &Arc<Terminator>) {
    if let Some(running) = desk().running(id) {
        if running.demand.is_given_up() {
            terminator.end();
        }
        running.terminator = Some(terminator.clone());
    }
}

/// Whether this capture still runs.
pub fn is_running(id: u64) -> bool {
    desk().running(id).is_some()
}

/// Whether this capture still runs and does not need JavaScript's thread, which may wait for it then.
pub fn may_be_waited_for(id: u64) -> bool {
    desk().running(id).is_some_and(|running| !running.asks)
}

/// Its conductor waits for JavaScript's thread, or does not any more.
#[cfg(target_os = "linux")]
pub fn asks_thread(id: u64, asks: bool) {
    if let Some(running) = desk().running(id) {
        running.asks = asks;
    }
}

/// In words: where the capture `id`, which runs or was the last to end well, leaves its file.
pub fn place(id: u64) -> Option<String> {
    let mut desk = desk();
    if let Some(running) = desk.running(id) {
        return Some(under_way(&running.place));
    }
    desk.last.as_ref().filter(|(last, _)| *last == id).map(|(_, place)| format!("is in {place}"))
}

/// In words: why the capture `id` has left none.
pub fn failure(id: u64) -> String {
    let desk = desk();
    let failed = desk.failed.as_ref().filter(|(last, _)| *last == id);
    failed.map_or_else(|| "failed".to_owned(), |(_, why)| format!("failed: {why}"))
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
    if let Some(running) = desk().running(id) {
        running.place = place;
    }
}

/// Tells everybody who waits for `id`, and lets the next one in. A second call for the same id does nothing.
pub fn complete(id: u64, result: &Result<SnapshotInfo>) {
    let running = {
        let mut desk = desk();
        let running = desk.remove(id);
        if let (Some(_), Ok(info)) = (&running, result) {
            desk.last = Some((id, info.path.display().to_string()));
        }
        if let (Some(_), Err(error)) = (&running, result) {
            desk.failed = Some((id, error.to_string()));
        }
        running
    };
    let Some(running) = running else { return };
    // First of all: the answer wakes a thread that would look for the next one itself.
    call_next(false);
    answer(&running.client, &running.tickets, result, running.options.trigger());
}

fn answer(client: &Client, tickets: &[Ticket], result: &Result<SnapshotInfo>, trigger: &str) {
    for (index, Ticket { capture, monitor, .. }) in tickets.iter().copied().enumerate() {
        client.environment.outbox.push(match result {
            Ok(info) => Event::Snapshot { monitor, capture, shared: index > 0, info: Box::new(info.clone()) },
            Err(error) => Event::failed(monitor, capture, error, trigger),
        });
    }
    client.environment.wake();
}

/// Tells those who wait for the running capture how far it is.
pub fn progress(id: u64, phase: &'static str, done: u64, total: u64) {
    let mut desk = desk();
    let Some(running) = desk.running(id) else { return };
    for Ticket { capture, monitor, .. } in running.tickets.iter().copied() {
        running.client.environment.outbox.push(Event::Progress { monitor, capture, phase, done, total });
    }
    running.client.environment.wake();
}

/// Warns the monitors that wait for the running capture.
pub fn warn(id: u64, error: &Error) {
    let mut desk = desk();
    let Some(running) = desk.running(id) else { return };
    for Ticket { monitor, .. } in running.tickets.iter().copied() {
        running.client.environment.outbox.push(Event::warning(monitor, error));
    }
    running.client.environment.wake();
}

/// One who waits does so no longer; the capture itself ends when nobody waits for it, and the last one is told when it has:
/// a child that is at work would otherwise outlive the answer.
pub fn cancel(capture: u64) {
    cancel_those(&|ticket| ticket.capture == capture);
}

/// The same for all calls that wait for a monitor.
pub fn cancel_monitor(monitor: u64) {
    cancel_those(&|ticket| ticket.caller && ticket.monitor == monitor);
}

fn cancel_those(which: &dyn Fn(&Ticket) -> bool) {
    let aborted = Err(Error::Aborted("the snapshot was aborted by its caller".into()));
    let mut desk = desk();
    for running in &mut desk.running {
        if !running.tickets.iter().any(which) || (running.tickets.iter().all(which) && running.give_up()) {
            continue;
        }
        let (gone, left) = std::mem::take(&mut running.tickets).into_iter().partition::<Vec<_>, _>(which);
        running.tickets = left;
        answer(&running.client, &gone, &aborted, running.options.trigger());
    }
    desk.queue.retain_mut(|order| {
        let (gone, left) = std::mem::take(&mut order.tickets).into_iter().partition::<Vec<_>, _>(which);
        order.tickets = left;
        if !gone.is_empty() {
            answer(&order.client, &gone, &aborted, order.options.trigger());
        }
        !order.tickets.is_empty()
    });
    drop(desk);
    // The one behind may be the next now.
    call_next(false);
}

/// The process is about to end, and Node runs no cleanup hook of its main thread's then. Or a worker thread is.
pub fn leave(client: &Client) {
    desk().end_children(client.id());
    if client.environment.thread_id == 0 {
        unfinished::leave();
    }
}

/// The environment ends: its orders go, and a capture that needs its JavaScript is given up. A child that only callers
/// waited for ends too; one that a rule or the heap limit ordered finishes, alone if need be, and so does one whose bytes are
/// already with the writer.
pub fn forget(environment: u64) {
    let fed = {
        let mut desk = desk();
        desk.queue.retain(|order| order.client.id() != environment);
        desk.end_children(environment);
        let ours = desk.running.iter().filter(|running| running.client.id() == environment);
        ours.map(|running| running.id).collect::<Vec<_>>()
    };
    for id in fed {
        super::inline::give_up(id);
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
