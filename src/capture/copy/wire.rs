//! What a copy is told and what it tells, over the three descriptors that it has: [`crate::image::request`] says what.

use std::os::fd::RawFd;

use serde_json::from_slice;

use crate::capture::answering::Answer;
use crate::capture::fork::protocol::MARK;
use crate::error::{Error, Result};
use crate::image::request::Request;

/// Longest request, in bytes.
const LONGEST: u64 = 64 << 20;

/// What the output of this line means to who thaws: so much of so much is done.
const PROGRESS: &str = "heapwarden-progress ";

fn refused(what: &str) -> Error {
    // SAFETY: this thread's own.
    let number = unsafe { *libc::__errno_location() };
    Error::CaptureFailed(format!("a thawed process {what}: error {number}"))
}

/// Fills `bytes` from the input; whether they came. `false`: it ended before the first one.
fn fill(bytes: &mut [u8]) -> Result<bool> {
    let mut filled = 0;
    while filled < bytes.len() {
        let rest = &mut bytes[filled..];
        // SAFETY: the rest of the bytes, which live for the call.
        let got = unsafe { libc::read(libc::STDIN_FILENO, rest.as_mut_ptr().cast(), rest.len()) };
        match usize::try_from(got) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(Error::CaptureFailed("what a thawed process is asked was cut short".into())),
            Ok(count) => filled += count,
            // SAFETY: this thread's own.
            Err(_) if unsafe { *libc::__errno_location() } == libc::EINTR => {}
            Err(_) => return Err(refused("cannot read what it is asked")),
        }
    }
    Ok(true)
}

/// The next request; `None`: there is none.
///
/// # Errors
/// It was cut, or makes no sense.
pub(super) fn next() -> Result<Option<Request>> {
    let mut length = [0; 8];
    if !fill(&mut length)? {
        return Ok(None);
    }
    let length = u64::from_le_bytes(length);
    if length == 0 || length > LONGEST {
        return Err(Error::InvalidOption(format!("a thawed process is asked with {length} bytes")));
    }
    let mut text = vec![0; length as usize];
    if !fill(&mut text)? {
        return Err(Error::CaptureFailed("what a thawed process is asked was cut short".into()));
    }
    let request = from_slice(&text);
    request.map(Some).map_err(|error| Error::InvalidOption(format!("a thawed process is asked: {error}")))
}

/// Writes all of it; whether that worked.
fn put(to: RawFd, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        // SAFETY: the bytes live for the call.
        let put = unsafe { libc::write(to, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(put) {
            Ok(count) => bytes = &bytes[count..],
            // SAFETY: this thread's own.
            Err(_) if unsafe { *libc::__errno_location() } == libc::EINTR => {}
            Err(_) => return false,
        }
    }
    true
}

/// Hands over what was asked for.
pub(super) fn give(bytes: &[u8]) -> Result<()> {
    if put(libc::STDOUT_FILENO, bytes) { Ok(()) } else { Err(refused("cannot hand over its work")) }
}

/// Hands over an answer of at most `most` bytes: cut, it says so.
pub(super) fn give_answer(answer: &Answer, most: u32) -> Result<()> {
    let (kind, text) = match answer {
        Answer::Value(text) => (0_u32, text),
        Answer::Exception(text) => (1, text),
    };
    let most = most as usize;
    let (text, cut) = if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        (&text[..end], format!("\n… cut: {} bytes in all", text.len()))
    } else {
        (text.as_str(), String::new())
    };
    let length = (text.len() + cut.len()) as u32;
    let head = [kind.to_le_bytes(), length.to_le_bytes()].concat();
    give(&[&head, text.as_bytes(), cut.as_bytes()].concat())
}

/// Says how far it is, to who cares.
pub(super) fn progress(done: u64, total: u64) {
    put(libc::STDERR_FILENO, format!("{PROGRESS}{done} {total}\n").as_bytes());
}

/// Says why it could not do its work.
pub(super) fn fail(error: &Error) {
    put(libc::STDERR_FILENO, format!("{MARK}{} {error}\n", error.code()).as_bytes());
}
