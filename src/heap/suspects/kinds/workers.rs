//! Workers and ports that were never closed.

use super::finding::{Finding, MOSTLY, named};
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

const CLASSES: [&str; 5] = ["Worker", "MessagePort", "MessageChannel", "BroadcastChannel", "ChildProcess"];

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
        what: format!("{} of class {class} that are still open, held by `{name}`", number(case.count)),
        name,
        at: None,
        signs: "Each keeps native memory, its listeners, and of a worker a whole heap, until it is closed."
            .to_owned(),
        cure: "`worker.terminate()`, `port.close()`, `channel.close()` when the work is done; or a pool with a bound.",
        sure: 0.9,
    })
}
