//! The snapshot file itself: its name, its layout, how it is written, read, found, kept and removed.
//!
//! | file | what it does |
//! |---|---|
//! | [`fault`] | operating-system errors as ours |
//! | [`folder`] | the folder, by descriptor where that closes races |
//! | [`home`] | where process ids count: the machine and the namespace of ids |
//! | [`info`] | what is said about a snapshot: header, trailer, `SnapshotInfo` |
//! | [`frames`] | the file's byte layout: metadata in skippable zstd frames |
//! | [`name`] | file names that sort by time |
//! | [`writer`] | who wrote a file, and whether it still lives |
//! | [`store`] | list, find, keep, clean, remove |
//! | [`sink`] | writes: temporary file → seal → publish |
//! | [`reader`] | gives the JSON back, checks that it is whole |
//! | [`turn`] | one capture a folder at a time, over all processes |
//!
//! Sees `json` for the outline of V8's format, and `error`.
//!
//! Architecture invariants: knows no V8, no thread and no other process than by its id in a file. Nothing stands under a
//! final name that is not complete, and what goes is decided where a file gets its name. What a writer calls between
//! `Sink::create` and `Sealed::publish` takes no lock that another thread may hold at a fork: a forked child writes too
//! (`sink/unfinished.rs` has a list behind a lock; a child's file has been struck off it before the fork, by `lend`).
//! What does not parse as ours is never removed. `tests/file/` and `__test__/file/` would tell (writers that are killed, disks that are full), and
//! the tests of the fork.

pub mod fault;
pub mod folder;
pub mod frames;
pub mod home;
pub mod info;
pub mod name;
pub mod reader;
pub mod sink;
pub mod store;
pub mod turn;
pub mod writer;
