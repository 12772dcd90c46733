//! One JavaScript thread: what other threads may know of it, how it is reached, and a slot for what is carried out on it.
//!
//! ```text
//!  any thread                           the JavaScript thread
//!  ──────────                           ─────────────────────
//!  ask for figures ── LoopWaker (idle) ──►  turn(): publishes V8's figures, carries out the errand
//!         └────────── interrupt (busy) ──►  a stack guard: the same
//!                                           a collection ends: publishes V8's figures, tells the errand
//!                                           near the heap limit: the errand says what the limit is from now on
//!  tell an event ──► Outbox, LoopWaker ──►  drain(): JSON to JavaScript
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | [`environment`] | one `require` of the addon in one thread: attaches, is woken, publishes, is called by V8 |
//! | [`errand`] | the slot: what somebody else carries out here, and where the thread is then |
//! | [`waker`] | how an event loop is woken; `node` does it |
//! | [`figures`] | V8's latest figures, written here and read anywhere without waiting |
//! | [`gc`] | who hears of collections |
//! | [`outbox`] | events on their way to JavaScript; [`Event`] is the list of them |
//! | [`object_ids`] | ids that match between snapshots, and how long V8 is let track them |
//! | [`other_heaps`] | what the heaps of all other threads hold |
//! | [`facts`] | what is the same for all environments of the process |
//!
//! It sees `v8`, and of `watch` and `file` what events tell of: a sample, a snapshot's description.
//!
//! Architecture invariants: it knows no orders and takes no snapshot (`tests/walls.rs` sees it); what is captured is an
//! [`Errand`]. JavaScript's thread waits for no other one here: figures go through a sequence lock, events through a lock that
//! is held for moments. Inside a collection nothing of V8 is called but its statistics, a
//! request for an interrupt, and what sets the callback at the limit. After [`Environment::detach`] nothing
//! of ours touches the isolate: `workers.test.js` in `__test__/addon` tells that, `loaded-twice.test.js` that several
//! environments share one thread; `figures` has a test of its own for torn reads.

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
