//! Processes that freeze themselves, and what is in their files then.

mod child;
mod dropped;
mod fails;
mod measured;
mod quiet;
mod same;
mod stream;

/// `true` in a process where no other test runs. Frozen amid others their memory would be written too, gigabytes of it.
fn alone(test: &str) -> bool {
    crate::probe::tests::alone(&format!("image::freeze::linux::tests::{test}"))
}
