//! Writes this process's memory as an image: in a forked child, in the process itself, in a signal handler, in a
//! collection.
//!
//! | file | what it does |
//! |---|---|
//! | `outcome` | what comes of it |
//! | `linux/freezer` | the memory it needs, mapped beforehand, and the call |
//! | `linux/trampoline` | the call that returns twice |
//! | `linux/writer` | from the list of mappings to the stream |
//! | `linux/maps` | that list |
//! | `linux/kind` | what a mapping is |
//! | `linux/cuts` | what of them is zeros in the image |
//! | `linux/small` | small ones that lie amid V8's heap |
//! | `linux/memories` | memories of WebAssembly, by what lies behind them |
//! | `linux/presence` | which of its pages are there |
//! | `linux/view` | memory that may not be there |
//! | `linux/files`, `linux/mapped` | the files that are mapped |
//! | `linux/stream` | the format's structures as bytes |
//! | `linux/pack` | the stream as zstd frames in the file |
//! | `linux/sys` | the kernel |
//! | `unsupported` | elsewhere: nothing is frozen |
//!
//! Pages that are there, may be read, and lie where no other thread can take them away are read in place; all others
//! through `process_vm_readv`, or `/proc/self/mem` where that is not to be had.

mod outcome;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod linux;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod unsupported;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use linux::{Freezer, is_guarded, mapped};
pub use outcome::{BY_CHILD, Fault, Frozen, How, IN_PLACE, Mapped, Presence, Small, Step, Written};
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub use unsupported::{Freezer, is_guarded, mapped};
