//! How a loader or its copy ended, as an error with a code and a sentence.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use super::needs::about;
use crate::error::{Error, Result};
use crate::image::format::status;

/// Begins a copy's own last words: a code and a message follow. As a forked child's.
const MARK: &str = "heapwarden-error ";
/// Begins the loader's.
const LOADER: &str = "heapwarden-loader ";

/// What V8, Node.js, libc and Rust say before they give up for want of memory. (An exception that is not Rust's own is C++'s
/// `bad_alloc`: V8 throws no other.)
const OUT_OF_MEMORY: &[&str] = &[
    "out of memory",
    "allocation failed",
    "cannot allocate memory",
    "bad_alloc",
    "cannot catch foreign exceptions",
    "memory allocation of",
    "enomem",
    "oom",
];

/// Whether one of these is in it, as words of their own.
fn tells_of_memory(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    let apart = |other: Option<char>| !other.is_some_and(|other| other.is_alphanumeric() || other == '_');
    OUT_OF_MEMORY.iter().any(|said| {
        words.match_indices(said).any(|(at, _)| {
            apart(words[..at].chars().next_back()) && apart(words[at + said.len()..].chars().next())
        })
    })
}

/// Why it was killed.
#[derive(Debug)]
pub(super) enum Cause {
    Stopped,
    Late,
    /// It waits for what only another thread could do.
    Asleep,
    /// More memory than it may take.
    TooLarge,
    /// Too little is left for everybody else.
    Starving,
    /// Who takes what comes out did not.
    Refused(Error),
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Ending {
    /// Why this side killed it.
    pub cause: Option<Cause>,
    /// `None`: somebody else has reaped it.
    pub status: Option<ExitStatus>,
    /// Whether the kernel has killed some process of this machine meanwhile, for want of memory. `None`: it does not say.
    pub starved: Option<bool>,
    /// Its last words.
    pub words: String,
    /// Bytes that came out.
    pub passed: u64,
}

/// What is known of the image, for the words.
pub(super) struct Subject<'a> {
    pub image: &'a Path,
    pub bytes: u64,
    pub memory: u64,
    pub timeout: std::time::Duration,
}

impl Ending {
    /// Whether the kernel's own pages are in the way, which lie elsewhere in the next process.
    pub fn may_be_chance(&self) -> bool {
        const NOT_PERMITTED: i64 = 1;
        const EXISTS: i64 = 17;
        self.cause.is_none()
            && self.passed == 0
            && matches!(self.loader(), Some(("map" | "file", _, Some(NOT_PERMITTED | EXISTS))))
    }

    /// What the loader says: code, value, error number.
    fn loader(&self) -> Option<(&str, u64, Option<i64>)> {
        if self.status.is_some_and(|status| status.code() != Some(status::NOT_LOADED)) {
            return None;
        }
        let line = self.words.lines().find_map(|line| line.strip_prefix(LOADER))?;
        let mut fields = line.split(' ');
        let (code, value) = (fields.next()?, u64::from_str_radix(fields.next()?, 16).ok()?);
        Some((code, value, fields.next().and_then(|errno| errno.parse().ok())))
    }

    /// # Errors
    /// Why its work is not done.
    pub fn judge(self, subject: &Subject<'_>) -> Result<()> {
        let image = subject.image.display();
        if let Some((code, value, errno)) = self.loader() {
            return Err(not_loaded(subject, code, value, errno));
        }
        let Self { cause, status, starved, words, .. } = self;
        let more_memory = |why: &str| {
            let mb = subject.memory / 1_000_000;
            Error::MemoryBudget(format!(
                "{why} when {image} was thawed, with {mb} MB for it: {}; give it more (memory), or thaw it on a machine \
                 that has more",
                about(subject.bytes)
            ))
        };
        match cause {
            Some(Cause::Refused(error)) => return Err(error),
            Some(Cause::Stopped) => {
                return Err(Error::Aborted(format!("the thawing of {image} was aborted")));
            }
            Some(Cause::Late) => return Err(late(subject)),
            Some(Cause::Asleep) => {
                return Err(Error::CaptureFailed(format!(
                    "the copy of the process that {image} holds waits for a thread, it seems, and has only one: another one \
                     held a lock, or was amid a job, when the image was taken; if it does so again, take another image"
                )));
            }
            Some(Cause::TooLarge) => return Err(more_memory("the copy took more memory than it may")),
            Some(Cause::Starving) => return Err(more_memory("too little memory was left for others")),
            None => {}
        }
        if let Some((code, message)) = words
            .rsplit_once(MARK)
            .and_then(|(_, line)| line.lines().next().unwrap_or_default().split_once(' '))
        {
            return Err(Error::from_code(code, message.to_owned()));
        }
        // Reaped by somebody else: what came out has to show that it is whole.
        if status.is_none_or(|status| status.code() == Some(status::DONE)) {
            return Ok(());
        }
        if tells_of_memory(&words) {
            return Err(more_memory("the copy had not memory enough"));
        }
        let said = match words.trim() {
            "" => String::new(),
            words => format!("; its last words: {words}"),
        };
        let how = match status.and_then(|status| status.signal()) {
            Some(libc::SIGKILL) if starved == Some(false) => {
                "was killed from outside (signal 9), and not by the kernel".to_owned()
            }
            Some(libc::SIGKILL) => {
                return Err(more_memory("the copy was killed, as the kernel does for want of memory,"));
            }
            Some(libc::SIGXCPU) => return Err(late(subject)),
            Some(libc::SIGILL) => {
                "met an instruction that this CPU has not, or gave up on purpose (signal 4)".to_owned()
            }
            Some(libc::SIGSYS) => "made a system call that its fence forbids (signal 31)".to_owned(),
            Some(signal) => format!("crashed with signal {signal}"),
            None => format!("ended with status {}", status.and_then(|status| status.code()).unwrap_or(-1)),
        };
        Err(Error::CaptureFailed(format!("the copy of the process that {image} holds {how}{said}")))
    }
}

fn late(subject: &Subject<'_>) -> Error {
    let seconds = subject.timeout.as_secs_f64();
    Error::Timeout(format!(
        "the thawing of {} took longer than {seconds} s (timeout)",
        subject.image.display()
    ))
}

fn not_loaded(subject: &Subject<'_>, code: &str, value: u64, errno: Option<i64>) -> Error {
    let image = subject.image.display();
    let why = errno.map_or(String::new(), |errno| {
        let words = std::io::Error::from_raw_os_error(i32::try_from(errno).unwrap_or(0));
        format!(" ({words})")
    });
    match (code, errno) {
        ("map" | "file" | "protect" | "read", Some(12)) => Error::MemoryBudget(format!(
            "the system gave no memory for {image} at {value:#x}{why}: {}; see ulimit -v and vm.max_map_count",
            about(subject.bytes)
        )),
        ("map" | "protect", _) => Error::Unsupported(format!(
            "the address {value:#x}, where {image} has to be, is taken or not to be had here{why}: thaw it on another machine"
        )),
        ("file", _) => Error::Unsupported(format!(
            "a file that {image} has mapped at {value:#x} cannot be mapped here{why}: it may lie where nothing may be executed"
        )),
        ("fence" | "base" | "limit", Some(_)) => Error::Unsupported(format!(
            "{image} is not thawed here, because this system does not let a process be fenced in ({code} {value:#x}{why}): a \
             container's seccomp profile may forbid it"
        )),
        ("parent", _) => Error::Stopped(format!("who wanted {image} thawed ended meanwhile")),
        ("short" | "objects" | "arguments" | "panic", _) => {
            Error::CaptureFailed(format!("the loader could not take over {image}: {code} {value:#x}{why}"))
        }
        _ => Error::CorruptSnapshot(format!(
            "{image} is damaged, says its loader: {code} {value:#x} cannot be{why}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn killed(starved: Option<bool>) -> Ending {
        let status = Some(ExitStatus::from_raw(libc::SIGKILL));
        Ending { cause: None, status, starved, words: String::new(), passed: 0 }
    }

    #[test]
    fn a_room_is_no_want_of_memory() {
        for words in ["no room at x", "zoom", "mushroom_", "OOMPH", "boom!"] {
            assert!(!tells_of_memory(words), "{words}");
        }
        for words in ["OOM", "killed: oom.", "v8::OOM error", "std::bad_alloc", "Cannot allocate memory (12)"]
        {
            assert!(tells_of_memory(words), "{words}");
        }
    }

    #[test]
    fn who_killed_it_is_told() {
        let time = std::time::Duration::from_secs(1);
        let subject = Subject { image: Path::new("image"), bytes: 0, memory: 0, timeout: time };
        let error = killed(Some(false)).judge(&subject).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_CAPTURE_FAILED");
        assert!(error.to_string().contains("killed from outside"), "{error}");
        for starved in [None, Some(true)] {
            let error = killed(starved).judge(&subject).unwrap_err();
            assert_eq!(error.code(), "HEAPWARDEN_MEMORY_BUDGET");
        }
    }
}
