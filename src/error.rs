//! One error type with stable codes. Users match `err.code`; messages may change.
//!
//! Architecture invariant: sees no other room, and a code once published means the same for ever. That the list here is
//! that of `lib/base/errors.js`, of the types and of docs/errors.md the tests of the package compare.

/// What went wrong. The message says what happened, with which value, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An option has a wrong type, name or value.
    #[error("{0}")]
    InvalidOption(String),
    /// This platform, Node version or process state cannot do what was asked.
    #[error("{0}")]
    Unsupported(String),
    /// A snapshot was begun and could not be finished.
    #[error("{0}")]
    CaptureFailed(String),
    /// A snapshot, or its analysis, would need more memory than there is.
    #[error("{0}")]
    MemoryBudget(String),
    /// The disk has not got the room, before or while writing.
    #[error("{0}")]
    NoSpace(String),
    /// It took longer than `timeout`.
    #[error("{0}")]
    Timeout(String),
    /// The caller's `AbortSignal` fired.
    #[error("{0}")]
    Aborted(String),
    /// A snapshot file is damaged or incomplete; the message says at which byte.
    #[error("{0}")]
    CorruptSnapshot(String),
    /// An analysis was begun and could not be finished, and the snapshot is not to blame.
    #[error("{0}")]
    AnalysisFailed(String),
    /// There is no such snapshot, class or node.
    #[error("{0}")]
    NotFound(String),
    /// The monitor was stopped, or the process is ending.
    #[error("{0}")]
    Stopped(String),
}

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The stable code, `HEAPWARDEN_…`. (`HEAPWARDEN_UNAUTHORIZED` is raised by the JavaScript middleware only.)
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidOption(_) => "HEAPWARDEN_INVALID_OPTION",
            Self::Unsupported(_) => "HEAPWARDEN_UNSUPPORTED",
            Self::CaptureFailed(_) => "HEAPWARDEN_CAPTURE_FAILED",
            Self::MemoryBudget(_) => "HEAPWARDEN_MEMORY_BUDGET",
            Self::NoSpace(_) => "HEAPWARDEN_NO_SPACE",
            Self::Timeout(_) => "HEAPWARDEN_TIMEOUT",
            Self::Aborted(_) => "HEAPWARDEN_ABORTED",
            Self::CorruptSnapshot(_) => "HEAPWARDEN_CORRUPT_SNAPSHOT",
            Self::AnalysisFailed(_) => "HEAPWARDEN_ANALYSIS_FAILED",
            Self::NotFound(_) => "HEAPWARDEN_NOT_FOUND",
            Self::Stopped(_) => "HEAPWARDEN_STOPPED",
        }
    }

    /// The same with other words.
    #[must_use]
    pub fn with_words(&self, words: String) -> Self {
        Self::from_code(self.code(), words)
    }

    /// The other way round: an error that another process of ours told by its code. An unknown one is a failed
    /// capture.
    pub fn from_code(code: &str, message: String) -> Self {
        match code {
            "HEAPWARDEN_INVALID_OPTION" => Self::InvalidOption(message),
            "HEAPWARDEN_UNSUPPORTED" => Self::Unsupported(message),
            "HEAPWARDEN_MEMORY_BUDGET" => Self::MemoryBudget(message),
            "HEAPWARDEN_NO_SPACE" => Self::NoSpace(message),
            "HEAPWARDEN_TIMEOUT" => Self::Timeout(message),
            "HEAPWARDEN_ABORTED" => Self::Aborted(message),
            "HEAPWARDEN_CORRUPT_SNAPSHOT" => Self::CorruptSnapshot(message),
            "HEAPWARDEN_ANALYSIS_FAILED" => Self::AnalysisFailed(message),
            "HEAPWARDEN_NOT_FOUND" => Self::NotFound(message),
            "HEAPWARDEN_STOPPED" => Self::Stopped(message),
            _ => Self::CaptureFailed(message),
        }
    }
}
