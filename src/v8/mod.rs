//! The only place that knows V8's C++ ABI.
//!
//! The `node` executable exports V8's public C++ API. Its Itanium-mangled names encode the parameter types,
//! so a changed signature is a missing symbol, never a wrong call. What the names cannot prove (the layout
//! of `HeapStatistics`) is compared with what `node:v8` says before it is trusted. Anything unknown selects
//! the portable path with a reason: see [`binding`].
//!
//! Every call here happens on the isolate's own thread, but for the interrupt request of [`Handle`], the one
//! that V8 documents as safe from any thread.

pub mod array_buffers;
pub mod handle;
pub mod isolate;
mod limit;
pub mod profiler;
mod reserve;
mod spaces;
pub mod symbols;

pub use handle::{Callbacks, Handle, silence};
pub use isolate::{GcKind, HeapFigures, Isolate};
pub use symbols::{Symbols, binding, verify};
