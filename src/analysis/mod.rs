//! Analyses snapshots on request. A room of its own because [`heap`](crate::heap) is pure: what it must not do,
//! opening files, starting threads, asking how much memory is left, is done here for it, and nowhere for Node-API.
//!
//! It sees `heap`, `json`, `file`, `probe`, `units`, `error`.
//!
//! **Architecture invariant:** no thread of JavaScript works or waits here. What an analysis will need is asked for before
//! anything is parsed and again while it is read, so that it never takes the memory the service has not got; it runs one
//! at a time, and nice. It knows no capture and no monitor.
//!
//! | file | what it does |
//! |---|---|
//! | [`queue`] | one analysis at a time in a process |
//! | [`request`] | the question and the answer as JSON |
//! | [`load`] | the way from a place to a graph, to sizes and distances |
//! | [`source`] | opens a file, a folder's newest snapshot, standard input |
//! | [`read_ahead`] | reads and decodes on a thread of its own |
//! | [`estimate`] | the memory it will need, before it starts and while it reads |
//! | [`workers`] | the [`Host`](crate::heap::Host): threads, progress, the end |
//! | [`identity`] | whether the ids of two snapshots mean the same objects |
//! | [`live`] | reports of heaps that are in no file |
//! | [`report`] | what a report shows: suspects, tables and a tree of one reading |
//! | [`summary`], [`comparison`], [`retainers`], [`suspects`] | what is found, as users get it |
//!
//! What would tell: each file's tests; `__test__` for analyses inside a server, of broken files and of what is too large.

pub mod comparison;
pub mod estimate;
pub mod identity;
pub mod live;
pub mod load;
pub mod queue;
pub mod read_ahead;
pub mod report;
pub mod request;
pub mod retainers;
pub mod source;
pub mod summary;
pub mod suspects;
pub mod workers;
