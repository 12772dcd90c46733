//! Near the heap limit: an image of the dying process, or a little more room and a snapshot that outlives the crash.
//!
//! V8 calls inside a collection. The process is frozen there (`limit_image`), and dies as it would have. Where images are off, a
//! snapshot is made as well as can be, for which neither a fork nor V8's walk is safe inside a collection: so the limit is raised
//! a little and an interrupt asked for; at the next stack guard the heap is forked. Then the process may die of its leak as
//! it would have: the child finishes alone. Once per ramp: when the heap has recovered, the limit goes back to
//! where it was and the watch begins anew.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use super::by_fork;
use super::client::{Client, Order};
#[cfg(target_os = "linux")]
use super::limit_image::{self, Who};
use super::ramp::{Dump, INLINE_STEPS, NEXT_ONE_ASKED, Ramp, STEPS, TO_END_WORKER, Wanted, too_tight};
use super::{container, dispatch, folder_turn, running};
#[cfg(target_os = "linux")]
use crate::capture::fork::QUIET_AT_LIMIT;
use crate::capture::images;
#[cfg(target_os = "linux")]
use crate::capture::in_place::admit_without_buffers;
use crate::capture::options::{CaptureOptions, WantedMode};
use crate::clock;
use crate::error::Error;
use crate::file::turn::Turn;
use crate::probe::cgroup::Cgroup;
use crate::probe::limits;
use crate::stderr::say;
use crate::thread::{Environment, Event};
use crate::units::print_bytes;

/// The limit of a copy, in limits of the process.
#[cfg(target_os = "linux")]
const COPYS_ROOM: usize = 20;

/// Watches the heap limit, or not. On the client's thread.
pub fn watch(client: &Client, mut wanted: Option<Wanted>) {
    if let Some(wanted) = &mut wanted {
        wanted.image = images::allowed(&wanted.options).is_ok();
    }
    let on = wanted.is_some();
    let restore = client.limit.lock().set(wanted);
    client.environment.watch_limit(on, restore);
}

/// A full collection has left `heap_used` bytes: whether it wants a stack guard, to end the ramp there. Inside it.
pub fn collected(client: &Client, heap_used: u64) -> bool {
    let recovered = client.limit.try_lock().is_some_and(|limit| limit.recovered(heap_used));
    if recovered {
        client.restore_wanted.store(true, Ordering::Release);
    }
    recovered
}

/// Outside any collection: the dump, and the end of a ramp. On the client's thread.
pub fn look_after(client: &Arc<Client>) {
    if client.dump_wanted.swap(false, Ordering::AcqRel) {
        dump(client);
    }
    if !client.restore_wanted.swap(false, Ordering::AcqRel) {
        return;
    }
    let used = client.environment.isolate().map(|isolate| isolate.heap_figures().heap_used);
    let restore = used.and_then(|used| client.limit.lock().restore(used));
    if let Some(before) = restore {
        client.environment.restore_limit(before);
    }
}

/// Has a stack guard carry out the dump. Inside a collection.
fn ask_dump(client: &Client) {
    client.dump_wanted.store(true, Ordering::Release);
    client.environment.interrupt();
}

/// V8 is about to hit the limit `current`: the limit from now on. Inside a collection.
pub fn near(client: &Arc<Client>, current: usize) -> usize {
    let Some(mut limit) = client.limit.try_lock() else { return current };
    let Some(wanted) = limit.wanted.clone() else { return current };
    #[cfg(target_os = "linux")]
    if wanted.image && limit.ramp.is_none() && may_freeze(&wanted.options) {
        limit.ramp =
            Some(Ramp { before: current, steps: STEPS, dump: Dump::Frozen, announced: true, why: None });
        drop(limit);
        return freeze(client, wanted, current);
    }
    let raised = raised_by(client, current, wanted.extend / STEPS as usize);
    // At its limit a worker thread ends, and not the process: by Node's own callback, which must hear of it.
    let main = client.environment.thread_id == 0;
    let tight = if main { too_tight(limits::room(Cgroup::detect().as_ref()), wanted.extend) } else { None };
    match &mut limit.ramp {
        None if tight.is_some() => {
            limit.ramp =
                Some(Ramp { before: current, steps: 0, dump: Dump::Refused, announced: true, why: None });
            drop(limit);
            last_words(current, Dump::Refused, tight, wanted.wait);
            leave(client, current)
        }
        None => {
            limit.ramp =
                Some(Ramp { before: current, steps: 1, dump: Dump::Asked, announced: false, why: None });
            drop(limit);
            ask_dump(client);
            raised
        }
        Some(ramp)
            if (ramp.dump == Dump::Asked && ramp.steps < STEPS && tight.is_none())
                || (ramp.dump == Dump::Inline && ramp.steps < STEPS + INLINE_STEPS) =>
        {
            ramp.steps += 1;
            raised
        }
        Some(ramp) if ramp.dump == Dump::Asked => {
            // No stack guard was reached: JavaScript sits in one long call of a builtin.
            ramp.dump = Dump::Inline;
            drop(limit);
            in_place(client, wanted);
            near(client, current)
        }
        Some(ramp) => {
            let (dump, announced) = (ramp.dump, std::mem::replace(&mut ramp.announced, true));
            let (before, why) = (ramp.before, ramp.why.clone());
            drop(limit);
            if !announced && main {
                last_words(before, dump, why, wanted.wait);
            }
            if tight.is_some() || dump == Dump::Frozen {
                leave(client, current)
            } else {
                client.environment.leave_limit();
                raised
            }
        }
    }
}

/// The limit from now on, if there are to be so many bytes more. A collection promotes the young generation at once, which can
/// overshoot the limit by more than a step; and V8 asks only once: a limit that the pages there are do not fit under would be the end.
fn raised_by(client: &Client, current: usize, bytes: usize) -> usize {
    let there = client.environment.isolate().map_or(0, |isolate| isolate.old_pages() as usize);
    current.max(there).saturating_add(bytes)
}

/// Ours has had its turn: the limit from now on. V8 asks only the callback that was added last, so the one below is to hear of the
/// next time: Node's own, which ends a worker thread or takes the snapshots of --heapsnapshot-near-heap-limit, or another
/// library's. With the limit as it is V8 would end the process at once, and nobody else would be asked. If there is nobody else, it
/// ends as without us, and not one or two full collections later.
fn leave(client: &Client, current: usize) -> usize {
    if client.environment.has_limit_alone() {
        return current;
    }
    // A worker thread ends by Node's own callback, and not the process: the one below ours, where nobody else stands between. It would be
    // asked only when V8 has filled what there is more, which a collection may overshoot, and that would be the process's end: so it hears now.
    let worker = client.environment.thread_id != 0;
    let given = if worker { client.environment.ask_limit_below(current) } else { None };
    client.environment.leave_limit();
    let more = if given.is_some() { TO_END_WORKER } else { NEXT_ONE_ASKED };
    raised_by(client, current, more).max(given.unwrap_or(0))
}

/// Whether what does not belong into the image can be left out of it here; otherwise it is as where images are off.
#[cfg(target_os = "linux")]
fn may_freeze(options: &CaptureOptions) -> bool {
    options.image_buffers || admit_without_buffers(QUIET_AT_LIMIT).is_ok()
}

/// Leaves an image: the limit from now on. Inside a collection.
#[cfg(target_os = "linux")]
fn freeze(client: &Arc<Client>, wanted: Wanted, current: usize) -> usize {
    let extend = wanted.extend_asked.then_some(wanted.extend);
    announce(client, &wanted, current);
    match limit_image::take(client, wanted, current) {
        // As much as the copy may need to end its collection and to go through its heap.
        Who::Copy => current.saturating_mul(COPYS_ROOM),
        Who::Itself => {
            extend.map_or_else(|| leave(client, current), |bytes| raised_by(client, current, bytes))
        }
    }
}

/// The process dies now, and its events will not be heard: one line on stderr, where V8 writes too.
fn last_words(limit: usize, dump: Dump, why: Option<String>, wait: Duration) {
    let limit = print_bytes(limit as u64);
    match dump {
        Dump::Running(id) => {
            let place = running::place(id).unwrap_or_else(|| running::failure(id));
            say(&format!("heapwarden: heap limit of {limit} reached; its snapshot {place}"));
            if container::dies_with_us() {
                let until = Instant::now() + wait;
                while running::may_be_waited_for(id) && Instant::now() < until {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
        // That was told when it was.
        Dump::Frozen => {}
        Dump::Asked | Dump::Inline | Dump::Refused => {
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            say(&format!("heapwarden: heap limit of {limit} reached; there is no snapshot of it{why}"));
        }
    }
}

/// Node's own way, inside V8's callback: the dying process stands still for it, at most as long as it would wait
/// for a child.
fn in_place(client: &Arc<Client>, wanted: Wanted) {
    client.dump_wanted.store(false, Ordering::Release);
    let timeout_ms = Some(wanted.wait.as_secs_f64() * 1e3);
    let monitor = wanted.monitor();
    let options = CaptureOptions { mode: WantedMode::Inline, timeout_ms, ..wanted.options };
    let outcome = running::at_limit(client, options, monitor)
        .ok_or_else(|| Error::CaptureFailed("another snapshot is being taken".into()))
        .and_then(|mut order| {
            let id = order.id;
            turn(&order)
                .and_then(|turn| {
                    order.turn = Some(turn);
                    dispatch::begin_inline(order)
                })
                .map(|()| id)
                .inspect_err(|error| dispatch::complete(id, &Err(error.clone())))
        });
    match outcome {
        Ok(id) => {
            set(client, Dump::Running(id));
            // Its bytes are with the writer; its name is not there yet.
            let until = Instant::now() + wanted.wait;
            while running::is_running(id) && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Err(error) => {
            say(&format!("heapwarden: no snapshot at the heap limit: {error}"));
            refuse(client, &error);
        }
    }
}

/// Carries out the dump, outside any collection. On the environment's thread.
fn dump(client: &Arc<Client>) {
    let (wanted, before) = {
        let limit = client.limit.lock();
        let (Some(wanted), Some(ramp)) = (limit.wanted.clone(), &limit.ramp) else { return };
        (wanted, ramp.before)
    };
    let monitor = wanted.monitor();
    announce(client, &wanted, before);
    let trigger = wanted.options.trigger().to_owned();
    let Some(mut order) = running::at_limit(client, wanted.options, monitor) else {
        // The last ramp's is still being written: it is of the same leak.
        let busy = Error::CaptureFailed("the last dump of this heap limit is still being written".into());
        match running::forked_of(client) {
            Some(id) => set(client, Dump::Running(id)),
            None => refuse(client, &busy),
        }
        client.environment.tell(Event::failed(monitor, 0, &busy, &trigger));
        return;
    };
    let id = order.id;
    match turn(&order) {
        Ok(turn) => order.turn = Some(turn),
        Err(error) => {
            refuse(client, &error);
            dispatch::complete(id, &Err(error));
            return;
        }
    }
    #[cfg(target_os = "linux")]
    if order.goes_by_fork() {
        set(client, Dump::Running(id));
        if let Some(forked) = by_fork::fork_here(&order) {
            return dispatch::conduct(order, Some(forked));
        }
    }
    set(client, Dump::Inline);
    match dispatch::begin_inline(order) {
        Ok(()) => set(client, Dump::Running(id)),
        Err(error) => {
            refuse(client, &error);
            dispatch::complete(id, &Err(error));
        }
    }
}

/// Tells all who watch this heap, through whichever copy of the addon.
fn announce(client: &Client, wanted: &Wanted, before: usize) {
    let heap_used = client.environment.figures.read().heap.heap_used;
    let tell = |environment: &Environment, monitors: &[u64]| {
        for monitor in monitors.iter().copied() {
            environment.tell(Event::NearHeapLimit {
                monitor,
                limit: before as u64,
                extended_to: (before + if wanted.image && !wanted.extend_asked { 0 } else { wanted.extend })
                    as u64,
                heap_used,
                at: clock::wall(),
            });
        }
    };
    tell(&client.environment, &wanted.monitors);
    for other in client.neighbours() {
        let monitors = other.limit.try_lock().and_then(|limit| Some(limit.wanted.as_ref()?.monitors.clone()));
        tell(&other.environment, &monitors.unwrap_or_default());
    }
}

/// Its folder's, or not: who is about to die does not wait for another process.
fn turn(order: &Order) -> Result<Arc<Turn>, Error> {
    folder_turn::ask(&order.options)
        .ok_or_else(|| Error::CaptureFailed(format!("no dump at the heap limit: {}", folder_turn::busy())))
}

/// There is none: the process's last words say why.
fn refuse(client: &Client, error: &Error) {
    set(client, Dump::Refused);
    if let Some(ramp) = &mut client.limit.lock().ramp {
        ramp.why = Some(error.to_string());
    }
}

fn set(client: &Client, dump: Dump) {
    if let Some(mut limit) = client.limit.try_lock()
        && let Some(ramp) = &mut limit.ramp
    {
        ramp.dump = dump;
    }
}
