//! Makes a snapshot file.
//!
//! | file | what it does |
//! |---|---|
//! | [`info`] | what is said about a snapshot: header, trailer, `SnapshotInfo` |
//! | [`frames`] | the file's byte layout: metadata in skippable zstd frames |
//! | [`json`] | what can be told of a snapshot's JSON without parsing it |
//! | [`name`] | file names that sort by time |
//! | [`folder`] | the folder, by descriptor where that closes races |
//! | [`sink`] | writes: temporary file → seal → publish |
//! | [`store`] | list, find, keep, clean, remove |
//! | [`reader`] | gives the JSON back, checks that it is whole |
//! | [`fault`] | operating-system errors as ours |

pub mod fault;
pub mod folder;
pub mod frames;
pub mod info;
pub mod json;
pub mod name;
pub mod reader;
pub mod sink;
pub mod store;
