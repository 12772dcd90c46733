//! One clock: epoch milliseconds that never run backwards.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch, with fractions. Read off the wall once, then counted monotonically, so
/// that durations in rules survive a clock that is set; the price is that a clock set later is not followed.
pub fn now() -> f64 {
    static ANCHOR: OnceLock<(Instant, f64)> = OnceLock::new();
    let (instant, epoch) = ANCHOR.get_or_init(|| {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (Instant::now(), epoch.as_secs_f64() * 1e3)
    });
    epoch + instant.elapsed().as_secs_f64() * 1e3
}
