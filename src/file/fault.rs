//! Operating-system errors as ours, and ours through `std::io` interfaces.

use std::io;
use std::path::Path;

use crate::error::Error;

/// `doing` + path + the system's words and number. A full disk or quota is `NoSpace`, a path that cannot
/// be what was asked (not a folder, too long, a loop) is `InvalidOption`, the rest is `CaptureFailed`.
pub fn at(doing: &str, path: &Path, error: &io::Error) -> Error {
    let message = format!("{doing} {}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Error::NoSpace(message)
        }
        io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::InvalidFilename
        | io::ErrorKind::InvalidInput => Error::InvalidOption(message),
        _ => Error::CaptureFailed(message),
    }
}

/// Neither room nor, where it counts them, a place for one more file on the disk, or none for this user.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Wraps an [`Error`] so that it travels through `Read` and `Write`; [`unwrap`] takes it out again.
pub fn wrap(error: Error) -> io::Error {
    let kind = match error {
        Error::CorruptSnapshot(_) => io::ErrorKind::InvalidData,
        Error::NoSpace(_) => io::ErrorKind::StorageFull,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

/// The [`Error`] that [`wrap`] put in; another `io::Error` becomes `CaptureFailed` with its words.
pub fn unwrap(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        Err(other) => Error::CaptureFailed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn travels_through_io() {
        let error = Error::CorruptSnapshot("damaged at byte 7".into());
        assert_eq!(unwrap(wrap(error.clone())), error);
        assert_eq!(unwrap(io::Error::other("odd")).code(), "HEAPWARDEN_CAPTURE_FAILED");
    }

    #[cfg(unix)]
    #[test]
    fn names_path_and_errno() {
        for (errno, code) in [
            (libc::ENOSPC, "HEAPWARDEN_NO_SPACE"),
            (libc::EDQUOT, "HEAPWARDEN_NO_SPACE"),
            (libc::EROFS, "HEAPWARDEN_CAPTURE_FAILED"),
            (libc::EACCES, "HEAPWARDEN_CAPTURE_FAILED"),
            (libc::ENOTDIR, "HEAPWARDEN_INVALID_OPTION"),
            (libc::ENAMETOOLONG, "HEAPWARDEN_INVALID_OPTION"),
        ] {
            let error = at("cannot open", Path::new("/a/b"), &io::Error::from_raw_os_error(errno));
            assert_eq!(error.code(), code);
            let text = error.to_string();
            assert!(text.contains("/a/b") && text.contains(&format!("os error {errno}")), "{text}");
        }
    }
}
