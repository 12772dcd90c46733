//! What is counted, for the reader.
//!
//! | file | what it counts |
//! |---|---|
//! | [`aggregates`] | each class |
//! | [`statistics`] | each kind of memory |
//! | [`duplicates`] | strings that are there more than once |
//! | [`diff`] | what came and went between two snapshots |
//! | [`growth`] | which classes grow over more than two |

pub mod aggregates;
pub mod diff;
pub mod duplicates;
pub mod growth;
pub mod statistics;
