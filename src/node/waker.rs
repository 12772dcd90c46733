//! A weak, bounded threadsafe function: wakes the loop, never keeps it.

use std::sync::{Arc, OnceLock, Weak};

use napi::Status;
use napi::bindgen_prelude::*;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::thread::{Doorbell, Environment};

/// Weak (does not keep the process alive), bounded to one call in flight, and without an error argument.
type Wake = ThreadsafeFunction<(), (), bool, Status, false, true, 1>;

/// The environment is made with its doorbell, and the doorbell answers through the environment: it learns
/// whom to call a moment after it was made.
#[derive(Default)]
pub struct Bell {
    wake: OnceLock<Wake>,
}

impl Bell {
    /// Connects the bell: on each ring the loop takes a turn, then `on_wake` hears whether there are events.
    pub fn connect(
        &self,
        on_wake: &Function<bool, ()>,
        slot: Arc<OnceLock<Weak<Environment>>>,
    ) -> Result<()> {
        let wake = on_wake
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .max_queue_size::<1>()
            .build_callback(move |_| {
                Ok(slot.get().and_then(Weak::upgrade).is_some_and(|environment| environment.turn()))
            })?;
        let _ = self.wake.set(wake);
        Ok(())
    }
}

/// Shared, because the environment owns one end and the binding the other.
pub struct Shared(pub Arc<Bell>);

impl Doorbell for Shared {
    fn ring(&self) {
        if let Some(wake) = self.0.wake.get() {
            // A full queue means that a call is on its way; a closing one, that nobody is left to hear it.
            wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}
