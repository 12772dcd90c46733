//! Near the heap limit: a little more room, and a snapshot that outlives the crash.
//!
//! V8 calls inside a collection, where neither a fork nor a snapshot is safe. So the limit is raised a little and
//! an interrupt asked for; at the next stack guard the heap is forked. Then the process may die of its leak as
//! it would have: the child finishes alone. Once per ramp: when the heap has recovered, the limit goes back to
//! where it was and the watch begins anew.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::client::Client;
use super::{folder_turn, inline, queue};
use crate::capture::budget::RESERVE;
use crate::capture::options::{CaptureOptions, WantedMode};
use crate::clock;
use crate::error::Error;
use crate::file::turn::Turn;
use crate::probe::cgroup::Cgroup;
use crate::probe::limits::{self, Room};
use crate::stderr::say;
use crate::thread::{Environment, Event};
use crate::units::print_bytes;

/// Bytes in all: enough to reach a stack guard, in 8 of 8 tries.
const EXTEND: u64 = 32 << 20;
/// Given in so many steps: what is not needed to get there only makes the dying longer, at the slowest.
const STEPS: u32 = 4;
const MOST_EXTEND: u64 = 1 << 30;
/// ms that the first process of a container waits for the child, which dies with it.
const WAIT_MS: f64 = 60_000.0;
/// A snapshot in this process collects garbage, and so meets the limit again: so many more steps.
const INLINE_STEPS: u32 = 16;
/// Where there is no room for a step, V8 is still to ask whoever stands below us.
const NEXT_ONE_ASKED: usize = 1 << 20;
/// The heap has recovered when a full collection leaves less than this share of the limit.
const RECOVERED: f64 = 0.75;

/// `nearHeapLimit` of the watch options.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Setting {
    /// On with defaults, or off.
    Switch(bool),
    /// On.
    #[serde(rename_all = "camelCase")]
    Values {
        /// Bytes the limit is raised by, at most.
        extend: Option<u64>,
        /// ms the first process of a container waits for its child.
        wait_ms: Option<f64>,
    },
}

impl Default for Setting {
    fn default() -> Self {
        Self::Switch(false)
    }
}

/// What is to be done at the limit.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Those who hear of it; the dump is the first one's.
    monitors: Vec<u64>,
    extend: usize,
    wait: Duration,
    options: CaptureOptions,
}

impl Setting {
    /// For `monitor`, whose snapshots are made with `options`; `None`: off.
    pub fn wanted(self, monitor: u64, options: &CaptureOptions) -> Option<Wanted> {
        let (extend, wait_ms) = match self {
            Self::Switch(false) => return None,
            Self::Switch(true) => (None, None),
            Self::Values { extend, wait_ms } => (extend, wait_ms),
        };
        let wait_ms = wait_ms.filter(|ms| ms.is_finite() && *ms >= 0.0).unwrap_or(WAIT_MS);
        Some(Wanted {
            monitors: vec![monitor],
            extend: extend.unwrap_or(EXTEND).clamp(1 << 20, MOST_EXTEND) as usize,
            wait: Duration::from_secs_f64(wait_ms.min(24.0 * 3.6e6) / 1e3),
            options: CaptureOptions { trigger: Some("nearHeapLimit".into()), ..options.clone() },
        })
    }
}

impl Wanted {
    /// The monitors of `other` hear of it too.
    #[must_use]
    pub fn heard_by(mut self, other: &Self) -> Self {
        self.monitors.extend(&other.monitors);
        self
    }

    /// Whose dump it is.
    fn monitor(&self) -> u64 {
        self.monitors.first().copied().unwrap_or_default()
    }
}

/// How far the dump of this ramp is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dump {
    /// The interrupt has been asked for.
    Asked,
    /// JavaScript stands still for it.
    Inline,
    /// A child takes it, or it is being finished.
    Running(u64),
    /// There is none.
    Refused,
}

#[derive(Debug)]
struct Ramp {
    /// The limit before we raised it, bytes.
    before: usize,
    /// Steps it was raised by.
    steps: u32,
    dump: Dump,
    told: bool,
    /// Why there is none.
    why: Option<String>,
}

/// One environment's watch over its limit. Only its own thread comes here.
#[derive(Debug, Default)]
pub struct Limit {
    wanted: Option<Wanted>,
    ramp: Option<Ramp>,
}

impl Limit {
    /// Sets what is wanted; the limit to go back to if the watch ends in the middle of a ramp, else 0.
    pub fn set(&mut self, wanted: Option<Wanted>) -> usize {
        self.wanted = wanted;
        if self.wanted.is_some() { 0 } else { self.ramp.take().map_or(0, |ramp| ramp.before) }
    }

    /// Whether `heap_used`, what a full collection left, ends the ramp.
    pub fn recovered(&self, heap_used: u64) -> bool {
        // A dump that has not been carried out yet is carried out all the same.
        self.ramp.as_ref().is_some_and(|ramp| {
            (heap_used as f64) < ramp.before as f64 * RECOVERED
                && !matches!(ramp.dump, Dump::Asked | Dump::Inline)
        })
    }

    /// Ends the ramp: the limit to go back to. `None`: there is none, or `heap_used` has grown again since, and V8, which
    /// leaves a quarter free, would not go back all the way. The next full collection decides then.
    pub fn restore(&mut self, heap_used: u64) -> Option<usize> {
        self.ramp
            .take_if(|ramp| heap_used.saturating_mul(5) / 4 <= ramp.before as u64)
            .map(|ramp| ramp.before)
    }
}

/// Watches the heap limit, or not. On the client's thread.
pub fn watch(client: &Client, wanted: Option<Wanted>) {
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
    // A collection promotes the young generation at once, which can overshoot the limit by more than a step; and V8
    // asks only once: a limit that the pages there are do not fit under would be the end.
    let there = client.environment.isolate().map_or(0, |isolate| isolate.old_pages() as usize);
    let raised_by = |bytes| current.max(there).saturating_add(bytes);
    let raised = raised_by(wanted.extend / STEPS as usize);
    // At its limit a worker thread ends, and not the process: by Node's own callback, which must hear of it.
    let main = client.environment.thread_id == 0;
    let tight = if main { too_tight(limits::room(Cgroup::detect().as_ref()), wanted.extend) } else { None };
    match &mut limit.ramp {
        None if tight.is_some() => {
            limit.ramp = Some(Ramp { before: current, steps: 0, dump: Dump::Refused, told: true, why: None });
            drop(limit);
            last_words(current, Dump::Refused, tight, wanted.wait);
            client.environment.leave_limit();
            // Not as it is: V8 would end the process at once, and nobody else would be asked.
            raised_by(NEXT_ONE_ASKED)
        }
        None => {
            limit.ramp = Some(Ramp { before: current, steps: 1, dump: Dump::Asked, told: false, why: None });
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
            let (dump, told) = (ramp.dump, std::mem::replace(&mut ramp.told, true));
            let (before, why) = (ramp.before, ramp.why.clone());
            drop(limit);
            if !told && main {
                last_words(before, dump, why, wanted.wait);
            }
            // Ours has had its turn. V8 asks only the callback that was added last, so the one below hears of the next
            // time: Node's own, which ends a worker thread or takes the snapshots of --heapsnapshot-near-heap-limit, or
            // another library's. If there is none, V8 ends the process then.
            client.environment.leave_limit();
            if tight.is_some() { raised_by(NEXT_ONE_ASKED) } else { raised }
        }
    }
}

/// Why the heap must not be let grow beyond its limit, if so: the container would be full before V8's limit is reached, and
/// the kernel would end what V8 would have ended with a word.
fn too_tight(room: Option<Room>, extend: usize) -> Option<String> {
    // One step to reach a stack guard, and one for whoever is asked after us.
    let least = RESERVE.saturating_add((extend / STEPS as usize * 2) as u64);
    room.filter(|room| room.bytes < least).map(|room| {
        format!(
            "{} only {}, too little to let the heap grow until a snapshot can be begun",
            room.whose,
            print_bytes(room.bytes)
        )
    })
}

/// The process dies now, and its events will not be heard: one line on stderr, where V8 writes too.
fn last_words(limit: usize, dump: Dump, why: Option<String>, wait: Duration) {
    let limit = print_bytes(limit as u64);
    match dump {
        Dump::Running(id) => {
            let place = queue::place(id).unwrap_or_else(|| queue::failure(id));
            say(&format!("heapwarden: heap limit of {limit} reached; its snapshot {place}"));
            if dies_with_us() {
                let until = Instant::now() + wait;
                while queue::may_be_waited_for(id) && Instant::now() < until {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
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
    let outcome = queue::at_limit(client, options, monitor)
        .ok_or_else(|| Error::CaptureFailed("another snapshot is being taken".into()))
        .and_then(|mut order| {
            let id = order.id;
            turn(&order)
                .and_then(|turn| {
                    order.turn = Some(turn);
                    inline::begin(order, |_| {})
                })
                .map(|()| id)
                .inspect_err(|error| queue::complete(id, &Err(error.clone())))
        });
    match outcome {
        Ok(id) => {
            set(client, Dump::Running(id));
            // Its bytes are with the writer; its name is not there yet.
            let until = Instant::now() + wanted.wait;
            while queue::is_running(id) && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Err(error) => {
            say(&format!("heapwarden: no snapshot at the heap limit: {error}"));
            refuse(client, &error);
        }
    }
}

/// Whether the child would be killed when this process ends: it is the first of its container, or the first one
/// only waits for it.
pub(super) fn dies_with_us() -> bool {
    const WAITERS: [&str; 9] =
        ["tini", "docker-init", "dumb-init", "catatonit", "podman-init", "sh", "bash", "dash", "npm start"];
    std::process::id() == 1
        || std::fs::read_to_string("/proc/1/comm").is_ok_and(|name| WAITERS.contains(&name.trim_end()))
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
    let Some(mut order) = queue::at_limit(client, wanted.options, monitor) else {
        // The last ramp's is still being written: it is of the same leak.
        let busy = Error::CaptureFailed("the last dump of this heap limit is still being written".into());
        match queue::forked_of(client.id()) {
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
            queue::complete(id, &Err(error));
            return;
        }
    }
    #[cfg(target_os = "linux")]
    let order = if super::by_fork::applies(client, order.options.mode) {
        set(client, Dump::Running(id));
        match super::by_fork::start_here(order) {
            Ok(()) => return,
            Err(order) => *order,
        }
    } else {
        order
    };
    set(client, Dump::Inline);
    match inline::begin(order, |_| {}) {
        Ok(()) => set(client, Dump::Running(id)),
        Err(error) => {
            refuse(client, &error);
            queue::complete(id, &Err(error));
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
                extended_to: (before + wanted.extend) as u64,
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
fn turn(order: &queue::Order) -> Result<Arc<Turn>, Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(dump: Dump) -> Limit {
        let ramp = Ramp { before: 1000, steps: 1, dump, told: false, why: None };
        Limit { wanted: Setting::Switch(true).wanted(1, &CaptureOptions::default()), ramp: Some(ramp) }
    }

    #[test]
    fn a_ramp_ends_when_the_heap_has_recovered_and_its_dump_was_carried_out() {
        assert!(!limit(Dump::Running(1)).recovered(800), "still near");
        assert!(!limit(Dump::Asked).recovered(100), "not yet carried out");
        assert!(limit(Dump::Refused).recovered(700));
        let mut running = limit(Dump::Running(1));
        assert!(running.recovered(700));
        assert_eq!(running.restore(801), None, "it has grown since");
        assert!(running.recovered(700), "the next collection sees it again");
        assert_eq!(running.restore(700), Some(1000));
        assert!(!running.recovered(700), "once");
        assert_eq!(running.restore(700), None, "once");
    }

    #[test]
    fn a_full_container_is_no_place_to_grow_in() {
        let room = |mib: u64| Some(Room { bytes: mib << 20, whose: "the test has left" });
        assert_eq!(too_tight(None, 32 << 20), None, "nobody knows");
        assert_eq!(too_tight(room(48), 32 << 20), None);
        let why = too_tight(room(47), 32 << 20).unwrap();
        assert!(why.starts_with("the test has left only 47 MiB, too little"), "{why}");
    }

    #[test]
    fn settings_are_bounded() {
        let options = CaptureOptions::default();
        assert!(Setting::Switch(false).wanted(1, &options).is_none());
        let setting: Setting = serde_json::from_str(r#"{"extend":1,"waitMs":-5}"#).unwrap();
        let wanted = setting.wanted(1, &options).unwrap();
        assert_eq!((wanted.extend, wanted.wait), (1 << 20, Duration::from_secs(60)));
        assert_eq!(wanted.options.trigger(), "nearHeapLimit");
        assert_eq!(serde_json::from_str::<Setting>("true").unwrap(), Setting::Switch(true));
    }
}
