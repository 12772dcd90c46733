//! V8's snapshot format, as far as more than one room must know it: `heap` reads a snapshot, `redact` masks it while it
//! streams by, `file` tells by its first and last bytes whether it is whole.
//!
//! It sees nothing of ours, and of what is read only bytes.
//!
//! **Architecture invariant:** nothing here knows what a snapshot is read for. There is no graph, no mask and no file
//! here, no thread and no clock; memory is taken for the preamble and one text at most. What two readers do differently,
//! the second one says why.
//!
//! | file | what it does |
//! |---|---|
//! | [`meta`] | the preamble (`"snapshot"`): counts, and which number of a row is what |
//! | [`kinds`] | types of nodes and edges, by V8's names |
//! | [`rows`] | flat lists of numbers, row by row, in pieces of any size |
//! | [`digits`] | numbers, eight digits at a time |
//! | [`text`] | escapes, WTF-8 |
//! | [`weak_pair`] | the names of a WeakMap's entries |
//! | [`step`] | what a scanner says that reads in pieces |
//! | [`outline`] | what can be told of a snapshot's JSON without parsing it |
//!
//! What would tell: the unit tests here, `heap::read`'s and `redact`'s against their twins, `tests/fuzz_corpus.rs`,
//! `tests/bad_snapshots`; that the room stays pure, `tests/walls.rs`.

pub mod digits;
pub mod kinds;
pub mod meta;
pub mod outline;
pub mod rows;
pub mod step;
pub mod text;
pub mod weak_pair;
