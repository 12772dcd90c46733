//! A process's memory as a file (a *heap image*), which another process can become: frozen in a tenth of a second where V8's
//! snapshot does not fit, thawed elsewhere.
//!
//! | file | what it does |
//! |---|---|
//! | [`mod@format`] | the bytes; shared with the loader |
//! | [`shuffle`] | puts the bytes of words apart, so that they are packed better |
//! | [`freeze`] | writes it |
//! | [`open`] | reads it |
//! | [`objects`] | executables and libraries beside images, by build id |
//! | `elf` | what is to be known of one |
//! | [`cpu`] | what a CPU can do |
//! | [`request`] | what a thawed copy is asked to do |
//!
//! Sees the layout of our files and their folder, for an image lies in one like a snapshot: header frame, zstd frames,
//! trailer frame. What is packed in those frames, put apart by blocks ([`shuffle`]), one after the other, integers little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 88 | [`format::Start`]: `hwimage1`, version 4, moment 4, resume 8, stack 8, fs 8, gs 8, pid 4, tid 4, cpu 4 × 8 |
//! | 48 | [`format::Record`]: tag 4, payload 4, a 8, b 8, c 8, protection 4, kind 4, object 4, zeros 4; again and again: |
//! | 8 + id + path | behind an `OBJECT`: [`format::Object`], then the build id, then the path (`payload` counts all three) |
//! | 0 | behind a `REGION`: a…b is the mapping, its protection and kind; `c` is the offset in the object, or the heap's room |
//! | b | behind a `RUN`: the pages from `a` on, of the region before it |
//! | 0 | behind the `END`: `a` regions, `b` bytes of pages; nothing follows |
//!
//! Regions ascend and do not overlap, and so do the runs in one. A page that no run has is zeros, or in a region of an object
//! the file's. Where the process goes on, all but stack pointer and thread base is on its stack: mxcsr 4, x87 control word 2,
//! 2 unused, r15, r14, r13, r12, rbx, rbp, and the address to return to with 1 in rax.
//!
//! Architecture invariants: what freezes allocates nothing, takes no lock and calls nothing but the kernel (`freeze`'s tests
//! fence the calls in and count allocations); what an image has of its process's memory is that byte for byte (they compare), and
//! what it has not is zeros: the freezer's own memory, contents of Buffers that nobody wants, devices, and mapped files beyond a
//! bound, which `Written::left_out` counts; what an image says of objects is hostile input to who looks for them. `unsafe` may
//! stand in all of it.

pub mod cpu;
mod elf;
pub mod format;
pub mod freeze;
pub mod objects;
pub mod open;
pub mod request;
pub mod shuffle;
