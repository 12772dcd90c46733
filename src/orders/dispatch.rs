//! Takes orders, has the next one carried out, and tells who waited how it ended.

use std::sync::Arc;
use std::time::Instant;

#[cfg(target_os = "linux")]
use super::by_fork::Forked;
use super::client::{Client, Order};
#[cfg(target_os = "linux")]
use super::ladder::{self, Conducted};
#[cfg(target_os = "linux")]
use super::objects;
use super::order::{Left, Origin, Ticket};
use super::queue::{Answer, Next, Queue};
use super::running;
use super::{answers, folder_turn, inline, portable, reports, standstill};
#[cfg(target_os = "linux")]
use crate::capture::budget;
use crate::capture::options::CaptureOptions;
use crate::capture::permit::Permit;
use crate::capture::spare;
use crate::error::{Error, Result};
#[cfg(target_os = "linux")]
use crate::file::info::Form;
use crate::file::info::SnapshotInfo;
use crate::file::sink::unfinished;
use crate::file::turn::Turn;
#[cfg(target_os = "linux")]
use crate::signals;
use crate::stderr::say;
use crate::thread::Moment;

/// Orders a snapshot of `client`'s heap; the answer comes to its outbox as `Snapshot` or `SnapshotFailed` with the number
/// returned here. Never blocks.
pub fn submit(client: &Arc<Client>, options: CaptureOptions, origin: Origin, monitor: u64) -> u64 {
    // A call from its own thread, which may sit in native code when its turn comes: `by_signal` has to know of collections.
    client.environment.watch_collections_from_here();
    let (number, is_queued) = running::queue().submit(client, options, origin, monitor, Instant::now());
    if is_queued {
        call_next(false);
    }
    number
}

/// Has the next order begun: by a conductor, or by the thread whose heap it is. `impatient`: that thread also hears of it by
/// interrupt if the order has waited long.
pub fn call_next(impatient: bool) {
    let next = running::queue().next(impatient, Instant::now());
    match next {
        #[cfg(target_os = "linux")]
        Next::ByFork(order) => conduct(*order, None),
        Next::Wake { owner, urgent } => {
            owner.environment.wake();
            if urgent {
                owner.environment.interrupt();
            }
        }
        Next::Nothing => {}
    }
}

/// Takes the client's next order inline, if it has one and may run it from here. On its thread.
pub fn run_next(client: &Arc<Client>, at: Moment) {
    let environment = &client.environment;
    // JavaScript must be able to run for the portable path: only from the loop.
    if at == Moment::StackGuard && !environment.is_native() {
        return;
    }
    let order = running::queue().take(environment.id, at == Moment::StackGuard, Instant::now());
    let Some(mut order) = order else { return };
    let id = order.id;
    let heap_used = environment.figures.read().heap.heap_used;
    if !environment.is_native()
        && let Err(error) = standstill::allow(&order, heap_used, &standstill::no_fork())
    {
        return complete(id, &Err(error));
    }
    if order.turn.is_none() {
        order.turn = folder_turn::ask(&order.options);
        if order.turn.is_none() {
            // This thread has better things to do.
            return wait_for_folder(order);
        }
    }
    if let Err(error) = begin_inline(order) {
        complete(id, &Err(error));
    }
}

/// Begins a capture on this, its client's, thread; what follows it is done when its file has its name.
///
/// # Errors
/// It has not begun, and nobody was told.
pub(super) fn begin_inline(order: Order) -> Result<()> {
    let id = order.id;
    let wanted =
        order.options.report.then(|| (order.owner.clone(), order.options.clone(), order.demand.clone()));
    inline::begin(order, move |result: Result<SnapshotInfo>, turn: Option<Arc<Turn>>| {
        drop(turn);
        let left = match (result, wanted) {
            (Ok(info), Some((client, options, demand))) => {
                running::reads(id);
                reports::of_file(&client, info, &options, &demand)
            }
            (result, _) => result.map(Left::from),
        };
        complete(id, &left);
    })
}

/// Has `order`, which counts as running, conducted: on a thread of its own, or where there is none to be had on the spare one. `first`: it was forked already.
#[cfg(target_os = "linux")]
pub(super) fn conduct(order: Order, first: Option<Forked>) {
    let id = order.id;
    let thread = spare::start("heapwarden-fork", move || {
        signals::be_ordinary();
        let work = std::panic::AssertUnwindSafe(|| conduct_here(order, first));
        if std::panic::catch_unwind(work).is_err() {
            complete(id, &Err(Error::CaptureFailed("the conductor of a snapshot panicked".into())));
        }
    });
    if let Err(error) = thread {
        complete(id, &Err(budget::no_thread("to conduct with", &error)));
    }
}

#[cfg(target_os = "linux")]
fn conduct_here(mut order: Order, first: Option<Forked>) {
    match ladder::conduct(&mut order, first) {
        Conducted::Complete(result) => {
            complete(order.id, &result);
            let options = std::mem::take(&mut order.options);
            // What follows takes a while: the folder is another's by then, and the environment may end.
            drop(order);
            let left = result.ok();
            if let Some(image) = left.as_ref().and_then(Left::file).filter(|info| info.form == Form::Image) {
                objects::keep_beside(&image.path, &options);
            }
        }
        Conducted::NowInline => put_back(order),
    }
}

/// Waits for other processes on a thread of its own, and then lets the order be taken on its client's thread.
fn wait_for_folder(mut order: Order) {
    let id = order.id;
    let thread = spare::start("heapwarden-turn", move || {
        let permit = Permit::new(order.demand.clone(), order.deadline);
        match folder_turn::wait(&order.options, &permit) {
            Ok(turn) => {
                order.turn = Some(turn);
                put_back(order);
            }
            Err(error) => complete(order.id, &Err(error)),
        }
    });
    if let Err(error) = thread {
        let busy = folder_turn::busy();
        let error = Error::CaptureFailed(format!("{busy}, and there is no thread to wait on: {error}"));
        complete(id, &Err(error));
    }
}

/// A running order is the next again, to be taken as its options say now: it could not be forked, or it has waited for
/// its turn.
fn put_back(mut order: Order) {
    // It may wait long for its thread, and others are not to wait as long for the folder.
    order.turn = None;
    // It may be what its thread needs to write with.
    spare::over();
    let left = running::queue().put_back(order);
    call_next(true);
    drop(left);
}

/// Tells everybody who waits for `id`, and lets the next one in. A second call for the same id does nothing.
pub(super) fn complete(id: u64, result: &Result<Left>) {
    let signal = running::queue().signal_of(id);
    if let Some(signal) = signal {
        // Before it counts as over, when the signal goes on: the process may not live to tell its listeners.
        match result {
            Ok(left) => left.file().is_some_and(|info| {
                say(&format!("heapwarden: {signal}; its image is {}", info.path.display()))
            }),
            Err(error) => say(&format!("heapwarden: {signal}; there is no image of it: {error}")),
        };
    }
    // It may conduct the next one, which may come as soon as this one is over.
    spare::over();
    let ended = running::queue().complete(id, result);
    let Some(ended) = ended else { return };
    // First of all: the answer wakes a thread that would look for the next one itself.
    call_next(false);
    answer(&ended.owner, ended.tickets(), result, &ended.options);
}

fn answer(
    owner: &Client,
    tickets: impl Iterator<Item = Ticket>,
    result: &Result<Left>,
    options: &CaptureOptions,
) {
    for (index, ticket) in tickets.enumerate() {
        for event in answers::events(ticket, index > 0, result, options) {
            owner.environment.outbox.push(event);
        }
    }
    owner.environment.wake();
}

/// One who waits does so no longer: see [`Queue::cancel`].
pub fn cancel(capture: u64) {
    tell_those(|queue| queue.cancel(capture));
}

/// The same for all calls that wait for a monitor.
pub fn cancel_monitor(monitor: u64) {
    tell_those(|queue| queue.cancel_monitor(monitor));
}

fn tell_those(cancelled: impl FnOnce(&mut Queue<Client>) -> Vec<Answer<Client>>) {
    let aborted = Err(Error::Aborted("the snapshot was aborted by its caller".into()));
    let mut queue = running::queue();
    // Under the lock: who is answered hears nothing of its progress after that.
    let answers = cancelled(&mut queue);
    for one in &answers {
        answer(&one.owner, one.tickets.iter().copied(), &aborted, &one.options);
    }
    drop(queue);
    drop(answers);
    // The one behind may be the next now.
    call_next(false);
}

/// The process is about to end, and Node runs no cleanup hook of its main thread's then. Or a worker thread is.
pub fn leave(client: &Client) {
    running::queue().end_children(client.environment.id);
    if client.environment.thread_id == 0 {
        unfinished::leave();
    }
}

/// The client's environment ends: see [`Queue::forget`].
pub(super) fn forget(client: &Client) {
    let (running, gone) = running::queue().forget(client.environment.id);
    drop(gone);
    for id in running {
        portable::give_up(id);
    }
    call_next(false);
}
