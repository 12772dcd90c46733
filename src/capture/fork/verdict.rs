//! How a child ended: from its exit status, its memory and what it said on stderr.

use std::time::Duration;

use rustix::process::WaitStatus;

use super::protocol;
use super::waiting::Waiting;
use crate::capture::permit;
use crate::error::Error;

/// What V8, C++ and Rust say when an allocation fails, in small letters: V8 says it in both. The one exception of C++ that is
/// thrown where there are none, by `new`, is foreign to Rust.
const OUT_OF_MEMORY: [&str; 4] = ["out of memory", "bad_alloc", "memory allocation of", "foreign exception"];

/// How a child ended.
#[derive(Debug)]
pub enum ChildEnd {
    /// The file is finished. `private`: the most memory that was its own, bytes.
    Done {
        /// Bytes; `None` if it was too quick to be measured.
        private: Option<u64>,
        /// Time on a processor; `None` where that is not told any more.
        cpu: Option<Duration>,
        /// The name that the child has given it, for the service has changed its user.
        published: Option<String>,
        /// It has not ended yet: to be dropped when the file has its name.
        waiting: Option<Waiting>,
    },
    /// It hung, and was ended, or crashed: another fork may do better.
    Broken(Error),
    /// It failed, for a reason that another fork would meet again.
    Failed(Error),
}

/// From its exit status if it is known, and from the end of its stderr.
pub(super) fn verdict(status: Option<WaitStatus>, private: Option<u64>, stderr: &[u8]) -> ChildEnd {
    let stderr = String::from_utf8_lossy(stderr);
    let done = status.is_none_or(|status| status.exit_status() == Some(protocol::DONE));
    if done && !stderr.contains(protocol::MARK) {
        let published =
            stderr.rsplit_once(protocol::PUBLISHED).map(|(_, name)| name.trim_end_matches('\n').to_owned());
        return ChildEnd::Done { private, cpu: None, published, waiting: None };
    }
    if let Some((code, message)) =
        stderr.rsplit_once(protocol::MARK).and_then(|(_, line)| line.trim_end().split_once(' '))
    {
        return ChildEnd::Failed(Error::from_code(code, message.to_owned()));
    }
    if let Some(error) = status.and_then(WaitStatus::exit_status).and_then(own_end) {
        return error;
    }
    let how = match status.map(|status| (status.exit_status(), status.terminating_signal())) {
        Some((Some(code), _)) => format!("exited with status {code}"),
        Some((_, Some(signal))) => format!("was ended by signal {signal}"),
        _ => "ended".to_owned(),
    };
    let small = stderr.to_ascii_lowercase();
    if OUT_OF_MEMORY.iter().any(|said| small.contains(said)) {
        return ChildEnd::Failed(Error::MemoryBudget(format!(
            "the child that takes the snapshot needed more memory than there was for it, and {how}; raise the \
             container's limit"
        )));
    }
    let stderr = stderr.trim();
    let said = if stderr.is_empty() { String::new() } else { format!("; its last words: {stderr}") };
    let error = Error::CaptureFailed(format!("the child that takes the snapshot {how}{said}"));
    match status.and_then(WaitStatus::terminating_signal) {
        Some(libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGTRAP | libc::SIGABRT) => {
            ChildEnd::Broken(error)
        }
        _ => ChildEnd::Failed(error),
    }
}

/// How a child ended that saw itself that it had to.
fn own_end(status: i32) -> Option<ChildEnd> {
    Some(match status {
        protocol::HUNG => {
            ChildEnd::Broken(Error::CaptureFailed("the child that takes the snapshot hung".into()))
        }
        protocol::AMID => ChildEnd::Broken(Error::CaptureFailed(
            "V8 was going through its list of Buffers, whose contents were to be left out".into(),
        )),
        protocol::UNWANTED => ChildEnd::Failed(Error::Aborted("the snapshot was given up".into())),
        protocol::LATE => ChildEnd::Failed(permit::late()),
        protocol::STARVING => ChildEnd::Failed(Error::MemoryBudget(
            "too little memory was left while it was being taken; its child ended itself".into(),
        )),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_become_the_error() {
        let stderr = format!("noise\n{}HEAPWARDEN_NO_SPACE the disk is full\n", protocol::MARK);
        let ChildEnd::Failed(error) = verdict(None, None, stderr.as_bytes()) else { panic!() };
        assert_eq!((error.code(), error.to_string().as_str()), ("HEAPWARDEN_NO_SPACE", "the disk is full"));
    }
}
