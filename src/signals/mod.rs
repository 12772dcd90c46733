//! Signals that are held back until something is done: one that asks the process to end, so that evidence of it is left first.
//!
//! ```text
//!  a signal ──► handler, on whichever thread: noted, nothing else ──► bell ──► the watch's thread
//!                                                                                │ has it answered, looks on
//!  the action that was there before ◄── sent once more ◄── action put back ◄─────┘ done, late, or one more came
//! ```
//!
//! Nobody is kept from what he has: libuv's handler where JavaScript listens, Node's own, the kernel's default, whatever an
//! addon has set. It is taken down for the moment, and put back before the signal goes on; so what follows is what would have
//! followed, by the same action on the same threads, told of the same sender and value (but for `tgkill`: of that it is this process).
//!
//! | file | what it does |
//! |---|---|
//! | [`names`] | the signals that may be held back |
//! | `bell` | wakes the watch's thread, from a handler too |
//! | `arrivals` | signals that have come, in their order |
//! | `action` | ours in front of the action that is there, and that one again |
//! | `handler` | what a signal meets |
//! | [`watch`](mod@watch) | the thread: has one answered, and lets it go |
//!
//! Architecture invariants: a signal that is held back goes on, whatever becomes of who answers it, and all waiting has an end. A
//! handler allocates nothing, takes no lock and calls nothing but the kernel. What is ignored stays so. After a
//! signal its action stays as it was for a while, and nothing is taken over from another library, which may itself pass it on to
//! us: no signal goes in circles. The tests in `watch` tell, and `__test__/image/freeze-on.test.js`.

mod action;
mod arrivals;
mod bell;
mod handler;
pub mod names;
pub mod watch;

/// Tests of one process that use what is one a process take turns.
#[cfg(test)]
static ALONE: parking_lot::Mutex<()> = parking_lot::Mutex::new(());

pub use watch::{Held, be_ordinary, let_go, look, watch};
