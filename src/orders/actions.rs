//! What a rule may set off: each of its actions as an order. One that `watch::Action` lists and this does not is a build that
//! fails.

use std::sync::Arc;

use super::client::Client;
use super::dispatch;
use super::order::Origin;
use crate::capture::images;
use crate::capture::options::{CaptureOptions, WantedForm};
use crate::watch::Action;

/// Later it is evidence of something else.
const SOON_MS: f64 = 60_000.0;

/// How a capture is made when the container is about to be full: an image, if that may be, as there is neither time nor memory for
/// a snapshot; and soon.
#[must_use]
pub fn before_the_end(client: &Client, snapshots: &CaptureOptions) -> CaptureOptions {
    let may_be = client.environment.is_native() && images::allowed(snapshots).is_ok();
    let form = if may_be && snapshots.form == WantedForm::Auto { WantedForm::Image } else { snapshots.form };
    let timeout_ms = Some(snapshots.timeout().as_secs_f64().min(SOON_MS / 1e3) * 1e3);
    CaptureOptions { form, timeout_ms, hurried: true, ..snapshots.clone() }
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
        let options = || CaptureOptions { trigger: Some(format!("rule:{rule}")), ..snapshots.clone() };
        match action {
            Action::Snapshot => dispatch::submit(client, options(), Origin::Rule, monitor),
            Action::Report => dispatch::submit(client, options().for_report(), Origin::Rule, monitor),
        };
    }
}
