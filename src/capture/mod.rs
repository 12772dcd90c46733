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
//! | [`user`] | the user a process acts as, and what its change explains |
//! | [`writer`] | who wrote a file, and whether it still lives |
//! | [`reader`] | gives the JSON back, checks that it is whole |
//! | [`fault`] | operating-system errors as ours |
//! | [`options`] | what a caller or a rule may say |
//! | [`budget`] | whether there is memory for it |
//! | [`intake`] | masks, then writes |
//! | [`pipe`] | the way from the JavaScript thread to the sink |
//! | [`turn`] | one capture a folder at a time, over all processes |
//! | [`inline`] | the snapshot in this process |
//! | `fork` | the snapshot in a forked child: the parent's side |
//! | `child` | the child's side |

pub mod budget;
#[cfg(target_os = "linux")]
pub mod child;
pub mod fault;
pub mod folder;
#[cfg(target_os = "linux")]
pub mod fork;
pub mod frames;
pub mod info;
pub mod inline;
pub mod intake;
pub mod json;
pub mod name;
pub mod options;
pub mod pipe;
pub mod reader;
pub mod redact;
pub mod sink;
pub mod store;
pub mod turn;
pub mod user;
pub mod writer;
