//! Becomes the process that a heap image holds.
//!
//! It is started by the room `thaw` of heapwarden with a socket as descriptor 0, on which an image's raw bytes come (the
//! files of its mappings as descriptors before them), and with two pipes to write to. It maps and fills what the image
//! says, closes every other descriptor, limits memory and time, puts a fence around itself, and jumps to where the image
//! stood. What the image's own code reads on descriptor 0 after that, and writes, is no business of the loader's.
//!
//! | file | what it does |
//! |---|---|
//! | `start` | the first instruction, and the last |
//! | [`arguments`] | what the room says |
//! | [`check`] | whether a record may be carried out; pure, and compiled into the tests of the room |
//! | [`load`] | carries records out |
//! | [`objects`] | the descriptors of mapped files |
//! | [`heap_end`] | where the kernel lets the image's `[heap]` grow |
//! | [`limits`] | memory, time, files |
//! | [`fence`] | which system calls are left |
//! | [`words`] | the one line on stderr when it goes wrong |
//! | [`system`] | system calls |
//! | `bytes` | what the compiler expects of a libc |
//!
//! Architecture invariants: an image is hostile input. Nothing of it is believed before [`check`] has seen it; nothing is
//! mapped over the loader; it is never jumped into outside the fence. `src/thaw/tests/` would tell.

#![no_std]
#![no_main]

mod arguments;
mod bytes;
mod check;
mod fence;
#[allow(dead_code, reason = "the writer's part of it")]
#[path = "../../src/image/format.rs"]
mod format;
mod heap_end;
mod limits;
mod load;
mod objects;
mod start;
mod system;
mod words;

use arguments::Arguments;
use words::{Failure, fail};

/// With the stack that the kernel gave, for the arguments on it; runs on one of its own.
fn run(initial: *const usize) -> ! {
    // SAFETY: `start` passes what the kernel set the stack pointer to.
    let arguments = unsafe { Arguments::read(initial) }.unwrap_or_else(|failure| fail(failure));
    match become_image(&arguments) {
        Ok(entry) => start::jump(entry.resume, entry.stack),
        Err(failure) => fail(failure),
    }
}

fn become_image(arguments: &Arguments) -> Result<load::Entry, Failure> {
    limits::bind_to_parent(arguments.parent)?;
    limits::prepare();
    let objects = objects::receive(arguments.objects)?;
    load::make_room();
    let entry = load::load(&objects)?;
    heap_end::give(&entry)?;
    limits::keys();
    limits::close_descriptors();
    limits::set(arguments, entry.idle)?;
    load::thread(&entry)?;
    fence::put_up()?;
    Ok(entry)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    fail(Failure::new("panic", 0))
}
