//! A snapshot by a forked child: JavaScript stands still for the fork only. docs/pause-free.md tells it to users.
//!
//! [`prepare`] and [`supervise`](supervise::supervise) run on a thread of their own; only [`Prepared::fork`] runs on the
//! JavaScript thread. What the child does with the copied heap is a [`ChildWork`] that it is given from outside.
//!
//! | file | what it does |
//! |---|---|
//! | [`mod@available`] | whether forking can work on this system |
//! | [`prepared`] | everything the child needs, made before the fork |
//! | [`descriptors`] | the process's descriptors that matter to its copy |
//! | [`v8_workers`] | whether V8's worker threads sleep |
//! | [`pthread_slots`] | where the process's objects keep the addresses of locks: in the child nobody waits |
//! | [`relocations`] | the slots in which objects keep the addresses of each other's functions |
//! | [`look`] | until when a process may stand still that is frozen and goes on |
//! | [`mappings`] | what is mapped, and whether a fork copies it |
//! | [`dontfork`] | puts back the marks by which V8's memory is left out of other forks |
//! | [`target`] | where what a child finds goes |
//! | [`start`] | the fork itself |
//! | [`child`] | the child's side |
//! | [`signal`] | the fork of a thread that is stuck in native code, from a signal's handler |
//! | [`snapshot`] | the work of a child that writes a snapshot |
//! | [`report`] | the work of a child that reads one itself and leaves no file |
//! | [`answer`] | what that has to say, in memory that is shared |
//! | [`image`] | the work of a child that freezes itself |
//! | [`priority`] | how much of the CPU a child takes from others |
//! | [`deadline`] | what a child has to keep to, and its own clock for it |
//! | [`system`] | what a child asks the kernel, also in signal handlers |
//! | [`task`] | what the kernel tells of this process's threads, read likewise |
//! | [`shared_page`] | how far the child is, and whether it is still wanted |
//! | [`protocol`] | exit statuses, and marks on the child's stderr |
//! | [`child_handle`] | the child as its service sees it |
//! | [`supervise`](mod@supervise) | watches it from outside |
//! | [`hang`] | whether it gets nowhere |
//! | [`child_memory`] | what it takes, and what is left for the service |
//! | [`verdict`] | how it ended |
//! | [`terminate`] | tells it to end |
//! | [`reap`] | kills and reaps it |
//! | [`waiting`] | between its work and its file's name |
//!
//! Architecture invariants: no thread of ours waits for the child while JavaScript waits for that thread; a child that nobody
//! supervises ends by itself; the child is killed or reaped by its process id only as long as that is not reaped.
//! `__test__/` would tell (the tests of the fork, with children that hang, crash and starve); the parts are tested here, next
//! to their code.

pub mod answer;
pub mod available;
pub mod child;
pub mod child_handle;
pub mod child_memory;
pub mod deadline;
pub mod descriptors;
pub mod dontfork;
pub mod hang;
pub mod image;
pub mod look;
pub mod mappings;
pub mod prepared;
pub mod priority;
pub mod protocol;
pub mod pthread_slots;
pub mod reap;
pub mod relocations;
pub mod report;
pub mod shared_page;
pub mod signal;
pub mod snapshot;
pub mod start;
pub mod supervise;
pub mod system;
pub mod target;
pub mod task;
pub mod terminate;
pub mod v8_workers;
pub mod verdict;
pub mod waiting;

pub use available::available;
pub use child::work::ChildWork;
pub use child_handle::Child;
pub use deadline::Terms;
pub use image::Image;
pub use prepared::{Patience, Prepared, QUIET_AT_LIMIT, QUIET_BEFORE, prepare};
pub use report::Report;
pub use snapshot::Snapshot;
pub use target::Destination;
