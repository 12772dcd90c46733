//! The document around the sections: braces, names, colons, commas.

use super::{NO_LAYOUT, Redactor, Section, State};
use crate::json::rows::Rows;
use crate::redact::literal::Literal;

/// Bytes of a section's name; V8's longest has 20.
const NAME_LIMIT: usize = 64;

impl Redactor {
    /// Takes one byte between the sections.
    pub(super) fn frame(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), &'static str> {
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') && !matches!(self.state, State::InName) {
            out.push(byte);
            return Ok(());
        }
        self.state = match (&self.state, byte) {
            (State::Start, b'{') => State::Name { may_end: true },
            (State::Name { .. }, b'"') => {
                self.held.clear();
                State::InName
            }
            (State::InName, b'"') => State::Colon,
            // Names are written as they are, so they must look like one.
            (State::InName, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_')
                if self.held.len() < NAME_LIMIT =>
            {
                self.held.push(byte);
                State::InName
            }
            (State::Colon, b':') => State::Value,
            (State::Value, _) => return self.open(byte, out),
            (State::Text { .. }, b'"') => {
                self.state = State::InText;
                return Ok(()); // The quote is written with the text.
            }
            (State::AfterText, b',') => State::Text { may_end: false },
            (State::Text { may_end: true } | State::AfterText, b']') => State::AfterSection,
            (State::AfterSection, b',') => State::Name { may_end: false },
            (State::Name { may_end: true } | State::AfterSection, b'}') if self.strings => State::End,
            (State::AfterSection | State::Name { .. }, b'}') => return Err("it ends without \"strings\""),
            _ => return Err("comes a character that does not belong there"),
        };
        out.push(byte);
        Ok(())
    }

    /// Takes the first byte of a section's value.
    fn open(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), &'static str> {
        let name = std::mem::take(&mut self.held);
        let (list, has_layout) = (byte == b'[', self.layout.is_some());
        let rows = |section| State::Rows(section, Rows::default());
        let section = match &name[..] {
            b"snapshot" if byte == b'{' && !has_layout => {
                let mut literal = Literal::default();
                literal.keep(&[byte], &mut self.held, 1).map_err(|fault| fault.what)?;
                self.state = State::Preamble(literal);
                return Ok(());
            }
            b"nodes" if list && has_layout && !self.nodes => {
                self.nodes = true;
                rows(Section::Nodes)
            }
            b"edges" if list && has_layout && self.nodes && !self.edges => {
                self.edges = true;
                rows(Section::Edges)
            }
            b"strings" if list && self.edges && !self.strings => {
                self.strings = true;
                State::Text { may_end: true }
            }
            b"snapshot" => return Err("comes a second \"snapshot\", or it is not an object"),
            b"nodes" | b"edges" if !has_layout => return Err(NO_LAYOUT),
            b"nodes" | b"edges" | b"strings" => {
                return Err("comes a section out of its order, or it is not a list");
            }
            // After the texts it is too late for their names; they are then masked.
            b"trace_function_infos" if list && has_layout && !self.strings => rows(Section::Traces),
            _ => {
                let mut literal = Literal::default();
                literal.mask(&[byte], out).map_err(|fault| fault.what)?;
                self.state = State::Other(literal);
                return Ok(());
            }
        };
        self.state = section;
        out.push(byte);
        Ok(())
    }
}
