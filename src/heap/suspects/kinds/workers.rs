//! Workers and ports that were never closed.

use super::finding::{Finding, MOSTLY, named};
use crate::heap::graph::{EdgeKind, NodeKind};
use crate::heap::suspects::anchor::At;
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

const SIGNS: &str =
    "Each keeps native memory, its listeners, and of a worker a whole heap, until it is closed.";
const CURE: &str =
    "`worker.terminate()`, `port.close()`, `channel.close()` when the work is done; or a pool with a bound.";

const CLASSES: [&str; 5] = ["Worker", "MessagePort", "MessageChannel", "BroadcastChannel", "ChildProcess"];

/// The ends of a worker's `stdout` and `stderr` in its parent.
const STREAMS: [&str; 1] = ["ReadableWorkerStdio"];

/// Workers by what Node itself has for each: their streams go to this process's, which listen for errors.
pub(super) fn by_streams(case: &Case) -> Option<Finding> {
    (case.share(|entry| is_pipe(case, entry)) >= MOSTLY).then(|| Finding {
        kind: Kind::Worker,
        name: "Worker".to_owned(),
        at: Some(At::default()),
        what: format!("{} of class Worker that are still running", number(case.count)),
        signs: SIGNS.to_owned(),
        cure: CURE,
        sure: 0.9,
    })
}

/// Whether it is a callback of Node's, made when a worker's stream was piped to another one.
fn is_pipe(case: &Case, entry: u32) -> bool {
    let graph = case.graph();
    graph.kind(entry) == NodeKind::CLOSURE
        && At::of(graph, case.scripts, entry).is_some_and(|at| at.is_builtin())
        && case
            .inside(entry, EdgeKind::INTERNAL, "context")
            .is_some_and(|scope| case.parts(scope).any(|(_, part)| case.is_one_of(part, &STREAMS)))
}

pub(super) fn find(case: &Case) -> Option<Finding> {
    let is = |entry: u32| case.is_one_of(entry, &CLASSES);
    let has = |entry: u32| is(entry) || case.parts(entry).any(|(_, part)| is(part));
    if case.share(has) < MOSTLY {
        return None;
    }
    let class = case
        .sample()
        .find(|entry| is(*entry))
        .map_or_else(|| "MessagePort".to_owned(), |entry| case.name(entry));
    let name = named(case, &class);
    Some(Finding {
        kind: Kind::Worker,
        what: if name == class {
            format!("{} of class {class} that are still open", number(case.count))
        } else {
            format!("{} of class {class} that are still open, held by `{name}`", number(case.count))
        },
        name,
        at: None,
        signs: SIGNS.to_owned(),
        cure: CURE,
        sure: 0.9,
    })
}
