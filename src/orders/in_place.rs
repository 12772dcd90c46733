//! An image of this process where it stands, conducted on a thread of its own: JavaScript stands still while it is written.

use super::at_thread::{self, Undone};
use super::client::Order;
use super::job::{Done, Work};
use super::standing::{is_asked_for, standing};
use super::stop::Stop;
use super::tries::Tries;
use super::{by_signal, publishing, running, snapshot_file};
use crate::capture::budget::image;
use crate::capture::in_place::InPlace;
use crate::capture::permit::Permit;
use crate::error::{Error, Result};
use crate::file::info::{Mode, SnapshotInfo};
use crate::thread::facts::process_facts;
use crate::v8::StableIds;

/// Takes it, if JavaScript is predicted to stand still for no longer than the order allows. `reason`: why it is no snapshot.
pub fn image(order: &mut Order, reason: Option<&str>, tries: &mut Tries) -> Result<SnapshotInfo, Stop> {
    let permit = Permit::new(order.demand.clone(), order.deadline);
    let result = image_within(order, &permit, reason, tries);
    order.stood_still(&permit);
    result
}

fn image_within(
    order: &Order,
    permit: &Permit,
    reason: Option<&str>,
    tries: &mut Tries,
) -> Result<SnapshotInfo, Stop> {
    let (needs, options) = (&order.owner.needs, &order.options);
    if !is_asked_for(order) {
        image::admit_pause(needs, options.max_pause_ms).map_err(Stop::TooLong)?;
    }
    let environment = &order.owner.environment;
    let done = loop {
        let ids = options.stable_ids != StableIds::No;
        let header =
            snapshot_file::image_header(environment, options, Mode::Inline, tries.began(), ids, reason);
        let sink = snapshot_file::create(options, header).map_err(Stop::Final)?;
        running::set_place(order.id, sink.target().display().to_string());
        let in_place = InPlace::prepare(process_facts().v8_pool_size).map_err(Stop::TooDear)?;
        let work = Work::Freeze(Box::new(in_place), Box::new(sink), standing(order));
        match at_thread::ask(order, work, permit) {
            // It holds nobody up: nobody waits for the folder of an image in place.
            Err(Undone::Busy) => {
                let way = by_signal::Way { by_fork: false, reason, began: tries.began() };
                if let Some(done) = by_signal::image(order, &way)? {
                    break Ok(done);
                }
            }
            other => break other,
        }
    };
    match done {
        Ok(Done::Frozen(sealed, pause_ms)) => {
            let info = publishing::publish(*sealed, tries.finish(pause_ms), permit, environment);
            let info = info.map_err(Stop::Final)?;
            image::learn(needs, info.raw_bytes, pause_ms);
            Ok(info)
        }
        // Nothing else comes of freezing, and a child that nobody watches ends.
        Ok(Done::Forked(_) | Done::Restless(_)) | Err(Undone::Busy) => Err(Stop::Later),
        // It has stood still for as long as it may.
        Err(Undone::Failed(error @ Error::Timeout(_))) => Err(Stop::TooLong(error)),
        Err(Undone::Failed(error)) => Err(Stop::of_child(error)),
        Err(Undone::Over(error)) => Err(Stop::Final(error)),
    }
}
