//! What a scanner says that reads a document in pieces of any size.

/// What is wrong, and where in the piece at hand.
pub struct Fault {
    /// Index of the byte that cannot stand there.
    pub at: usize,
    /// As in "at byte 7 …".
    pub what: &'static str,
}

/// How far a scanner got.
pub enum Step {
    /// It took all bytes and wants more.
    More,
    /// It is complete after so many bytes.
    Done(usize),
}

impl Step {
    /// How many of `bytes` it took.
    pub fn used(&self, bytes: &[u8]) -> usize {
        match self {
            Self::More => bytes.len(),
            Self::Done(used) => *used,
        }
    }
}

/// How far it got, or why it cannot go on.
pub type Scanned = Result<Step, Fault>;
