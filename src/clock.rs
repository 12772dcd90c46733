//! Two clocks. Durations are measured on one that nobody sets; what a user reads is stamped by the one on the wall,
//! which is read anew each time: it may be wrong when the process begins (a device before its first NTP answer, a
//! virtual machine that was suspended) and right a minute later.
//!
//! Architecture invariant: sees no other room. Pure rooms are given times as numbers and never ask here.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds that never run backwards, with fractions; since about the process's first question. For durations.
pub fn now() -> f64 {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    // Never 0, which means "not yet" wherever a time is kept.
    ORIGIN.get_or_init(Instant::now).elapsed().as_secs_f64() * 1e3 + 1.0
}

/// Milliseconds since the Unix epoch, by the clock on the wall. For stamps.
pub fn wall() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3
}

/// When `then`, a time of [`now`], was: by the clock on the wall as it stands now.
pub fn stamp(then: f64) -> f64 {
    wall() - (now() - then)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_the_wall_s_time_of_then() {
        let then = now();
        let wall_then = wall();
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!((stamp(then) - wall_then).abs() < 1e3, "{} {wall_then}", stamp(then));
        assert!(now() >= then + 5.0 && then >= 1.0);
    }
}
