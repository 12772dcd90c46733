//! What a rule may set off: each of its actions as an order. One that `watch::Action` lists and this does not is a build that
//! fails.

use std::sync::Arc;

use super::client::Client;
use super::dispatch;
use super::order::Origin;
use crate::capture::options::CaptureOptions;
use crate::watch::Action;

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
