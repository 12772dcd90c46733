//! A copy of the process, frozen into an image and thawed elsewhere: what is made ready for it beforehand, and what it does.
//!
//! | file | what it does |
//! |---|---|
//! | [`freeze`] | freezes this process, and goes on in its copy |
//! | [`serve`] | does what the copy is asked, and leaves |
//! | `wire` | what comes in, and what goes out |
//! | `alarm` | a copy that reaches no stack guard |
//! | `slots` | functions of the C library that a copy has others for |
//! | `write` | the one that wakes nobody |
//! | `turns` | those by which a loop goes on until a stack guard comes |
//! | `ends` | the one that would end a copy before its work is done |
//! | `malloc` | `malloc` and its kin, in a copy |
//! | `arena` | the memory that they give |
//!
//! Sees the image's format, the fork's search for slots, and V8.
//!
//! Architecture invariants: a copy never returns to the service's code once it serves, starts no thread, takes no lock that
//! another thread may have held, opens nothing: it has three descriptors and one thread. Everything that needs the loader's
//! lock is found before freezing. `__test__/image/` tells, on images of each kind; the parts are tested here, next to their code.

mod alarm;
mod arena;
mod ends;
pub mod freeze;
mod malloc;
pub mod serve;
mod slots;
mod turns;
mod wire;
mod write;
