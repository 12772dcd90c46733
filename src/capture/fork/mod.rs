//! A snapshot by a forked child. See docs/pause-free.md.

pub mod child;
pub mod descriptors;
pub mod hang;
pub mod mappings;
pub mod marks;
pub mod prepared;
pub mod priority;
pub mod pthread_slots;
pub mod shared_page;
pub mod supervise;
pub mod terminate;
pub mod v8_workers;
pub mod waiting;

pub use prepared::{Child, Prepared, QUIET_AT_LIMIT, QUIET_BEFORE, Terms, available, prepare};
