//! One JavaScript thread: what of it other threads may see, and how it is reached.

pub mod environment;
pub mod errand;
pub mod facts;
pub mod figures;
pub mod gc;
pub mod object_ids;
pub mod other_heaps;
pub mod outbox;
pub mod waker;

pub use environment::Environment;
pub use errand::{Errand, Moment};
pub use outbox::Event;
pub use waker::LoopWaker;
