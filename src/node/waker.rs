//! A weak, bounded threadsafe function: wakes the loop, never keeps it.

use std::sync::{Arc, OnceLock, Weak};

use napi::Status;
use napi::bindgen_prelude::*;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::thread::{Environment, LoopWaker};

/// Weak (does not keep the process alive), bounded to one call in flight, and without an error argument.
type Wake = ThreadsafeFunction<(), (), bool, Status, false, true, 1>;

/// The call that wakes one environment's loop.
pub struct WakeCall(Wake);

impl WakeCall {
    /// On each call the loop takes a turn of the environment `woken`, then `on_wake` hears whether there are events. The
    /// environment is made with its waker, so it comes a moment later.
    pub fn new(on_wake: &Function<bool, ()>, woken: Arc<OnceLock<Weak<Environment>>>) -> Result<Self> {
        let wake = on_wake
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .max_queue_size::<1>()
            .build_callback(move |_| {
                Ok(woken.get().and_then(Weak::upgrade).is_some_and(|environment| environment.turn()))
            })?;
        Ok(Self(wake))
    }
}

impl LoopWaker for WakeCall {
    fn wake(&self) {
        // A full queue means that a call is on its way; a closing one, that nobody is left to hear it.
        self.0.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }
}
