//! What DevTools' rules say of a graph.
//!
//! | file | what it decides |
//! |---|---|
//! | `detached` | which nodes are detached |
//! | `page` | which are the page's |
//! | `ephemerons` | which edges are an entry's of a WeakMap |
//! | `essential` | which edges retain |
//! | `shallow` | whose size counts for whom |
//! | [`distances`] | how far a node is from the roots |
//! | [`classes`] | the class of each node; plain objects by interface |
//! | [`names`], [`scripts`] | what a node is shown as, and where its code stands |

pub mod classes;
pub(super) mod detached;
pub mod distances;
pub(super) mod ephemerons;
pub(super) mod essential;
pub mod names;
pub(super) mod page;
pub mod scripts;
pub(super) mod shallow;
