//! A thread that comes neither to its loop nor to a stack guard, since it sits in one long call of native code: it is interrupted
//! by a real-time signal, in whose handler the process forks, or is frozen in place.
//!
//! | file | what it does |
//! |---|---|
//! | [`conduct`](mod@conduct) | has it done, from another thread |
//! | [`thread`] | what a thread is doing |
//! | `number` | which signal, and its handler while it is wanted |
//! | `handler` | what the interrupted thread does |
//! | `request` | what it is asked for, made ready beforehand |
//! | `others` | whether all other threads sleep |
//! | [`hold`] | whether they stand still, where it is frozen in place |
//! | `maps` | the list of mappings, read without an allocation |
//! | `missing` | memory that the kernel did not copy into the child, handed over by its parent |
//! | `child` | what the child does |
//!
//! Architecture invariants: from the interruption to its end nothing here allocates, locks or calls anything but the kernel, and
//! all waiting is bounded; the handler touches a request only while it has taken it, and a request that it has taken is nobody
//! else's. Inside a collection it only notes what is wanted, and the collection's end carries it out.
//! `__test__/image/stuck.test.js` tells, and `scripts/moments.js` at random moments; the parts are tested here.

mod child;
pub mod conduct;
mod handler;
pub mod hold;
mod maps;
mod missing;
mod number;
mod others;
mod request;
pub mod thread;

pub use conduct::{Outcome, Wanted, conduct};
