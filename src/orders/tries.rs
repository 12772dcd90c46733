//! What an order's attempts have come to so far, whatever they were to leave.

use super::paused;
use crate::capture::user::User;
use crate::clock;
use crate::error::Error;
use crate::file::info::Finish;

/// What an order's attempts have come to so far, whatever they were to leave.
pub struct Tries {
    began: f64,
    began_as: User,
    pause_ms: f64,
    count: u32,
}

impl Tries {
    /// None yet.
    pub fn new() -> Self {
        Self { began: clock::now(), began_as: User::now(), pause_ms: 0.0, count: 0 }
    }

    /// One that left its file, for which JavaScript stood still for `pause_ms`.
    pub fn finish(&mut self, pause_ms: f64) -> Finish {
        self.count += 1;
        self.pause_ms += pause_ms;
        Finish { pause_ms: self.pause_ms, duration_ms: Some(clock::now() - self.began), attempts: self.count }
    }

    /// When the first one began, a time of [`clock::now`].
    pub fn began(&self) -> f64 {
        self.began
    }

    /// `error`, and whether it is that the process's user has changed since.
    pub fn explain(&self, error: Error) -> Error {
        self.began_as.explain(error)
    }

    /// What has come to nothing counts where JavaScript is stopped afterwards.
    pub fn in_vain(&self, order: u64) {
        paused::in_vain(order, self.pause_ms);
    }
}
