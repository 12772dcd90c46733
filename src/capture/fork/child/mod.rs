//! The forked child's side: a copy of the service with one thread, which does its work and leaves with `_exit`.
//!
//! | file | what it does |
//! |---|---|
//! | [`run`] | from the fork to the end |
//! | [`settle`] | makes the copy harmless to the process it was copied from |
//! | [`work`] | what the child is for, given from outside; the file it writes |
//! | [`watchdog`] | the child looks after itself: a timer, and handlers of crashes |
//! | [`last_message`] | what an orphan says on its service's stderr |
//!
//! Architecture invariants: nothing here allocates JavaScript, takes a lock that another thread may have held at the fork,
//! starts a thread or returns to the service's code; what a signal handler calls neither allocates nor locks. Every child has a
//! deadline of its own, and whatever ends it takes its file along, unless that is whole. A child that breaks one of these
//! hangs, which `hang` and the tests of the fork see.

pub mod last_message;
pub mod run;
pub mod settle;
pub mod watchdog;
pub mod work;
