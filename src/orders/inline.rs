//! Carries out an order on the environment's thread.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

use super::client::Client;
use super::queue::{self, Order, Origin};
use super::{folder_turn, paused, snapshot_file};
use crate::capture::budget::Heap;
use crate::capture::options::{CaptureOptions, INLINE_TIMEOUT, WantedMode};
use crate::capture::permit::Permit;
use crate::capture::pipe::{self, Feed};
use crate::capture::{budget, inline};
use crate::clock;
use crate::error::{Error, Result};
use crate::file::info::{Finish, Mode, SnapshotInfo};
use crate::file::sink::Sink;
use crate::thread::{Event, Moment};
use crate::units::print_bytes;

/// What JavaScript feeds on the portable path, by capture. More than one entry only if orders overlap by the
/// end of an environment.
static FED: LazyLock<Mutex<HashMap<u64, Fed>>> = LazyLock::new(Default::default);

struct Fed {
    feed: Feed,
    began: f64,
}

/// Runs the environment's next order, if it has one and may run it from here.
pub fn orders(client: &Arc<Client>, at: Moment) {
    let environment = &client.environment;
    // JavaScript must be able to run for the portable path: only from the loop.
    if at == Moment::StackGuard && !environment.is_native() {
        return;
    }
    let Some(mut order) = queue::take(environment.id, at == Moment::StackGuard) else { return };
    let id = order.id;
    let heap_used = environment.figures.read().heap.heap_used;
    if !environment.is_native()
        && let Err(error) = may_stand_still(&order, heap_used, &no_fork())
    {
        return queue::complete(id, &Err(error));
    }
    if order.turn.is_none() {
        order.turn = folder_turn::ask(&order.options);
        if order.turn.is_none() {
            // This thread has better things to do.
            return folder_turn::later(order);
        }
    }
    if let Err(error) = begin(order, |_| {}) {
        queue::complete(id, &Err(error));
    }
}

fn no_fork() -> Error {
    Error::Unsupported("a snapshot by fork needs V8's own interface, which is not reached here".into())
}

/// Bytes of heap up to which a rule's snapshot is taken inline where forking is not possible at all: JavaScript stands
/// still for a third of a second to three seconds, by the number of objects.
const RULES_INLINE: u64 = 32 << 20;
/// The same for a caller's that could not be forked, for whatever reason: most of a minute, at 8 to 10 s for 100 MB of
/// small objects.
const CALLERS_INLINE: u64 = 512 << 20;

/// Whether an order in mode `auto` that cannot be forked, for the reason `why`, may stop JavaScript instead.
///
/// # Errors
/// `why`, and that it may not.
pub(super) fn may_stand_still(order: &Order, heap_used: u64, why: &Error) -> Result<()> {
    if order.options.mode != WantedMode::Auto {
        return Ok(());
    }
    let impossible = matches!(why, Error::Unsupported(_));
    let (most, whose) = match order.origin {
        // The process is about to end, and nothing is kept waiting that would not be lost.
        Origin::Limit => return Ok(()),
        Origin::Rule if impossible => (RULES_INLINE, "a rule"),
        Origin::Rule => (0, "a rule"),
        Origin::Caller => (CALLERS_INLINE, "a caller"),
    };
    if heap_used <= most {
        return Ok(());
    }
    let most = if most == 0 { String::new() } else { format!(" above {} of heap", print_bytes(most)) };
    let message = format!(
        "{why}; inline the snapshot would stop JavaScript while V8 goes through {} of heap, which mode 'auto' does not do \
         for {whose}{most}: mode 'inline' does",
        print_bytes(heap_used)
    );
    Err(Error::from_code(why.code(), message))
}

/// Nobody asked for a rule's snapshot at this moment: whoever sees the service stand still should learn why.
pub(super) fn explain_inline(order: &Order, why: &Error) {
    if order.origin == Origin::Rule {
        let message =
            format!("a snapshot that a rule ordered is taken inline, which stops JavaScript: {why}");
        queue::warn(order.id, &Error::from_code(why.code(), message));
    }
}

/// How long a synchronous call waits for other processes. JavaScript stands still meanwhile; and the other may be a second
/// copy of this addon, which waits for this very thread.
const SYNC_PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Takes the snapshot here and now and waits for its file, whatever else this process is capturing: that might need this
/// very thread.
///
/// # Errors
/// As a capture; `Timeout` if another process goes on capturing in its folder; `Unsupported` on the portable path, which needs the event loop.
pub fn now(client: &Arc<Client>, options: CaptureOptions) -> Result<SnapshotInfo> {
    if client.environment.isolate().is_none() {
        return Err(Error::Unsupported(
            "a synchronous snapshot needs V8's own interface, which is not reached here; see capabilities"
                .into(),
        ));
    }
    let patience =
        Permit::new(Arc::default(), std::time::Instant::now() + options.timeout().min(SYNC_PATIENCE));
    let turn = folder_turn::wait(&options, &patience)?;
    let mut order = queue::now(client, options);
    order.turn = Some(turn);
    let id = order.id;
    let (sender, receiver) = crossbeam_channel::bounded(1);
    let begun = begin(order, move |result| {
        let _ = sender.send(result.clone());
    });
    if let Err(error) = begun {
        queue::complete(id, &Err(error.clone()));
        return Err(error);
    }
    receiver.recv().unwrap_or_else(|_| Err(Error::CaptureFailed("the writer thread ended early".into())))
}

/// Opens the file, starts its writer and takes the snapshot; on the portable path asks JavaScript for it.
pub(super) fn begin(order: Order, also: impl FnOnce(&Result<SnapshotInfo>) + Send + 'static) -> Result<()> {
    // From here on JavaScript stands still, and before that for what failed.
    let since = clock::now() - paused::before(order.id);
    let Order { id, client, options, deadline, demand, turn, origin, .. } = order;
    if options.mode == WantedMode::Fork {
        return Err(Error::Unsupported(
            "mode 'fork' needs V8's own interface and an asynchronous call; use 'auto' or 'inline'".into(),
        ));
    }
    // Nobody said how long JavaScript may stand still.
    let most = std::time::Instant::now() + INLINE_TIMEOUT;
    let deadline = if options.timeout_ms.is_none() { deadline.min(most) } else { deadline };
    let permit = Arc::new(Permit::new(demand, deadline));
    if !permit.is_open() {
        return Err(permit.reason());
    }
    let environment = &client.environment;
    let isolate = environment.isolate();
    let heap = || {
        let used = isolate.map_or(environment.figures.read().heap.heap_used, |i| i.heap_figures().heap_used);
        Heap { used, large: isolate.map_or(0, |isolate| isolate.large_objects()) }
    };
    let mut admitted = budget::admit(&client.needs, heap(), options.memory_budget);
    if let Some(isolate) = isolate
        && admitted.is_err()
        && origin == Origin::Caller
        && heap().is_large_only(&client.needs, options.memory_budget)
    {
        // An array that grows leaves shorter ones behind. V8 collects garbage before a snapshot anyway. Nobody waits for a
        // rule's, and a rule asks again and again.
        let before = clock::now();
        isolate.collect_garbage();
        let took = clock::now() - before;
        admitted = budget::admit(&client.needs, heap(), options.memory_budget).map_err(|error| {
            client.needs.keeps(heap().large);
            let message = format!(
                "{error}; a collection, for which JavaScript stood still for {took:.0} ms, did not help"
            );
            Error::from_code(error.code(), message)
        });
    }
    let admitted = admitted?;

    let began = clock::now();
    let mode = if isolate.is_some() { Mode::Inline } else { Mode::Portable };
    let header = snapshot_file::header(environment, &options, mode, began);
    let sink = Sink::create(&snapshot_file::place(&options), header)?;
    queue::set_place(id, sink.target().display().to_string());
    let (home, owner) = (environment.clone(), id);
    let heap = client.clone();
    let tell = move |error: &Error| home.tell(Event::warning(0, error));
    let (feed, _thread) = pipe::start(sink, permit, options.redact, tell, move |result| {
        if result.is_ok() {
            admitted.learn(&heap.needs);
        }
        also(&result);
        drop(turn);
        queue::complete(owner, &result);
    })?;
    match isolate {
        Some(isolate) => {
            let keep_ids = environment.ids.before(&isolate, options.stable_ids, false);
            inline::take(&isolate, snapshot_file::contents(&options, keep_ids), feed, since, clock::now);
        }
        None => {
            FED.lock().insert(id, Fed { feed, began });
            environment.tell(Event::WantSnapshot {
                capture: id,
                numeric_values: options.numeric_values,
                memory_budget: options.memory_budget,
            });
        }
    }
    Ok(())
}

/// Portable path: a piece of the snapshot's JSON. May wait for the disk, so not on the JavaScript thread.
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

/// Portable path: all of it was fed. `pause_ms`: how long `node:v8` held the loop.
pub fn fed(id: u64, pause_ms: f64) {
    if let Some(fed) = FED.lock().remove(&id) {
        let duration_ms = Some(clock::now() - fed.began);
        fed.feed.finish(Finish { pause_ms, duration_ms, ..Finish::default() });
    }
}

/// Portable path: it will not be fed any more.
pub fn give_up(id: u64) {
    if let Some(fed) = FED.lock().remove(&id) {
        fed.feed.permit().fail(Error::Stopped("the thread ended while its snapshot was being taken".into()));
    }
}

/// Portable path: `node:v8` failed, or JavaScript refused with `code`.
pub fn fail(id: u64, code: &str, message: String) {
    if let Some(fed) = FED.lock().remove(&id) {
        fed.feed.permit().fail(Error::from_code(code, message));
    }
}
