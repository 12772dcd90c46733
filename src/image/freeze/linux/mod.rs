//! The freezer, where there is one: Linux on x64.

mod base;
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

#[cfg(test)]
mod tests;
