//! Concatenated strings as their texts need them: without empty parts, without circles, and with one that stands for
//! all whose text is the same because it is cut.
//!
//! A log that grew by `text += line` is a chain of as many concatenated strings as there were lines, each the first
//! part of the next. Going through the whole chain for each of them would never end.

use crate::error::Result;
use crate::heap::graph::Graph;
use crate::heap::host::{self, Host};
use crate::heap::rules::names::Names;
use crate::heap::rules::names::ropes::{LONG, ROPE, push_part};
use crate::json::text::utf16_len;

/// A part without text.
pub(super) const EMPTY: u32 = u32::MAX;
/// Lengths of ropes that were not looked at, or are being looked at.
const NEW: u16 = u16::MAX;
const OPEN: u16 = u16::MAX - 1;

/// What the texts of concatenated strings are put together from, by number of the rope.
#[derive(Debug)]
pub struct Spans {
    /// Its parts, each with text; of those that do not stand for themselves, nothing.
    pub(super) parts: Vec<[u32; 2]>,
    /// What has the same text: [`EMPTY`], a node that is no rope, or [`ROPE`] and a number, often the rope's own.
    pub(super) same: Vec<u32>,
    /// Length in UTF-16 units, [`LONG`] if it is more.
    pub(super) units: Vec<u16>,
}

impl Spans {
    /// Of all of a graph's. It needs no edges.
    ///
    /// # Errors
    /// `Aborted` when the host wants an end.
    pub fn of(graph: &Graph, names: &Names, host: &dyn Host) -> Result<Self> {
        let ropes = &names.ropes;
        let count = ropes.nodes.len();
        let mut spans =
            Self { parts: ropes.parts.clone(), same: vec![EMPTY; count], units: vec![NEW; count] };
        let mut open = Vec::new();
        for start in 0..count as u32 {
            if start & 0xF_FFFF == 0 {
                host::check(host)?;
            }
            open.push(start);
            while let Some(rope) = open.last().map(|rope| *rope as usize) {
                match spans.units[rope] {
                    NEW => {
                        spans.units[rope] = OPEN;
                        let below = spans.parts[rope].into_iter().filter(|part| part & ROPE != 0);
                        open.extend(
                            below.map(|part| part & !ROPE).filter(|part| spans.units[*part as usize] == NEW),
                        );
                    }
                    OPEN => {
                        spans.close(graph, rope);
                        open.pop();
                    }
                    _ => {
                        open.pop();
                    }
                }
            }
        }
        Ok(spans)
    }

    /// All parts are known, but for those the rope is a part of itself.
    fn close(&mut self, graph: &Graph, rope: usize) {
        let [first, second] = self.parts[rope].map(|part| self.resolve(graph, part));
        self.units[rope] = (first.1 + second.1).min(LONG) as u16;
        self.parts[rope] = [first.0, second.0];
        self.same[rope] = match (first.1, second.1) {
            (0, _) => second.0,
            (_, 0) | (LONG.., _) => first.0,
            _ => ROPE | rope as u32,
        };
    }

    /// What stands for a part, and its length.
    fn resolve(&self, graph: &Graph, part: u32) -> (u32, usize) {
        let (part, units) = if part & ROPE == 0 {
            (part, utf16_len(&graph.strings().text(graph.name(part))).min(LONG))
        } else {
            let rope = (part & !ROPE) as usize;
            match self.units[rope] {
                OPEN => (EMPTY, 0),
                units => (self.same[rope], usize::from(units)),
            }
        };
        if units == 0 { (EMPTY, 0) } else { (part, units) }
    }

    /// Whether the rope has a text that no part of it has alone.
    pub(super) fn stands(&self, rope: u32) -> bool {
        self.same[rope as usize] == ROPE | rope
    }

    /// Appends a part's text to one of `units` UTF-16 units, until it is [`LONG`]; how many units that were. Of a rope
    /// that stands for itself neither part is empty and the first is not long, in it and in all below it: this takes
    /// few thousand steps at most.
    pub(super) fn write(
        &self,
        graph: &Graph,
        part: u32,
        units: usize,
        text: &mut Vec<u8>,
        open: &mut Vec<u32>,
    ) -> usize {
        let mut more = 0;
        open.clear();
        open.push(part);
        while let Some(part) = open.pop().filter(|part| units + more < LONG && *part != EMPTY) {
            if part & ROPE == 0 {
                more += push_part(graph, part, text);
            } else {
                let [first, second] = self.parts[(part & !ROPE) as usize];
                open.extend([second, first]);
            }
        }
        more
    }
}
