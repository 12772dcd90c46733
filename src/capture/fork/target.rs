//! Where what a child finds goes: into a file, or to its service.

use std::io;

use super::answer::Answer;
use crate::capture::intake::Intake;
use crate::file::sink::Sink;

/// Where what a child finds is to go.
pub enum Destination {
    /// Into a file.
    File(Box<Sink>),
    /// To its service, who is all that would want it: a report.
    Answer,
}

/// The same, made ready.
pub enum Target {
    /// Into this file.
    File(Box<Intake>),
    /// Into this memory, which the service has too.
    Answer(Answer),
}

impl Target {
    /// Made ready. With `redact` string values are masked on their way into a file.
    ///
    /// # Errors
    /// There is no memory to share.
    pub fn new(to: Destination, redact: bool) -> io::Result<Self> {
        Ok(match to {
            Destination::File(sink) => Self::File(Box::new(Intake::new(*sink, redact))),
            Destination::Answer => Self::Answer(Answer::new()?),
        })
    }

    /// The file it is, if it is one.
    pub fn intake(&self) -> Option<&Intake> {
        match self {
            Self::File(intake) => Some(intake),
            Self::Answer(_) => None,
        }
    }
}
