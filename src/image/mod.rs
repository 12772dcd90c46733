//! A process's memory as a file (a *heap image*), which another process can become: frozen in a tenth of a second where V8's
//! snapshot does not fit, thawed elsewhere.
//!
//! | file | what it does |
//! |---|---|
//! | [`mod@format`] | the bytes; shared with the loader |
//! | [`request`] | what a thawed copy is asked to do |
//!
//! Architecture invariant: what freezes allocates nothing, takes no lock and calls nothing but the kernel; an image is hostile
//! input to who reads it. `__test__/image/` would tell.

pub mod format;
pub mod request;
