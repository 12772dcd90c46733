//! Makes a snapshot file.
//!
//! | file | what it does |
//! |---|---|
//! | [`info`] | what is said about a snapshot: header, trailer, `SnapshotInfo` |
//! | [`frames`] | the file's byte layout: metadata in skippable zstd frames |
//! | [`json`] | what can be told of a snapshot's JSON without parsing it |
//! | [`name`] | file names that sort by time |
//! | [`folder`] | the folder, by descriptor where that closes races |
//! | [`redact`] | masks the string values on the way |
//! | [`sink`] | writes: temporary file → seal → publish |
//! | [`store`] | list, find, keep, clean, remove |
//! | [`reader`] | gives the JSON back, checks that it is whole |
//! | [`fault`] | operating-system errors as ours |
//! | [`options`] | what a caller or a rule may say |
//! | [`budget`] | whether there is memory for it |
//! | [`pipe`] | the way from the JavaScript thread to the sink |
//! | [`inline`] | the snapshot in this process |

pub mod budget;
pub mod fault;
pub mod folder;
pub mod frames;
pub mod info;
pub mod inline;
pub mod json;
pub mod name;
pub mod options;
pub mod pipe;
pub mod reader;
pub mod redact;
pub mod sink;
pub mod store;
