//! Gives a snapshot's JSON back, from every kind of file and from pipes.

mod gzip;
mod input;
mod json_reader;
mod kind;
mod opening;
mod walk;

pub use input::{Input, Later, Stop};
pub use json_reader::{Reader, Verified, one_frame, open, verify};
pub use opening::{open_any, salvage, stream};
