//! What grows from snapshot to snapshot, without ids: paths are compared, not objects.
//!
//! It sees `super::{graph, host}`, `super::rules::scripts`, and of `super::paths` what nodes are.
//!
//! Ids of two captures need not match, nor those of two processes. So every object is put to the shortest way on which
//! it is held ([`walk`]), ways that read the same are one *place* ([`places`]), and places are counted in each snapshot
//! ([`growing`]): a Map that is held by the variable `sessions` is one place, and all its values of one class are another
//! below it. Ways whose steps repeat themselves (linked lists, chains of promises, nested scopes) are folded, so that
//! the thousandth node of a list is in the same place as the second.
//!
//! **Architecture invariant:** of a snapshot that was walked only numbers by place are kept: one graph is in memory at a
//! time. There are at most [`places::MOST`] places; what would be in others is counted where it hangs from.
//!
//! | file | what it does |
//! |---|---|
//! | [`walk`] | the shortest way to each object, what Node and V8 hold last; the objects' places |
//! | [`places`] | the tree of places, and what was counted in each snapshot |
//! | `step` | when two steps read the same, in whichever snapshots they are |
//! | `words` | what the names in them mean |
//! | `functions` | the functions that have a scope |
//! | `seeds` | where a program begins: ways are walked from there first |
//! | `late` | which ways are walked last |
//! | [`growing`] | which places grow, and where that is to be reported |
//! | [`kept`] | what is kept of them from one report of a process to the next |
//! | [`shape`] | the shape of a series |
//!
//! What would tell: each file's tests; `__test__/leaks` and `__test__/healthy`.

mod functions;
pub mod growing;
pub mod kept;
mod late;
pub mod places;
mod seeds;
pub mod shape;
mod step;
pub mod walk;
pub(in crate::heap) mod words;
