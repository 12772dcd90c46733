//! What a conductor has JavaScript's thread do, with what it has prepared: fork, or be frozen in place.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;

use super::paused;
use super::snapshot_file::contents;
use crate::capture::fork::look::Standing;
use crate::capture::fork::{Child, ChildWork, Prepared, Report, Snapshot};
use crate::capture::in_place::{InPlace, QUIET};
use crate::capture::options::CaptureOptions;
use crate::capture::permit::Demand;
use crate::capture::reading::{About, Reading};
use crate::clock;
use crate::error::{Error, Result};
use crate::file::sink::{Sealed, Sink};
use crate::thread::Environment;
use crate::v8::{Isolate, StableIds};

/// What a child has, where no `timeout` was given: one that writes the dump of a heap limit, and any whose service is gone.
pub const ALONE: Duration = Duration::from_secs(120);

/// What the JavaScript thread is asked to do at its next turn or stack guard.
pub struct Job {
    /// Whose.
    pub(super) order: u64,
    pub(super) demand: Arc<Demand>,
    pub(super) work: Work,
    pub(super) options: CaptureOptions,
    pub(super) reply: Sender<Result<Done>>,
}

/// What is to be done.
pub enum Work {
    /// Fork.
    Fork(Box<Prepared>),
    /// The same, for a child that makes a report.
    Report(Box<Prepared>, Box<dyn Reading>),
    /// Freeze this process into a file.
    Freeze(Box<InPlace>, Box<Sink>, Standing),
}

/// What was done.
pub enum Done {
    /// This child takes it.
    Forked(Box<Child>),
    /// Nothing: V8's workers were amid their jobs for so many ms, in which JavaScript stood still.
    Restless(f64),
    /// The file is whole. JavaScript stood still for so many ms.
    Frozen(Box<Sealed>, f64),
}

impl Job {
    /// Forks. On the environment's thread.
    pub(super) fn carry_out(self, environment: &Environment) {
        let begin = clock::now();
        let result = match environment.isolate() {
            _ if self.demand.is_given_up() => {
                Err(Error::Aborted("nobody waits for this snapshot any more".into()))
            }
            Some(isolate) => match self.work {
                Work::Fork(prepared) => {
                    forked(fork_with_ids(environment, &isolate, &self.options, *prepared, begin), begin)
                }
                Work::Report(prepared, reading) => {
                    let options = &self.options;
                    let contents = contents(options, true);
                    let about = About { at: clock::stamp(begin), redacted: options.redact };
                    let mut work = Report { contents, reading, about };
                    forked(fork_for(environment, &isolate, options, *prepared, &mut work, begin), begin)
                }
                Work::Freeze(in_place, sink, standing) => {
                    with_ids(environment, &isolate, &self.options, || {
                        freeze(environment, &isolate, *in_place, *sink, standing, begin)
                    })
                }
            },
            None => Err(Error::Stopped("the thread is ending".into())),
        };
        if result.is_err() {
            paused::in_vain(self.order, clock::now() - begin);
        }
        let _ = self.reply.send(result);
    }
}

fn forked(child: Result<Option<Child>>, begin: f64) -> Result<Done> {
    child.map(|child| match child {
        Some(child) => Done::Forked(Box::new(child)),
        None => Done::Restless(clock::now() - begin),
    })
}

/// Freezes the process where it stands; in the copy it does not return. On its thread, which has stood still since `begin`.
fn freeze(
    environment: &Environment,
    isolate: &Isolate,
    in_place: InPlace,
    sink: Sink,
    standing: Standing,
    begin: f64,
) -> Result<Done> {
    let neighbours = environment.neighbours();
    let unasked = environment.unasked(&neighbours);
    // A part of what it may stand still for.
    let quiet = QUIET.min(Duration::from_secs_f64(standing.most_ms.clamp(0.0, 1e6) / 4e3));
    let sealed = in_place.outside_collections(isolate, sink, quiet, standing, begin, clock::now);
    drop(unasked);
    Ok(Done::Frozen(Box::new(sealed?), clock::now() - begin))
}

/// Forks, and sees to the object ids before and after, which holds JavaScript up too. On its thread, which has stood still
/// since `begin`. `None` as [`Prepared::fork`].
pub(super) fn fork_with_ids(
    environment: &Environment,
    isolate: &Isolate,
    options: &CaptureOptions,
    mut prepared: Prepared,
    begin: f64,
) -> Result<Option<Child>> {
    match prepared.image.take() {
        Some(mut image) => fork_for(environment, isolate, options, prepared, &mut image, begin),
        None => {
            let mut work = Snapshot(contents(options, true));
            fork_for(environment, isolate, options, prepared, &mut work, begin)
        }
    }
}

/// The same, for this work.
fn fork_for(
    environment: &Environment,
    isolate: &Isolate,
    options: &CaptureOptions,
    prepared: Prepared,
    work: &mut dyn ChildWork,
    begin: f64,
) -> Result<Option<Child>> {
    let mut child = with_ids(environment, isolate, options, || {
        let neighbours = environment.neighbours();
        let unasked = environment.unasked(&neighbours);
        let child = prepared.fork(isolate, work, begin, clock::now);
        drop(unasked);
        child
    });
    if let Ok(Some(child)) = &mut child {
        child.pause_ms = clock::now() - begin;
    }
    child
}

/// Copies the process by `work`, which has its own copy of the object ids.
fn with_ids<T>(
    environment: &Environment,
    isolate: &Isolate,
    options: &CaptureOptions,
    work: impl FnOnce() -> T,
) -> T {
    let keep = environment.ids.before(isolate, options.stable_ids, true);
    let copied = work();
    if !keep && options.stable_ids != StableIds::No {
        environment.ids.end(isolate);
    }
    copied
}
