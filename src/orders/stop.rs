//! Why an attempt at an order has left no file, and what that says of the next one.

use std::fmt;

use super::folder_turn;
use crate::error::Error;

/// Why there is no file.
#[derive(Debug)]
pub enum Stop {
    /// Another way would meet the same.
    Final(Error),
    /// Forking does not work out here, though the snapshot itself may.
    NotByFork(Error),
    /// It takes more than there is, of memory, of time or of luck: what takes less may do.
    TooDear(Error),
    /// JavaScript would stand still for longer than it may: what takes longer may not be had instead.
    TooLong(Error),
    /// JavaScript's thread does not answer, and others wait for the folder.
    Later,
}

impl Stop {
    /// How a child's own failure is to be taken.
    pub fn of_child(error: Error) -> Self {
        match error {
            Error::MemoryBudget(_) | Error::Timeout(_) | Error::CaptureFailed(_) => Self::TooDear(error),
            _ => Self::Final(error),
        }
    }

    /// The folder's turn was waited for in vain. `hurried`: an image is to be had, which needs none.
    pub fn of_turn(error: Error, hurried: bool) -> Self {
        match error {
            Error::Timeout(_) if hurried => Self::TooDear(Error::Timeout(folder_turn::busy())),
            error => Self::Final(error),
        }
    }

    /// Whether an image may do where a snapshot did not.
    pub fn leaves_room_for_less(&self) -> bool {
        matches!(self, Self::NotByFork(_) | Self::TooDear(_))
    }

    /// This, and what was found beside it.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let more = |error: Error| {
            let (this, other) = (error.to_string(), other.to_string());
            Error::from_code(error.code(), one_after_the_other(&this, &other))
        };
        match self {
            Self::Final(error) => Self::Final(more(error)),
            Self::NotByFork(error) => Self::NotByFork(more(error)),
            Self::TooDear(error) => Self::TooDear(more(error)),
            Self::TooLong(error) => Self::TooLong(more(error)),
            Self::Later => Self::Later,
        }
    }

    /// The same of what stands below this and was tried after it: how it ends is what that came to.
    #[must_use]
    pub fn then(self, below: Self) -> Self {
        match below {
            Self::NotByFork(_) | Self::TooDear(_) => self.and(&below),
            Self::TooLong(error) => {
                let error = Error::from_code(error.code(), format!("{self}; {error}"));
                Self::TooLong(error)
            }
            Self::Final(_) | Self::Later => below,
        }
    }

    /// As what its order fails with.
    pub fn into_error(self) -> Error {
        match self {
            Self::Final(error) | Self::NotByFork(error) | Self::TooDear(error) | Self::TooLong(error) => {
                error
            }
            Self::Later => Error::CaptureFailed(folder_turn::busy()),
        }
    }
}

/// Both, but what `first` says and `then` begins with too (no process is to be had, for a snapshot as for an image) is said once.
pub fn one_after_the_other(first: &str, then: &str) -> String {
    match then.strip_prefix(first) {
        Some(rest) if rest.is_empty() || rest.starts_with("; ") => then.to_owned(),
        _ => format!("{first}; {then}"),
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Final(error) | Self::NotByFork(error) | Self::TooDear(error) | Self::TooLong(error) => {
                error.fmt(f)
            }
            Self::Later => f.write_str(&folder_turn::busy()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_way_of_both_is_said_once() {
        assert_eq!(one_after_the_other("no process", "no process"), "no process");
        assert_eq!(one_after_the_other("no process", "no process; too long"), "no process; too long");
        assert_eq!(one_after_the_other("no process", "no processor"), "no process; no processor");
        let refused = Stop::NotByFork(Error::CaptureFailed("no process".into()));
        let image = Stop::TooLong(Error::CaptureFailed("no process; too long".into()));
        assert_eq!(refused.and(&image).to_string(), "no process; too long");
    }
}
