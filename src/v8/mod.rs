//! The only place that knows V8's C++ ABI.
//!
//! The `node` executable exports V8's public C++ API. Its Itanium-mangled names encode the parameter types,
//! so a changed signature is a missing symbol, never a wrong call. What the names cannot prove (the layout
//! of `HeapStatistics`) is compared with what `node:v8` says before it is trusted. Anything unknown selects
//! the portable path with a reason: see [`binding`].
//!
//! | file | what it does |
//! |---|---|
//! | [`symbols`] | V8's functions, found in the running executable by their mangled names |
//! | [`verify`](mod@verify) | whether our reading of V8's statistics is right |
//! | [`isolate`] | one isolate on its own thread: statistics, callbacks, ids of objects |
//! | `spaces` | what V8 says about each of its spaces |
//! | `reserve` | what `heap_size_limit` has beside the limit that ends the process |
//! | [`array_buffers`] | the bytes of ArrayBuffers, without asking JavaScript |
//! | [`backing_stores`] | where the contents of all ArrayBuffers lie |
//! | `sweeper` | V8's own list of them |
//! | `platform` | the isolates of this process |
//! | `words` | memory that may not be what it is taken for |
//! | `stable_ids` | what may be said of the ids of objects |
//! | `callbacks` | whom V8's callbacks reach |
//! | `near_limit` | one callback near the heap limit for each isolate |
//! | `limit_list` | whether it is the only one |
//! | [`thawed`] | what V8 calls in a copy of the process that was thawed |
//! | [`handle`] | an isolate as other threads may hold it |
//! | [`profiler`] | a snapshot becomes bytes |
//! | [`questions`] | objects by id or class, and microtasks: what a question about a copy needs |
//!
//! Architecture invariants: every call happens on the isolate's own thread, but for the interrupt request of [`Handle`], the
//! one that V8 documents as safe from any thread. Nothing of ours unwinds into V8, and nothing is called inside a collection
//! but what V8 allows there. No other room names a V8 symbol (`tests/walls.rs` sees it); that the symbols are right on each
//! Node major the tests of the addon tell, which run on all of them.

pub mod array_buffers;
pub mod backing_stores;
mod callbacks;
pub mod handle;
pub mod isolate;
mod limit_list;
mod near_limit;
mod platform;
pub mod profiler;
pub mod questions;
mod reserve;
mod spaces;
mod stable_ids;
mod sweeper;
pub mod symbols;
pub mod thawed;
pub mod verify;
mod words;

pub use callbacks::{Callbacks, after_collections, in_gc, silence};
pub use handle::Handle;
pub use isolate::{GcKind, HeapFigures, Isolate};
pub use platform::Unknown;
pub use stable_ids::StableIds;
pub use symbols::{Symbols, binding};
pub use verify::{Reference, verify};
