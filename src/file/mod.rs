//! The snapshot file itself: its name, its layout, how it is written, read, found, kept and removed.
//!
//! | file | what it does |
//! |---|---|
//! | [`fault`] | operating-system errors as ours |
//! | [`folder`] | the folder, by descriptor where that closes races |
//! | [`frames`] | the file's byte layout: metadata in skippable zstd frames |
//! | [`info`] | what is said about a snapshot: header, trailer, `SnapshotInfo` |
//! | [`name`] | file names that sort by time |
//! | [`reader`] | gives the JSON back, checks that it is whole |
//! | [`sink`] | writes: temporary file → seal → publish |
//! | [`store`] | list, find, keep, clean, remove |
//! | [`turn`] | one capture a folder at a time, over all processes |
//! | [`writer`] | who wrote a file, and whether it still lives |

pub mod fault;
pub mod folder;
pub mod frames;
pub mod info;
pub mod name;
pub mod reader;
pub mod sink;
pub mod store;
pub mod turn;
pub mod writer;
