//! A capture by fork, conducted on a thread of its own: prepare, have the JavaScript thread fork, watch, publish. What the child
//! leaves is a snapshot or an image, as its plan says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::at_thread::{self, Undone};
use super::client::{Client, Order};
use super::job::{ALONE, Done, Work, fork_with_ids};
use super::order::{Left, Origin, Report};
use super::plan::{Plan, of_image, of_snapshot};
use super::stop::Stop;
use super::tries::Tries;
use super::{by_signal, container, folder_turn, paused, publishing, running, snapshot_file};
use crate::capture::budget::image::{self, Hurry};
use crate::capture::budget::{self, Admitted, Heap, time};
use crate::capture::fork::supervise::{Seen, supervise};
use crate::capture::fork::verdict::ChildEnd;
use crate::capture::fork::{self, Child, Destination, Patience, Prepared, Terms, descriptors};
use crate::capture::permit::Permit;
use crate::clock;
use crate::error::{Error, Result};
use crate::file::info::{Finish, Form, Mode, SnapshotInfo};
use crate::file::turn::Turn;
use crate::thread::facts::process_facts;
use crate::v8::StableIds;

/// A child that hangs or crashes is forked anew so many times in all.
const ATTEMPTS: u32 = 3;
/// An image is to be of a moment at which V8's workers sleep: so often another one is waited for.
const OTHER_MOMENTS: u32 = 2;
/// The folder's turn is left to others for so long, who ask several times in it.
const LEAVE: Duration = Duration::from_secs(1);

/// A child that was forked before there was a conductor, and the memory that is promised to it.
pub struct Forked {
    child: Child,
    admitted: Admitted,
}

/// Prepares and forks on this, the environment's, thread: for a process that may not live until another thread
/// has prepared. The rest is conducted as ever. `None`: forking does not work out.
pub fn fork_here(order: &Order) -> Option<Forked> {
    let isolate = order.owner.environment.isolate()?;
    let began = clock::now();
    let heap_used = isolate.heap_figures().heap_used;
    let mut admitted = None;
    let forked = fork::available()
        .and_then(|()| {
            budget::admit(&order.owner.needs, Heap::of_child(heap_used), order.options.memory_budget)
        })
        .map(|granted| admitted.insert(granted).child_may_take())
        .and_then(|memory| {
            let turn = order.turn.clone().ok_or_else(|| Error::CaptureFailed(folder_turn::busy()))?;
            let plan = of_snapshot(order, memory, order.deadline, false);
            let sink = snapshot_file::create(&order.options, plan.header(order, began))?;
            let to = Destination::File(Box::new(sink));
            let terms = terms(order, plan.deadline, turn);
            let mut prepared = prepare(order, to, fork::QUIET_AT_LIMIT, container::dies_with_us(), terms)?;
            prepared.memory = plan.memory;
            Ok(prepared)
        })
        .and_then(|prepared| {
            fork_with_ids(&order.owner.environment, &isolate, &order.options, prepared, began)
        });
    match forked {
        Ok(Some(child)) => {
            running::set_terminator(order.id, &child.terminator);
            tell_place(order.id, &child);
            admitted.map(|admitted| Forked { child, admitted })
        }
        Ok(None) | Err(_) => {
            paused::in_vain(order.id, clock::now() - began);
            None
        }
    }
}

/// A snapshot. `first`: its child was forked already. `deadline`: of it; `hurried`: should it fail, an image is to be had.
pub fn snapshot(
    order: &mut Order,
    first: Option<Forked>,
    deadline: Instant,
    hurried: bool,
    tries: &mut Tries,
) -> Result<Left, Stop> {
    let client = &order.owner.clone();
    let heap_used = client.environment.figures.read().heap.heap_used;
    let (first, admitted) = match first {
        Some(Forked { child, admitted }) => (Some(child), admitted),
        None => {
            let heap = Heap::of_child(heap_used);
            let admitted = budget::admit(&client.needs, heap, order.options.memory_budget);
            let admitted = admitted.map_err(Stop::TooDear)?;
            if hurried {
                let left = deadline.saturating_duration_since(Instant::now());
                time::admit(&client.needs, heap_used, left).map_err(Stop::TooDear)?;
            }
            (None, admitted)
        }
    };
    let plan = of_snapshot(order, admitted.child_may_take(), deadline, hurried);
    attempts(order, &plan, first, tries)
}

/// An image. `reason`: why it is no snapshot.
pub fn image(order: &mut Order, reason: Option<&str>, tries: &mut Tries) -> Result<Left, Stop> {
    let hurry = image::admit(order.options.memory_budget).map_err(Stop::TooDear)?;
    let plan = of_image(order, reason, hurry == Hurry::Yes);
    attempts(order, &plan, None, tries)
}

fn attempts(order: &mut Order, plan: &Plan, first: Option<Child>, tries: &mut Tries) -> Result<Left, Stop> {
    let permit = Permit::new(order.demand.clone(), plan.deadline);
    let result = attempts_within(order, plan, &permit, first, tries);
    order.stood_still(&permit);
    result
}

fn attempts_within(
    order: &mut Order,
    plan: &Plan,
    permit: &Permit,
    mut first: Option<Child>,
    tries: &mut Tries,
) -> Result<Left, Stop> {
    let client = &order.owner.clone();
    let heap_used = client.environment.figures.read().heap.heap_used;
    let mut last = None;
    for _ in 0..ATTEMPTS {
        if !permit.is_open() {
            return Err(after(last, Stop::of_child(permit.reason())));
        }
        let (child, form) = match first.take() {
            Some(child) => (child, plan.form),
            None => match fork_patiently(order, plan, permit, tries.began()) {
                Ok((Done::Forked(child), form)) => (*child, form),
                // Nothing else comes of a fork.
                Ok((Done::Frozen(..) | Done::Restless(_), _)) => return Err(Stop::Later),
                Err(stop) => return Err(after(last, stop)),
            },
        };
        tell_place(order.id, &child);
        let pause_ms = child.pause_ms;
        running::set_terminator(order.id, &child.terminator);
        let since = Instant::now();
        let stood_before = permit.put_off();
        let outcome = supervise(&child, permit, &plan.limits, |seen| {
            let Seen { walked, to_walk, written, reads } = seen;
            let (phase, done, total) = match written {
                _ if reads => ("analyze", 0, 0),
                0 => ("walk", walked, to_walk),
                _ => ("write", written, 0),
            };
            running::progress(order.id, phase, done, total);
            if plan.hurried && written == 0 {
                // It may have stood still since the last look: what is late then is not the child. In this order.
                let passed = since.elapsed();
                let is_open = permit.is_open();
                let ran = passed.saturating_sub(permit.put_off() - stood_before);
                let left = permit.deadline().saturating_duration_since(Instant::now());
                if is_open && let Some(late) = time::is_late(walked, to_walk, ran, left) {
                    permit.fail(late);
                }
            }
        });
        match outcome {
            ChildEnd::Done { private, cpu, published: by_child, waiting } => {
                if form == Form::Snapshot {
                    client.needs.learn(heap_used, private);
                }
                let finish = tries.finish(pause_ms);
                if plan.report {
                    drop(waiting);
                    let report = said(client, &child, finish, permit);
                    return report.map_err(|error| Stop::of_child(tries.explain(error)));
                }
                if form == Form::Snapshot {
                    client.needs.learn_time(heap_used, cpu);
                }
                let taken = || Error::CaptureFailed("its file was handed over already".into());
                let sealed = child.handed_over(waiting.is_some()).ok_or_else(taken);
                let published = sealed.and_then(|sealed| match by_child {
                    Some(name) => publishing::take_over(sealed, name, permit),
                    None => publishing::publish(sealed, finish, permit, &client.environment),
                });
                drop(waiting);
                if let (Ok(SnapshotInfo { form: Form::Image, raw_bytes, .. }), Some(cpu)) = (&published, cpu)
                {
                    image::learn(&client.needs, *raw_bytes, cpu.as_secs_f64() * 1e3);
                }
                return published.map(Left::from).map_err(|error| Stop::Final(tries.explain(error)));
            }
            ChildEnd::Failed(error) => {
                tries.finish(pause_ms);
                return Err(after(last, Stop::of_child(tries.explain(error))));
            }
            ChildEnd::Broken(error) => {
                tries.finish(pause_ms);
                last = Some(error);
            }
        }
    }
    let why = last.map(|error| error.to_string()).unwrap_or_default();
    Err(Stop::NotByFork(Error::CaptureFailed(format!("{ATTEMPTS} forked children did not finish: {why}"))))
}

/// This, and how the child before it ended.
fn after(last: Option<Error>, stop: Stop) -> Stop {
    match last {
        Some(error) => stop.and(&Stop::NotByFork(error.with_words(format!("a child before it: {error}")))),
        None => stop,
    }
}

/// What a child has said.
fn said(client: &Client, child: &Child, finish: Finish, permit: &Permit) -> Result<Left> {
    let none = || Error::CaptureFailed("a child that was to make a report has made none".into());
    let json = client.reports()?.keep(&child.answer().ok_or_else(none)?)?;
    permit.grant()?;
    Ok(Left::Report(Box::new(Report { json, mode: Mode::Fork, finish })))
}

fn tell_place(id: u64, child: &Child) {
    if let Some(file) = child.file() {
        running::set_place(id, format!("{} by process {}", file.display(), child.pid));
    }
}

/// Forks as soon as JavaScript's thread comes to it. It may be in one call for half an hour: then it is interrupted, for an image.
/// Where it may not be, other processes have their turns meanwhile; an image holds nobody up. What the child leaves is told too.
fn fork_patiently(order: &mut Order, plan: &Plan, permit: &Permit, began: f64) -> Result<(Done, Form), Stop> {
    loop {
        let forked =
            if by_signal::is_first() { Err(Stop::Later) } else { fork_one(order, plan, permit, began) };
        match forked {
            Err(Stop::Later) => {
                let way = by_signal::Way { by_fork: true, reason: plan.reason, began };
                if let Some(done) = by_signal::image(order, &way)? {
                    return Ok((done, Form::Image));
                }
                if plan.form == Form::Snapshot {
                    order.turn = None;
                }
                std::thread::sleep(LEAVE);
                if plan.form == Form::Snapshot {
                    let turn = folder_turn::wait(&order.options, permit);
                    order.turn = Some(turn.map_err(|error| Stop::of_turn(error, plan.hurried))?);
                } else if !permit.is_open() {
                    return Err(Stop::of_child(permit.reason()));
                }
            }
            other => return other.map(|child| (Done::Forked(Box::new(child)), plan.form)),
        }
    }
}

/// Forks, with such patience for V8's workers as what the child leaves asks for.
fn fork_one(order: &Order, plan: &Plan, permit: &Permit, began: f64) -> Result<Child, Stop> {
    if plan.form == Form::Snapshot {
        return fork_once(order, plan, permit, began, Patience::CHILD_MAY_HANG)?.map_err(|_| Stop::Later);
    }
    let mut stood_still = 0.0;
    let once = |stood_still: f64, patience| {
        let tried = fork_once(order, plan, permit, began, patience);
        let tried = tried.inspect_err(|_| paused::in_vain(order.id, stood_still))?;
        Ok(tried.map(|mut child| {
            child.pause_ms += stood_still;
            child
        }))
    };
    // Who is about to be killed may have no other moment, who holds a signal back has no time for it, and V8's ids are started and
    // ended with each.
    let options = &order.options;
    let at_once = options.hurried || order.origin == Origin::Signal || options.stable_ids != StableIds::No;
    for _ in 0..if at_once { 0 } else { OTHER_MOMENTS } {
        match once(stood_still, Patience::ANOTHER_MOMENT)? {
            Ok(child) => return Ok(child),
            Err(Restless(ms)) => stood_still += ms,
        }
    }
    let most = Duration::from_secs_f64(options.max_pause_ms.clamp(0.0, 1e6) / 1e3);
    let left = permit.deadline().saturating_duration_since(Instant::now());
    once(stood_still, Patience::at_last(most.min(left / 4)))?.map_err(|_| Stop::Later)
}

/// V8's workers were amid their jobs; JavaScript stood still for so many ms.
struct Restless(f64);

/// Sees that a process may be had, prepares, and has the JavaScript thread fork.
fn fork_once(
    order: &Order,
    plan: &Plan,
    permit: &Permit,
    began: f64,
    patience: Patience,
) -> Result<std::result::Result<Child, Restless>, Stop> {
    budget::admit_process().map_err(Stop::NotByFork)?;
    let turn = order.turn.clone().ok_or_else(|| Stop::Final(Error::CaptureFailed(folder_turn::busy())))?;
    let deadline = permit.deadline();
    let to = if plan.report {
        Destination::Answer
    } else {
        // What stands in the way of the file (a folder that is gone) stands in the way of the next one too.
        let sink = snapshot_file::create(&order.options, plan.header(order, began));
        Destination::File(Box::new(sink.map_err(|error| {
            // Inline needs fewer of them.
            if descriptors::scarce() { Stop::NotByFork(error) } else { Stop::Final(error) }
        })?))
    };
    // What only a fork needs (a pipe, the list of mappings) could not be had: inline needs less.
    let terms = terms(order, deadline, turn);
    let prepared = prepare(order, to, fork::QUIET_BEFORE, plan.urgent, terms);
    let mut prepared = prepared.map_err(Stop::NotByFork)?;
    (prepared.memory, prepared.patience) = (plan.memory, patience);
    let work = if plan.report {
        Work::Report(Box::new(prepared), order.owner.reports().map_err(Stop::Final)?.begin())
    } else {
        Work::Fork(Box::new(prepared))
    };
    match at_thread::ask(order, work, permit) {
        Ok(Done::Forked(child)) => Ok(Ok(*child)),
        Ok(Done::Restless(ms)) => Ok(Err(Restless(ms))),
        // Nothing else comes of a fork.
        Ok(Done::Frozen(..)) => Err(Stop::Later),
        Err(Undone::Failed(error)) => Err(Stop::NotByFork(error)),
        Err(Undone::Over(error)) => Err(Stop::of_child(error)),
        Err(Undone::Busy) => Err(Stop::Later),
    }
}

fn prepare(order: &Order, to: Destination, quiet: Duration, urgent: bool, terms: Terms) -> Result<Prepared> {
    let pool = process_facts().v8_pool_size;
    fork::prepare(to, order.options.redact, pool, quiet, urgent, terms)
}

/// What its child has to keep to.
fn terms(order: &Order, deadline: Instant, turn: Arc<Turn>) -> Terms {
    let given = order.options.timeout_ms.is_some();
    let deadline = match order.origin {
        Origin::Limit if !given => deadline.min(Instant::now() + ALONE),
        _ => deadline,
    };
    // Until the deadline that was asked for, or not for half an hour.
    let orphaned = match given {
        // Nobody is left who would read it.
        _ if order.options.report => Duration::ZERO,
        true => order.options.timeout(),
        false => ALONE,
    };
    Terms { turn, deadline, orphaned }
}
