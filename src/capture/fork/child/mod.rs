//! The forked child's side.

pub mod last_message;
pub mod run;
pub mod watchdog;
