//! A process's memory as a file (a *heap image*), which another process can become: frozen in a tenth of a second where V8's
//! snapshot does not fit, thawed elsewhere.
//!
//! | file | what it does |
//! |---|---|
//! | [`mod@format`] | the bytes; shared with the loader |
//! | [`freeze`] | writes it |
//! | [`objects`] | executables and libraries beside images, by build id |
//! | `elf` | what is to be known of one |
//! | [`cpu`] | what a CPU can do |
//! | [`request`] | what a thawed copy is asked to do |
//!
//! Architecture invariant: what freezes allocates nothing, takes no lock and calls nothing but the kernel; an image is hostile
//! input to who reads it. `unsafe` may stand in all of it. `__test__/image/` would tell.

pub mod cpu;
mod elf;
pub mod format;
pub mod freeze;
pub mod objects;
pub mod request;
