//! Processes that freeze themselves, and what is in their files then.

mod child;
mod dropped;
mod fails;
mod measured;
mod quiet;
mod same;
mod stream;
