//! What a `watch()` was told, as `lib/` has checked it.

use serde::Deserialize;

use crate::capture::options::CaptureOptions;
use crate::error::{Error, Result};
use crate::orders::ramp;
use crate::watch::Rule;

/// Normalised settings of a monitor, as `lib/options/check.js` makes them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchSettings {
    /// ms between samples.
    pub interval_ms: f64,
    /// Samples kept.
    pub history: usize,
    /// What calls for action.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// How captures are made that rules order.
    #[serde(default)]
    pub snapshots: CaptureOptions,
    /// Whether the heap limit is watched.
    #[serde(default)]
    pub near_heap_limit: ramp::NearHeapLimit,
    /// The names of signals at which an image is left.
    #[serde(default)]
    pub freeze_on: Vec<String>,
}

/// What `update()` may change: whatever is there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WatchUpdate {
    pub(super) interval_ms: Option<f64>,
    pub(super) history: Option<usize>,
    pub(super) rules: Option<Vec<Rule>>,
    pub(super) snapshots: Option<CaptureOptions>,
    pub(super) near_heap_limit: Option<ramp::NearHeapLimit>,
    pub(super) freeze_on: Option<Vec<String>>,
}

/// Settings from JSON.
///
/// # Errors
/// `InvalidOption` for JSON that does not fit.
pub fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::InvalidOption(format!("watch options: {error}")))
}
