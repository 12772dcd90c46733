//! The filter: which part of the document is at hand, and what is done with it.

mod frame;

use super::columns::Layout;
use super::literal::Literal;
use super::text::{self, Text};
use super::uses::{Uses, Verdict};
use crate::error::{Error, Result};
use crate::json::rows::Rows;
use crate::json::step::{Fault, Step};

const NO_LAYOUT: &str = "comes a section that needs \"snapshot\" before it";
/// Bytes that the `snapshot` section may have; V8's have about 1,500.
const PREAMBLE_LIMIT: usize = 1 << 20;

/// The sections of rows that say what texts are used for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Nodes,
    Edges,
    Traces,
}

/// The bytes before the piece that come next.
enum State {
    /// The document's `{`.
    Start,
    /// The quote before a section's name, or the document's `}` if it may come here.
    Name {
        may_end: bool,
    },
    InName,
    Colon,
    Value,
    Preamble(Literal),
    Rows(Section, Rows),
    /// A section that holds no texts.
    Other(Literal),
    /// The quote before a text, or the `]` of `strings` if it may come here.
    Text {
        may_end: bool,
    },
    InText,
    AfterText,
    AfterSection,
    End,
    Failed(Error),
}

/// The filter. One for each snapshot.
pub struct Redactor {
    state: State,
    /// Bytes of the snapshot before the piece at hand.
    position: u64,
    /// A section's name, or the preamble.
    held: Vec<u8>,
    layout: Option<Layout>,
    uses: Uses,
    text: Text,
    /// The place in `strings` of the text at hand.
    index: u64,
    nodes: bool,
    edges: bool,
    strings: bool,
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new()
    }
}

impl Redactor {
    /// Before the first byte.
    pub fn new() -> Self {
        Self {
            state: State::Start,
            position: 0,
            held: Vec::new(),
            layout: None,
            uses: Uses::default(),
            text: Text::default(),
            index: 0,
            nodes: false,
            edges: false,
            strings: false,
        }
    }

    /// Takes the next bytes of the snapshot and appends to `out` what can be written of it. A text that is not
    /// complete is held back.
    ///
    /// # Errors
    /// `CaptureFailed` with the byte from which on it is no heap snapshot; again at each later call.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let mut at = 0;
        while at < bytes.len() {
            match self.step(&bytes[at..], out) {
                Ok(used) => at += used,
                Err(fault) => return Err(self.fail(at + fault.at, fault.what)),
            }
        }
        self.position += bytes.len() as u64;
        if let State::Failed(error) = &self.state { Err(error.clone()) } else { Ok(()) }
    }

    /// All bytes were pushed, and all is written.
    ///
    /// # Errors
    /// `CaptureFailed` if the snapshot is not complete, or [`Redactor::push`] has failed.
    pub fn finish(mut self) -> Result<()> {
        match self.state {
            State::End => Ok(()),
            State::Failed(error) => Err(error),
            _ => Err(self.fail(0, "it ends too early")),
        }
    }

    fn fail(&mut self, offset: usize, what: &str) -> Error {
        let at = self.position + offset as u64;
        let error = Error::CaptureFailed(format!("the snapshot cannot be redacted: at byte {at} {what}"));
        self.state = State::Failed(error.clone());
        error
    }

    /// Takes some of `bytes`, says how many. None only if the state is then another.
    fn step(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, Fault> {
        let step = match &mut self.state {
            State::Preamble(literal) => literal.keep(bytes, &mut self.held, PREAMBLE_LIMIT)?,
            State::Rows(section, rows) => {
                let no_layout = || Fault { at: 0, what: NO_LAYOUT };
                let (uses, layout) = (&mut self.uses, self.layout.as_ref().ok_or_else(no_layout)?);
                let step = match section {
                    Section::Nodes => {
                        rows.scan(bytes, layout.nodes.width, |row| uses.node(&layout.nodes, row))
                    }
                    Section::Edges => {
                        rows.scan(bytes, layout.edges.width, |row| uses.edge(&layout.edges, row))
                    }
                    Section::Traces => {
                        rows.scan(bytes, layout.traces.width, |row| uses.trace(&layout.traces, row))
                    }
                }?;
                // Digits, commas and blanks: `scan` lets nothing else pass.
                out.extend_from_slice(&bytes[..step.used(bytes)]);
                step
            }
            State::Other(literal) => literal.mask(bytes, out)?,
            State::InText => self.text.scan(bytes)?,
            State::Failed(_) => Step::More,
            _ => {
                self.frame(bytes[0], out).map_err(|what| Fault { at: 0, what })?;
                return Ok(1);
            }
        };
        let used = step.used(bytes);
        if matches!(step, Step::Done(_)) {
            self.close(out).map_err(|what| Fault { at: used.saturating_sub(1), what })?;
        }
        Ok(used)
    }

    /// What a scanner was busy with is complete.
    fn close(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        match self.state {
            State::InText => {
                let (text, uses) = (&self.text, &self.uses);
                match uses.judge(self.index, text) {
                    Verdict::Keep(bytes) => text::keep(bytes, out)?,
                    Verdict::Pair(bytes) if text::keep_pair(bytes, out, |id| uses.is_value(id)) => {}
                    _ => text::mask(text.chars(), self.index, out),
                }
                self.text.clear();
                self.index += 1;
                self.state = State::AfterText;
            }
            State::Preamble(_) => {
                let layout = Layout::read(&self.held)?;
                self.uses.expect(layout.node_count, layout.nodes.id.is_some())?;
                self.layout = Some(layout);
                out.append(&mut self.held);
                self.state = State::AfterSection;
            }
            _ => self.state = State::AfterSection,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
