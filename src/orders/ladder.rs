//! Conducts an order down the rungs: a snapshot by a forked child; where that takes more memory or time than there is, an image
//! by one; where no child can be had, an image in place; then a snapshot inline, where that may be; else there is none, with all
//! figures. `form` and `mode` leave rungs out.

use std::time::{Duration, Instant};

use super::by_fork::{self, Forked};
use super::client::Order;
use super::order::Left;
use super::stop::{Stop, one_after_the_other};
use super::tries::Tries;
use super::{folder_turn, in_place, standstill};
use crate::capture::options::{WantedForm, WantedMode};
use crate::capture::permit::Permit;
use crate::capture::{fork, images};
use crate::error::{Error, Result};
use crate::file::turn::Turn;

/// How the conductor of a capture ends.
pub enum Conducted {
    /// With a file, or with why there is none.
    Complete(Result<Left>),
    /// Forking does not work out here, and the order's options say by now that it is to be taken inline.
    NowInline,
}

/// Of an order's time so much is kept for an image, but no more than a quarter.
const KEPT_FOR_IMAGE: Duration = Duration::from_secs(10);
/// So long an order waits for other processes before it is content with an image, which is no burden beside their captures; but no
/// longer than a quarter of its time.
const PATIENCE: Duration = Duration::from_secs(10);

/// JavaScript may stand still for so many times `maxPause` where the process is about to be killed, and not even a child fits beside it.
const TIMES_MAX_PAUSE: f64 = 10.0;

/// Conducts `order` on this thread, which is nobody else's. `first`: its child was forked already.
pub fn conduct(order: &mut Order, first: Option<Forked>) -> Conducted {
    let images = images::allowed(&order.options);
    let mut tries = Tries::new();
    let snapshot = if order.options.form == WantedForm::Image {
        if let Err(error) = images {
            let message = format!("form 'image' is not to be had: {error}");
            return Conducted::Complete(Err(Error::from_code(error.code(), message)));
        }
        None
    } else {
        match snapshot(order, first, images.is_ok(), &mut tries) {
            Ok(left) => return Conducted::Complete(Ok(left)),
            Err(stop) => Some(stop),
        }
    };
    if snapshot.as_ref().is_some_and(|stop| !stop.leaves_room_for_less()) {
        return without(order, snapshot, None, &tries);
    }
    let refused = match images {
        Ok(()) => match image(order, snapshot.as_ref(), &mut tries) {
            Ok(Left::File(image)) if order.options.report => {
                // A hurried order asks for an image at once.
                let hurried = || Error::MemoryBudget("there was neither time nor memory for one".into());
                let reason = snapshot.map_or_else(hurried, Stop::into_error);
                return Conducted::Complete(Ok(Left::Instead(image, reason)));
            }
            Ok(left) => return Conducted::Complete(Ok(left)),
            Err(stop) => Some(stop),
        },
        Err(_) => None,
    };
    without(order, snapshot, refused, &tries)
}

fn snapshot(
    order: &mut Order,
    first: Option<Forked>,
    hurried: bool,
    tries: &mut Tries,
) -> Result<Left, Stop> {
    fork::available().map_err(Stop::NotByFork)?;
    let kept = order.options.timeout() / 4;
    let for_image = if hurried { kept.min(KEPT_FOR_IMAGE) } else { Duration::ZERO };
    if order.turn.is_none() {
        let deadline = order.deadline - for_image;
        let patience = Instant::now() + kept.min(PATIENCE);
        let until = if hurried { deadline.min(patience) } else { deadline };
        let permit = Permit::new(order.demand.clone(), until);
        let turn = folder_turn::wait(&order.options, &permit);
        order.stood_still(&permit);
        order.turn = Some(turn.map_err(|error| Stop::of_turn(error, hurried))?);
    }
    by_fork::snapshot(order, first, order.deadline - for_image, hurried, tries)
}

fn image(order: &mut Order, snapshot: Option<&Stop>, tries: &mut Tries) -> Result<Left, Stop> {
    let reason = snapshot.map(Stop::to_string);
    let reason = reason.as_deref();
    let mut by_fork = None;
    if order.options.mode != WantedMode::Inline {
        // It is no burden beside the captures of others.
        order.turn.get_or_insert_with(Turn::none);
        let taken = match fork::available() {
            Ok(()) => by_fork::image(order, reason, tries),
            Err(error) => Err(Stop::NotByFork(error)),
        };
        match taken {
            Err(stop) if stop.leaves_room_for_less() && order.options.mode != WantedMode::Fork => {
                by_fork = Some(stop);
            }
            other => return other,
        }
    }
    let reason = match (reason, &by_fork) {
        (Some(reason), Some(stop)) => Some(one_after_the_other(reason, &stop.to_string())),
        (None, Some(stop)) => Some(stop.to_string()),
        (reason, None) => reason.map(str::to_owned),
    };
    if order.options.hurried && matches!(by_fork, Some(Stop::TooDear(_))) {
        order.options.max_pause_ms *= TIMES_MAX_PAUSE;
    }
    in_place::image(order, reason.as_deref(), tries).map(Left::from).map_err(|stop| match by_fork {
        Some(above) => above.then(stop),
        None => stop,
    })
}

/// There is none: what may come instead, or all that was found.
fn without(order: &mut Order, snapshot: Option<Stop>, image: Option<Stop>, tries: &Tries) -> Conducted {
    tries.in_vain(order.id);
    let by_fork_only = order.options.mode != WantedMode::Auto;
    let stop = match (snapshot, image) {
        (Some(Stop::NotByFork(why)), image)
            if !by_fork_only && image.as_ref().is_none_or(Stop::leaves_room_for_less) =>
        {
            let heap_used = order.owner.environment.figures.read().heap.heap_used;
            match standstill::allow(order, heap_used, &why) {
                Ok(()) => {
                    standstill::explain(order, &why);
                    order.options.mode = WantedMode::Inline;
                    return Conducted::NowInline;
                }
                Err(error) => with_image(Stop::NotByFork(error), image),
            }
        }
        (Some(stop), image) => with_image(stop, image),
        (None, Some(image)) => image,
        (None, None) => Stop::Later,
    };
    Conducted::Complete(Err(stop.into_error()))
}

fn with_image(snapshot: Stop, image: Option<Stop>) -> Stop {
    match image {
        Some(image) => snapshot.and(&image),
        None => snapshot,
    }
}
