//! Waiting for the other processes that capture in the same folder, never on a thread of JavaScript's.

use std::sync::Arc;
use std::time::Duration;

use super::snapshot_file;
use crate::capture::options::CaptureOptions;
use crate::capture::permit::Permit;
use crate::error::{Error, Result};
use crate::file::turn::Turn;

/// Between two questions, ms: at least, and what comes on top by chance, so that six that wait do not ask in step.
const PAUSE_MS: u64 = 50;
const JITTER_MS: u64 = 150;

/// Asks without waiting. `None`: another process is capturing there.
pub fn ask(options: &CaptureOptions) -> Option<Arc<Turn>> {
    Turn::ask(&snapshot_file::sink_options(options))
}

/// Waits for it while `permit` allows.
///
/// # Errors
/// Why it was given up.
pub fn wait(options: &CaptureOptions, permit: &Permit) -> Result<Arc<Turn>> {
    let _looking = permit.looking();
    loop {
        permit.look();
        if let Some(turn) = ask(options) {
            return Ok(turn);
        }
        if !permit.is_open() {
            return Err(match permit.reason() {
                Error::Timeout(_) => {
                    Error::Timeout(format!("{}; the timeout passed before it ended", busy()))
                }
                other => other,
            });
        }
        std::thread::sleep(pause());
    }
}

/// What to say of one who has it.
pub fn busy() -> String {
    "another process is taking a snapshot in the same folder, and a container takes one at a time".to_owned()
}

fn pause() -> Duration {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    // Two processes ask at different nanoseconds.
    let chance = (u64::from(now.subsec_nanos()) / 997) ^ u64::from(std::process::id()).wrapping_mul(31);
    Duration::from_millis(PAUSE_MS + chance % JITTER_MS)
}
