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
            Error::MemoryBudget(_)
            | Error::Timeout(_)
            | Error::CaptureFailed(_)
            | Error::AnalysisFailed(_)
            | Error::CorruptSnapshot(_) => Self::TooDear(error),
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

    /// This, and what was found beside it. Who gave it up knows why there is none.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        if self.is_given_up() {
            return self;
        }
        let more = |error: Error| {
            let words = one_after_the_other(&error.to_string(), &other.to_string());
            error.with_words(words)
        };
        match self {
            Self::Final(error) => Self::Final(more(error)),
            Self::NotByFork(error) => Self::NotByFork(more(error)),
            Self::TooDear(error) => Self::TooDear(more(error)),
            Self::TooLong(error) => Self::TooLong(more(error)),
            Self::Later => Self::Later,
        }
    }

    /// The same of what stands below this and was tried after it: whether something else may be had is what that came to. Its code
    /// is that of what failed first, unless the way below has met what every way would.
    #[must_use]
    pub fn then(self, below: Self) -> Self {
        let words = one_after_the_other(&self.to_string(), &below.to_string());
        match below {
            Self::NotByFork(_) | Self::TooDear(_) => self.and(&below),
            Self::TooLong(_) => Self::TooLong(self.into_error().with_words(words)),
            Self::Final(error) if !is_given_up(&error) => Self::Final(error.with_words(words)),
            Self::Final(_) => below,
            Self::Later => Self::Final(self.into_error().with_words(words)),
        }
    }

    fn is_given_up(&self) -> bool {
        matches!(self, Self::Final(error) if is_given_up(error))
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

fn is_given_up(error: &Error) -> bool {
    matches!(error, Error::Aborted(_) | Error::Stopped(_))
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

    fn killed() -> Stop {
        Stop::of_child(Error::CaptureFailed("the child was ended by signal 9".into()))
    }

    fn ends(stop: Stop) -> (&'static str, String, bool) {
        let more = stop.leaves_room_for_less();
        let error = stop.into_error();
        (error.code(), error.to_string(), more)
    }

    #[test]
    fn a_pause_that_is_refused_does_not_hide_why_it_was_asked_for() {
        let refused = || Stop::TooLong(Error::Timeout("maxPause allows 0ms".into()));
        let words = "the child was ended by signal 9; maxPause allows 0ms".to_owned();
        assert_eq!(ends(killed().then(refused())), ("HEAPWARDEN_CAPTURE_FAILED", words, false));
        let dear = Stop::TooDear(Error::MemoryBudget("an image by fork needs more".into()));
        let (code, words, more) = ends(dear.then(refused()));
        assert_eq!((code, more), ("HEAPWARDEN_MEMORY_BUDGET", false));
        assert_eq!(words, "an image by fork needs more; maxPause allows 0ms");
        // Under a snapshot that was refused before.
        let snapshot = Stop::TooDear(Error::MemoryBudget("a snapshot needs more".into()));
        let (code, words, _) = ends(snapshot.and(&killed().then(refused())));
        assert_eq!(code, "HEAPWARDEN_MEMORY_BUDGET");
        assert_eq!(words, "a snapshot needs more; the child was ended by signal 9; maxPause allows 0ms");
    }

    #[test]
    fn nor_does_anything_else_that_ends_it() {
        let full = Stop::Final(Error::NoSpace("the disk is full".into()));
        let words = "the child was ended by signal 9; the disk is full".to_owned();
        assert_eq!(ends(killed().then(full)), ("HEAPWARDEN_NO_SPACE", words, false));
        let (code, words, more) = ends(killed().then(Stop::Later));
        assert_eq!((code, more), ("HEAPWARDEN_CAPTURE_FAILED", false));
        assert_eq!(words, format!("the child was ended by signal 9; {}", folder_turn::busy()));
        let crashed = Stop::NotByFork(Error::CaptureFailed("it crashed".into()));
        assert_eq!(ends(killed().then(crashed)).1, "the child was ended by signal 9; it crashed");
    }

    #[test]
    fn who_gave_it_up_is_told_nothing_else() {
        let given_up = || Stop::Final(Error::Aborted("aborted".into()));
        assert_eq!(ends(killed().then(given_up())).1, "aborted");
        assert_eq!(ends(given_up().and(&killed())).1, "aborted");
    }
}
