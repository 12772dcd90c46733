//! Takes a snapshot: in a forked child, or in this process.
//!
//! | file | what it does |
//! |---|---|
//! | [`options`] | what a caller or a rule may say |
//! | [`images`] | whether it may leave an image |
//! | [`user`] | the user a process acts as, and what its change explains |
//! | [`budget`] | whether there is memory for it |
//! | [`permit`] | whether it may go on, and its file may get its name |
//! | [`intake`] | masks, then writes |
//! | [`packed`] | JSON in memory, for a report |
//! | [`reading`] | who makes reports, given from outside |
//! | [`pipe`] | the way from the JavaScript thread to the sink |
//! | [`spare`] | a thread for where the system gives none |
//! | [`inline`] | the snapshot in this process |
//! | `fork` | the snapshot, or an image, in a forked child |
//! | `copy` | what freezes this process, and what its thawed copy does |
//! | `in_place` | an image of this process where it stands |
//! | [`answering`] | who answers questions in a thawed copy |
//!
//! Sees V8, the kernel's figures, the masking and the file.
//!
//! Architecture invariants: never sees `heap`, so what a child does with the heap besides writing it is given to it from outside
//! (`fork::ChildWork`); does not decide who may capture, which is the orders' business; `unsafe` stands in `fork` and `copy` only. A
//! capture is given up or its file gets its name, never both ([`permit`]). What this must not do to its service the tests of the
//! addon tell: of snapshots, of the fork, of budgets and of the heap limit.

pub mod answering;
pub mod budget;
#[cfg(target_os = "linux")]
pub mod copy;
#[cfg(target_os = "linux")]
pub mod fork;
pub mod images;
#[cfg(target_os = "linux")]
pub mod in_place;
pub mod inline;
pub mod intake;
pub mod options;
pub mod packed;
pub mod permit;
pub mod pipe;
pub mod reading;
pub mod spare;
pub mod user;
