//! What a rule may set off: each of its actions as an order. One that `watch::Action` lists and this does not is a build that
//! fails.

use std::sync::Arc;

use super::client::Client;
use super::dispatch;
use super::order::Origin;
use crate::capture::images;
use crate::capture::options::{CaptureOptions, WantedForm};
use crate::watch::Action;

/// JavaScript may stand still for so many times `maxPause` where the process is about to be killed.
const TIMES_MAX_PAUSE: f64 = 10.0;

/// How a capture is made when the container is about to be full: an image, if that may be, as there is neither time nor memory for
/// a snapshot; and rather in place than not at all.
#[must_use]
pub fn before_the_end(snapshots: &CaptureOptions) -> CaptureOptions {
    let form = match snapshots.form {
        WantedForm::Auto if images::allowed(snapshots).is_ok() => WantedForm::Image,
        form => form,
    };
    CaptureOptions { form, max_pause_ms: snapshots.max_pause_ms * TIMES_MAX_PAUSE, ..snapshots.clone() }
}

/// A rule of `monitor` named `rule` has been breached: orders what it sets off. `snapshots`: how the monitor's are made.
pub fn carry_out(
    actions: &[Action],
    client: &Arc<Client>,
    rule: &str,
    snapshots: &CaptureOptions,
    monitor: u64,
) {
    for (index, action) in actions.iter().enumerate() {
        if actions.iter().take(index).any(|before| before == action) {
            // A rule that names one twice means it once.
            continue;
        }
        match action {
            Action::Snapshot => {
                let options = CaptureOptions { trigger: Some(format!("rule:{rule}")), ..snapshots.clone() };
                dispatch::submit(client, options, Origin::Rule, monitor);
            }
        }
    }
}
