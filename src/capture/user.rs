//! The user a process acts as: one that gives up its rights in the middle of a capture may not finish it.

use crate::error::Error;

/// User and group; `None` where there is no such thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User(Option<(u32, u32)>);

impl User {
    /// This process's.
    #[cfg(unix)]
    pub fn now() -> Self {
        Self(Some((rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())))
    }

    /// See the Unix version.
    #[cfg(not(unix))]
    pub fn now() -> Self {
        Self(None)
    }

    /// Process `pid`'s, if the system tells.
    pub fn of(pid: i32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        // The second of each line is the effective one.
        let effective = |what: &str| {
            status.lines().find_map(|line| line.strip_prefix(what))?.split_whitespace().nth(1)?.parse().ok()
        };
        Some(Self(Some((effective("Uid:")?, effective("Gid:")?))))
    }

    /// "Permission denied" about a folder that could be written to a moment ago would send its reader to the wrong place:
    /// says that this, the user a capture began as, has changed since, if it has.
    pub fn explain(self, error: Error) -> Error {
        match (error, self.0, Self::now().0) {
            (Error::CaptureFailed(message), Some(before), Some(now)) if before != now => {
                let (what, before, now) =
                    if before.0 == now.0 { ("group", before.1, now.1) } else { ("user", before.0, now.0) };
                Error::CaptureFailed(format!(
                    "the process changed its {what} from {before} to {now} while the snapshot was being taken, so it may \
                     not finish it: {message}; drop privileges before, or order it afterwards. What was written so far \
                     may stay in the folder, under a hidden name that ends in .tmp, until somebody may remove it"
                ))
            }
            (error, ..) => error,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_what_the_kernel_says() {
        assert_eq!(User::of(std::process::id() as i32), Some(User::now()));
        assert_eq!(User::of(-1), None);
    }

    #[test]
    fn only_what_a_change_explains_is_explained() {
        let failed = Error::CaptureFailed("cannot rename to /d/x: Permission denied".into());
        assert_eq!(User::now().explain(failed.clone()), failed);
        let (user, group) = User::now().0.unwrap();
        let explained = User(Some((user + 1, group))).explain(failed).to_string();
        assert!(explained.contains(&format!("changed its user from {} to {user}", user + 1)), "{explained}");
        assert!(explained.contains("Permission denied"), "{explained}");
        let late = Error::Timeout("late".into());
        assert_eq!(User(Some((user + 1, group))).explain(late.clone()), late);
    }
}
