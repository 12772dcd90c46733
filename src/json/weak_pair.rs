//! How V8 says that an edge belongs to an entry of a WeakMap: in the edge's name, and nowhere else.
//!
//! `1 / part of key (Session @5) -> value (secret @7) pair in WeakMap (table @9)`
//!
//! The names of the two nodes stand in it as they are and may hold anything, also these words, so where they end is a
//! question with more than one answer. `heap::rules::ephemerons` gives DevTools' answer, for every number hangs on it;
//! `redact` takes a name apart and puts it together again, and so accepts only what V8 can have written;
//! `heap::paths` wants the table's id of names that are meant to be read, and takes the last that looks like one.

/// Behind the number of the entry.
pub const KEY_BEGINS: &str = " / part of key (";
/// Between the id of the key and the name of the value.
pub const VALUE_BEGINS: &str = ") -> value (";
/// Between the id of the value and that of the table.
pub const TABLE: &str = ") pair in WeakMap (table";
/// Before each id.
pub const ID: &str = " @";
