//! One JavaScript thread: what of it other threads may see, and how it is reached.

pub mod environment;
pub mod figures;
pub mod object_ids;
pub mod other_heaps;
pub mod outbox;

pub use environment::{Doorbell, Environment};
pub use outbox::Event;
