//! How other threads reach an event loop.

/// Wakes the event loop: after `wake`, the loop calls [`super::environment::Environment::turn`]. From any thread; must not
/// block, must not keep the process alive, and must not mind a loop that has gone.
pub trait LoopWaker: Send + Sync {
    /// Asks for a turn.
    fn wake(&self);
}
