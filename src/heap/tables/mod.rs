//! What is counted, for the reader.
//!
//! It sees `super::graph` and `super::rules`.
//!
//! **Architecture invariant:** a table decides nothing. Which class a node is in, which edge retains, what a string's text is
//! was said by a rule; here it is added up and put in an order. Sums saturate: a snapshot may claim any size.
//!
//! | file | what it counts |
//! |---|---|
//! | [`aggregates`] | each class: DevTools' "Summary" |
//! | [`statistics`] | each kind of memory: DevTools' "Statistics" |
//! | [`duplicates`] | strings that are there more than once; `spans`, `texts`: what concatenated ones read as |
//! | [`retained_tree`] | who retains what, as a tree to look at: `given`, `heavy`, `chains`, `plan`, `rest`, `labels` |
//! | [`diff`] | what came and went between two snapshots: DevTools' "Comparison"; `census`: what it needs of each |
//! | [`growth`] | which classes grow over more than two |
//!
//! What would tell: each file's tests against naive twins; `__test__/oracle`, `__test__/analysis` for rows as users get them.

pub mod aggregates;
pub mod diff;
pub mod duplicates;
pub mod growth;
pub mod retained_tree;
pub mod statistics;
