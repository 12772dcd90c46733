//! The freezer, where there is one: Linux on x64.

mod elf;
mod files;
mod freezer;
mod kind;
mod maps;
mod pack;
mod presence;
mod stream;
mod sys;
mod trampoline;
mod view;
mod writer;

pub use freezer::Freezer;

/// Bytes to a page.
const PAGE: usize = crate::image::format::PAGE as usize;

/// Bytes of memory that are read at once where they cannot be packed where they lie.
const STAGE: usize = 256 << 10;

/// What some systems do not have, taken away for the tests.
#[derive(Clone, Copy, Default)]
struct Seams {
    /// No `/proc/self/mem`.
    no_mem: bool,
    /// No `/proc/self/pagemap`.
    no_pagemap: bool,
    /// Something is swapped out.
    swaps: bool,
}

#[cfg(test)]
mod tests;
