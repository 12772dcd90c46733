//! Which text each concatenated string has, as a number.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::spans::Spans;
use crate::error::Result;
use crate::heap::graph::Graph;
use crate::heap::graph::bits::Bits;
use crate::heap::graph::same_text::Canonical;
use crate::heap::host::{self, Host};
use crate::heap::rules::names::ropes::ROPE;

/// Not asked.
const NEW: u32 = u32::MAX;

/// For each rope that stands for itself: the string of its text, if `canon` knows one; else [`ROPE`] and the number
/// of a rope with this text.
///
/// Texts are written into one buffer and hashed. In a chain where each is the first part of the next, as `text +=
/// line` makes it, each adds only its second part to what stands there.
pub(super) fn numbers(
    graph: &Graph,
    spans: &Spans,
    canon: &Canonical<'_>,
    host: &dyn Host,
) -> Result<Vec<u32>> {
    let mut writer = Writer {
        graph,
        spans,
        canon,
        known: vec![NEW; spans.same.len()],
        texts: HashMap::default(),
        seed: RandomState::default(),
        text: Vec::new(),
        chain: Vec::new(),
        open: Vec::new(),
    };
    let own = || (0..spans.same.len() as u32).filter(|rope| spans.stands(*rope));
    // From the end of each chain down, so that none is gone through twice.
    let mut inner = Bits::new(spans.same.len());
    for first in own().map(|rope| spans.parts[rope as usize][0]).filter(|first| first & ROPE != 0) {
        inner.set((first & !ROPE) as usize);
    }
    for (nth, rope) in own().filter(|rope| !inner.get(*rope as usize)).enumerate() {
        if nth & 0xFFF == 0 {
            host::check(host)?;
        }
        writer.chain(rope);
    }
    Ok(writer.known)
}

struct Writer<'a> {
    graph: &'a Graph,
    spans: &'a Spans,
    canon: &'a Canonical<'a>,
    known: Vec<u32>,
    /// Two hashes under different seeds are as good as the text: 128 bits of which no file knows one.
    texts: HashMap<(u64, u64), u32, RandomState>,
    seed: RandomState,
    text: Vec<u8>,
    chain: Vec<u32>,
    open: Vec<u32>,
}

impl Writer<'_> {
    fn chain(&mut self, mut rope: u32) {
        let Self { graph, spans, .. } = *self;
        let mut units = 0;
        self.text.clear();
        loop {
            self.chain.push(rope);
            let first = spans.parts[rope as usize][0];
            rope = first & !ROPE;
            if first & ROPE == 0 || self.known[rope as usize] != NEW {
                units += spans.write(graph, first, units, &mut self.text, &mut self.open);
                break;
            }
        }
        while let Some(rope) = self.chain.pop() {
            units += spans.write(graph, spans.parts[rope as usize][1], units, &mut self.text, &mut self.open);
            self.known[rope as usize] = self.number(rope);
        }
    }

    fn number(&mut self, rope: u32) -> u32 {
        let hash = self.canon.hash(&self.text);
        self.canon.find(hash, &self.text).unwrap_or_else(|| {
            let both = (hash, self.seed.hash_one(&self.text));
            *self.texts.entry(both).or_insert(ROPE | rope)
        })
    }
}
