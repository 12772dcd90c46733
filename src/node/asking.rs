//! Questions on their way to a copy, and its answers on their way back, in their order.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};
use parking_lot::Mutex;
use serde_json::json;

use super::tasks::failure;
use crate::error::{Error, Result};
use crate::file::fault;
use crate::image::request::Request;
use crate::thaw::{self, Progress, Requests, ThawOptions};

/// Hears of one answer: JSON.
pub(super) type Promised = Box<dyn FnOnce(String) + Send>;

#[derive(Default)]
struct Line {
    waiting: VecDeque<(usize, Promised)>,
    /// What those hear who ask when the copy has ended.
    ended: Option<String>,
}

/// The side of who asks. When it goes, the copy is told that nothing more comes.
pub(super) struct Asking {
    line: Arc<Mutex<Line>>,
    to: Sender<Request>,
}

/// The side of the thread that has the copy.
pub(super) struct Session {
    line: Arc<Mutex<Line>>,
    from: Receiver<Request>,
}

/// What a copy writes beside the text that it was allowed: that it was cut.
const SPARE: usize = 4096;

impl Asking {
    pub(super) fn new() -> (Self, Session) {
        let (to, from) = unbounded();
        let line = Arc::<Mutex<Line>>::default();
        (Self { line: line.clone(), to }, Session { line, from })
    }

    pub(super) fn ask(&self, question: Request, promised: Promised) {
        let most = match &question {
            Request::Ask { most, .. } => *most as usize,
            Request::Snapshot { .. } => 0,
        };
        let mut line = self.line.lock();
        if let Some(words) = line.ended.clone() {
            drop(line);
            return promised(words);
        }
        line.waiting.push_back((most, promised));
        // If nobody takes it the session is about to end, and answers all that wait.
        let _ = self.to.send(question);
    }
}

impl Session {
    /// Has the copy, until it has ended or nobody asks any more.
    pub(super) fn run(self, image: &Path, options: &ThawOptions, progress: &mut dyn FnMut(Progress)) {
        let mut answers = Answers { line: self.line.clone(), piece: Vec::new() };
        let result = thaw::run(image, Requests::Session(self.from), &mut answers, options, progress);
        let error = result.err().unwrap_or_else(|| Error::CaptureFailed("the copy has ended".into()));
        let words = format!("{{\"failure\":{}}}", failure(&error));
        let mut line = self.line.lock();
        line.ended = Some(words.clone());
        let waiting = std::mem::take(&mut line.waiting);
        drop(line);
        for (_, promised) in waiting {
            promised(words.clone());
        }
    }
}

/// Takes what the copy writes: frames of 4 bytes of kind, 4 bytes of length, the text. It may write anything.
struct Answers {
    line: Arc<Mutex<Line>>,
    piece: Vec<u8>,
}

impl Answers {
    /// Answers one question, if its answer is all there; whether it was.
    fn next(&mut self) -> Result<bool> {
        let Some((head, rest)) = self.piece.split_first_chunk::<8>() else { return Ok(false) };
        let [a, b, c, d, e, f, g, h] = *head;
        let (kind, length) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]) as usize);
        let mut line = self.line.lock();
        // Nor is one an answer that nobody waits for: it would stand for one that is still to come.
        let most = line.waiting.front().map(|(most, _)| most + SPARE);
        if kind > 1 || most.is_none_or(|most| length > most) {
            return Err(Error::CaptureFailed(
                "the copy wrote what is no answer: what was frozen in it writes to the descriptors of its output"
                    .into(),
            ));
        }
        let Some(text) = rest.get(..length) else { return Ok(false) };
        let answer =
            json!({ "value": { "exception": kind == 1, "text": String::from_utf8_lossy(text) } }).to_string();
        let first = line.waiting.pop_front();
        drop(line);
        self.piece.drain(..8 + length);
        if let Some((_, promised)) = first {
            promised(answer);
        }
        Ok(true)
    }
}

impl Write for Answers {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        while self.next().map_err(fault::wrap)? {}
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn question(most: u32) -> Request {
        Request::Ask { code: String::new(), id: None, class_name: None, most }
    }

    #[test]
    fn answers_come_in_the_order_of_their_questions_however_they_are_cut() {
        let (asking, session) = Asking::new();
        let (told, heard) = channel();
        for _ in 0..2 {
            let told = told.clone();
            asking.ask(question(100), Box::new(move |text| told.send(text).unwrap()));
        }
        let mut answers = Answers { line: session.line, piece: Vec::new() };
        for byte in b"\0\0\0\0\x02\0\0\x0042\x01\0\0\0\x03\0\0\0bad" {
            assert_eq!(answers.write(&[*byte]).unwrap(), 1);
        }
        let heard: Vec<_> = heard.try_iter().collect();
        assert_eq!(
            heard,
            [r#"{"value":{"exception":false,"text":"42"}}"#, r#"{"value":{"exception":true,"text":"bad"}}"#]
        );
        assert_eq!(session.from.try_iter().count(), 2);
    }

    #[test]
    fn what_is_no_answer_ends_it() {
        let (asking, session) = Asking::new();
        asking.ask(question(100), Box::new(drop));
        let mut answers = Answers { line: session.line, piece: Vec::new() };
        // More than was allowed, and something that a program printed.
        answers.write(b"\0\0\0\0\xff\xff\xff\xff").unwrap_err();
        answers.piece.clear();
        answers.write(b"listening on 3000").unwrap_err();
        answers.piece.clear();
        answers.write_all(&[0; 8]).unwrap();
        // It has its answer.
        answers.write_all(&[0; 8]).unwrap_err();
    }
}
