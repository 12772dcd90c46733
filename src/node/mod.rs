//! The only importer of Node-API: what JavaScript calls of the addon.
//!
//! | file | what it does |
//! |---|---|
//! | `host` | one environment as an object: monitors, samples, captures |
//! | `waker` | wakes the event loop from any thread |
//! | `analysis` | an analysis of heap files as an object |
//! | `reader` | a heap file as a stream |
//! | `reports` | reports of captured heaps: where who has them and who reads them meet |
//! | `answerer` | questions in a thawed copy |
//! | `subject` | what such a question is about, as Node-API takes it |
//! | `thaw` | an image that is thawed as an object |
//! | `asking` | questions on their way to its copy, and the answers |
//! | `evidence` | what a path leads to: a snapshot or an image |
//! | `tasks` | what may wait, on libuv's pool |
//! | `capabilities` | what works in this process, and why the rest does not |
//! | `judge_for_test` | for tests: the rules' machine, for its twin in JavaScript to be compared with; interruptions |
//!
//! Values cross the border as JSON: one parse is cheaper than twenty property sets, and serde keeps the names.
//! `lib/addon/native.js` is the other side.
//!
//! Architecture invariants: nothing else names napi (`tests/walls.rs` sees it). A function here turns values
//! into a room's own, calls that room, and turns the answer back; the one thing that is decided here is what holds where several
//! monitors of one environment differ (`Host::tune`). Errors carry our code, nothing panics into
//! JavaScript, and nothing keeps the process alive but a promise that is pending. The tests in `__test__/addon` tell.

mod analysis;
mod answerer;
mod asking;
mod capabilities;
mod evidence;
mod host;
mod judge_for_test;
mod reader;
mod reports;
mod subject;
mod tasks;
mod thaw;
mod waker;

use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::error::Error as Fault;
use crate::file::folder;
use crate::{stderr, units, watch};

/// The `code` of a JavaScript error.
pub struct Code(&'static str);

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        self.0
    }
}

pub(crate) fn fault(error: Fault) -> Error<Code> {
    Error::new(Code(error.code()), error.to_string())
}

/// Node-API itself failed.
pub(crate) fn odd(error: Error) -> Error<Code> {
    Error::new(Code("HEAPWARDEN_CAPTURE_FAILED"), error.reason.clone())
}

/// A panic of ours, which is caught at the border, is told without waiting for who reads stderr. The hook is this
/// addon's: its standard library is its own.
fn quiet_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            stderr::say(&format!("heapwarden: a defect, please report it: {panic}"));
        }));
    });
}

/// Writes a line to stderr if it fits now, without waiting; whether it did.
#[napi]
pub fn say(line: String) -> bool {
    stderr::say(&line)
}

/// Whether stderr takes a line now.
#[napi]
pub fn stderr_takes() -> bool {
    stderr::takes()
}

/// The crate's version.
#[napi]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Whether V8's own interface is trusted, after a look at `v8.getHeapStatistics()` as it is now.
#[napi]
pub fn verify(statistics: String) -> Result<bool, Code> {
    let reference = crate::monitor::settings::parse(&statistics).map_err(fault)?;
    Ok(crate::v8::verify(&reference).is_ok())
}

/// `'512MB'` → bytes.
#[napi]
pub fn parse_bytes(text: String) -> Result<f64, Code> {
    units::parse_bytes(&text).map(|bytes| bytes as f64).map_err(fault)
}

/// `'30s'` → milliseconds.
#[napi]
pub fn parse_duration(text: String) -> Result<f64, Code> {
    units::parse_duration(&text).map_err(fault)
}

/// `'80%'` → 0.8.
#[napi]
pub fn parse_ratio(text: String) -> Result<f64, Code> {
    units::parse_ratio(&text).map_err(fault)
}

/// `[{name, kind}]`: what a rule can watch.
#[napi]
pub fn metrics() -> String {
    let all: Vec<_> = watch::Metric::ALL
        .iter()
        .map(|metric| serde_json::json!({ "name": metric.name(), "kind": metric.kind() }))
        .collect();
    serde_json::Value::from(all).to_string()
}

/// `[{name, kind, what, source}]`: the same with what documents say of each. Only `npm run generate` asks.
#[napi]
pub fn metrics_documented() -> String {
    let row = |metric: &watch::Metric| {
        serde_json::json!({
            "name": metric.name(),
            "kind": metric.kind(),
            "what": metric.what(),
            "source": metric.source(),
        })
    };
    watch::Metric::ALL.iter().map(row).collect::<serde_json::Value>().to_string()
}

/// `["snapshot"]`: what a rule can set off.
#[napi]
pub fn actions() -> String {
    serde_json::json!(watch::Action::ALL).to_string()
}

/// The folder snapshots go to when none is named. `diagnostic_dir`: Node's `--diagnostic-dir`.
#[napi]
pub fn snapshot_dir(diagnostic_dir: Option<String>) -> Result<String, Code> {
    let dir = folder::resolve(None, diagnostic_dir.as_deref().map(std::path::Path::new)).map_err(fault)?;
    Ok(dir.to_string_lossy().into_owned())
}
