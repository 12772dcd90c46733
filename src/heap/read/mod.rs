//! JSON → [`Graph`](super::graph::Graph), in one pass.
//!
//! It sees `json`, `super::graph`, and `super::host` for a second thread and for how much may be held.
//!
//! **Architecture invariant:** what a snapshot claims is reserved for only as far as the bytes for it can still come. A
//! fast way and the row-by-row way give the same graph and the same error at the same byte, so the fast one never says
//! what is wrong: it gives up, and the slow one does.
//!
//! | file | what it does |
//! |---|---|
//! | [`parse`] | the sections in their order; what does not fit together |
//! | `layout` | which number of a row is what |
//! | `cursor` | the bytes, block by block, and where they stand in the file |
//! | `section` | what is no row of nodes or edges: keys, locations, strings |
//! | `blocks`, `parallel`, `columns` | rows the fast way: both halves of a block at the same time, into columns of their own |
//! | `references` | what rows refer to by number: strings and nodes |
//! | `salvage` | what can be made of a file that was cut |
//!
//! What would tell: `parse`'s and `parallel`'s tests (the two ways against each other, at every byte), `tests/bad_snapshots`.

mod blocks;
mod columns;
mod cursor;
mod layout;
mod parallel;
pub mod parse;
mod references;
mod salvage;
mod section;
