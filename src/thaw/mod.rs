//! Goes on with what a heap image holds, in a process of its own: V8's snapshot, or answers to questions.
//!
//! The image is read twice. Once to see that it is whole, and what it needs (the files of its mappings, a CPU, memory);
//! then the loader, a static program of the package (`thaw/` beside `src/`), is started, and fed with it.
//!
//! | file | what it does |
//! |---|---|
//! | [`options`] | what a caller may say |
//! | `stream` | from record to record of an image |
//! | `survey` | the first reading: what the image is and needs |
//! | `needs` | whether this machine has that |
//! | `beside` | whether a service can spare it |
//! | `feed` | the second reading, into the loader |
//! | `start` | starts the loader |
//! | `supervise` | what comes out of it, its end |
//! | `guard` | its limits: time, memory, sleep |
//! | `status` | what the kernel says of its memory and sleep |
//! | `asleep` | whether it waits for what will never come |
//! | `end` | how it ended, as an error |
//! | [`session`] | all that: [`run`] |
//! | `bring` | the files an image needs, so that they can travel with it |
//! | [`snapshot`] | V8's snapshot as a file |
//!
//! Sees the image's format, its file, the masking of texts, and the kernel's figures about memory.
//!
//! Architecture invariants: an image is hostile input; the loader's own checks (`thaw/src/check.rs`, which this room
//! compiles too) see every record before anything is started. No process and no file outlives a call: the loader is killed
//! and reaped on every way out, and dies with the thread that started it. What a copy writes is bounded by whoever takes
//! it. The tests of this room run images of hand-made code, `__test__/image/` real ones.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod asleep;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod beside;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod bring;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod end;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod feed;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod guard;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod needs;
pub mod options;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod session;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
#[path = "elsewhere.rs"]
pub mod session;
pub mod snapshot;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod start;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod status;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod stream;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod supervise;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod survey;
#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tests;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use beside::stand_back;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use bring::bring;
pub use options::{Progress, Requests, ThawOptions};
pub use session::run;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub use session::{bring, stand_back};
pub use snapshot::{SnapshotOptions, snapshot};
