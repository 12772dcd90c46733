//! Takes a snapshot: in a forked child, or in this process.
//!
//! | file | what it does |
//! |---|---|
//! | [`user`] | the user a process acts as, and what its change explains |
//! | [`options`] | what a caller or a rule may say |
//! | [`budget`] | whether there is memory for it |
//! | [`intake`] | masks, then writes |
//! | [`permit`] | whether it may go on, and its file may get its name |
//! | [`pipe`] | the way from the JavaScript thread to the sink |
//! | [`inline`] | the snapshot in this process |
//! | `fork` | the snapshot in a forked child |

pub mod budget;
#[cfg(target_os = "linux")]
pub mod fork;
pub mod inline;
pub mod intake;
pub mod options;
pub mod permit;
pub mod pipe;
pub mod user;
