//! The freezer, where there is one: Linux on x64.

mod base;
mod cuts;
mod files;
mod freezer;
mod kind;
mod mapped;
mod maps;
mod memories;
mod pack;
mod presence;
mod small;
mod stream;
mod sys;
mod trampoline;
mod view;
mod writer;

pub use freezer::Freezer;
pub use mapped::mapped;
pub use memories::is_guarded;

#[cfg(test)]
mod tests;
