//! V8's snapshot format.
//!
//! | file | what it does |
//! |---|---|
//! | [`outline`] | what can be told of a snapshot's JSON without parsing it |

pub mod digits;
pub mod kinds;
pub mod meta;
pub mod outline;
pub mod rows;
pub mod step;
