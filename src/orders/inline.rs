//! A capture on the thread whose heap it is, which stands still for it.

use std::sync::Arc;

use super::client::Order;
use super::order::Origin;
use super::{paused, portable, running, snapshot_file};
use crate::capture::budget::Heap;
use crate::capture::options::{INLINE_TIMEOUT, WantedForm, WantedMode};
use crate::capture::permit::Permit;
use crate::capture::pipe;
use crate::capture::{budget, inline};
use crate::clock;
use crate::error::{Error, Result};
use crate::file::info::{Mode, SnapshotInfo};
use crate::file::turn::Turn;
use crate::thread::Event;

/// Opens the file, starts its writer and takes the snapshot; on the portable path asks JavaScript for it. `done` is called
/// where the file ends, with how it ended and the folder's turn.
pub fn begin(
    order: Order,
    done: impl FnOnce(Result<SnapshotInfo>, Option<Arc<Turn>>) + Send + 'static,
) -> Result<()> {
    // From here on JavaScript stands still, and before that for what failed.
    let since = clock::now() - paused::before(order.id);
    let Order { id, owner: client, options, deadline, demand, turn, origin, .. } = order;
    if options.mode == WantedMode::Fork {
        return Err(Error::Unsupported(
            "mode 'fork' needs V8's own interface and an asynchronous call; use 'auto' or 'inline'".into(),
        ));
    }
    if options.form == WantedForm::Image {
        return Err(Error::Unsupported(
            "form 'image' needs V8's own interface and an asynchronous call; use 'auto' or 'snapshot'".into(),
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
    let sink = snapshot_file::create(&options, header)?;
    running::set_place(id, sink.target().display().to_string());
    let home = environment.clone();
    let heap = client.clone();
    let tell = move |error: &Error| home.tell(Event::warning(0, error));
    let feed = pipe::start(sink, permit, options.redact, tell, move |result| {
        if result.is_ok() {
            admitted.learn(&heap.needs);
        }
        done(result, turn);
    })?;
    match isolate {
        Some(isolate) => {
            let keep_ids = environment.ids.before(&isolate, options.stable_ids, false);
            inline::take(&isolate, snapshot_file::contents(&options, keep_ids), feed, since, clock::now);
        }
        None => portable::ask(environment, id, feed, began, &options),
    }
    Ok(())
}
