//! How long JavaScript may stand still for an order's image in place.

use std::time::Instant;

use super::client::Order;
use super::order::{HELD, Origin};
use crate::capture::fork::look::Standing;
use crate::capture::options::{WantedForm, WantedMode};
use crate::probe::cgroup::{self, Cgroup};

/// Whether it was asked for by both names: then it was said too how long it may take.
pub(super) fn is_asked_for(order: &Order) -> bool {
    let options = &order.options;
    options.mode == WantedMode::Inline && options.form == WantedForm::Image && !options.hurried
}

/// A prediction may be wrong by so much.
const WRONG: f64 = 4.0;

/// Bytes of memory that can be had; of a machine that does not tell, none.
pub(super) fn memory_left() -> u64 {
    cgroup::headroom(Cgroup::detect().as_ref()).unwrap_or(0)
}

/// How long JavaScript may stand still for it.
pub(super) fn standing(order: &Order) -> Standing {
    // Of one that is about to be killed it may be more already, and it may not be killed after all.
    let wrong = if order.options.hurried { 1.0 } else { WRONG };
    let predicted = order.options.max_pause_ms * wrong;
    let left = order.deadline.saturating_duration_since(Instant::now()).as_secs_f64() * 1e3;
    let most_ms = if is_asked_for(order) { predicted.max(left) } else { predicted };
    // Whoever has sent the signal waits.
    let most_ms =
        if order.origin == Origin::Signal { most_ms.min(HELD.as_secs_f64() * 1e3) } else { most_ms };
    Standing { most_ms, demand: Some(order.demand.clone()), left: memory_left() }
}
