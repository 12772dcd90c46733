//! Strings that are there more than once.
//!
//! Texts are told apart by index, after equal texts were given one index; nothing is stored but numbers.

mod spans;
#[cfg(test)]
mod tests;
mod texts;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::Serialize;

use self::spans::EMPTY;
pub use self::spans::Spans;
use crate::error::Result;
use crate::heap::graph::same_text::Canonical;
use crate::heap::graph::{Graph, NodeKind};
use crate::heap::host::Host;
use crate::heap::rules::names::ropes::{LONG, ROPE};
use crate::heap::rules::names::truncated::Whole;
use crate::heap::rules::names::{Names, shorten};
use crate::json::text::utf16_len;

/// Nothing yet.
const NONE: u32 = u32::MAX;
/// In a slot: the number of a group, not of the only string so far.
const GROUP: u32 = 1 << 31;

/// A text that several strings have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DuplicateRow {
    /// The text, or its beginning.
    pub text: String,
    /// How many strings have it.
    pub count: u64,
    /// Bytes of the strings themselves.
    pub shallow_size: u64,
    /// Bytes retained by them, added up.
    pub retained_size: u64,
    /// The snapshot has only the first 1,024 characters: the strings may differ behind them.
    pub truncated: bool,
    /// How long the whole text is, in UTF-16 units, where V8 says that it cut it. Such strings are known to be equal
    /// by their length and hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    /// The first of the strings.
    first: u32,
    count: u32,
    shallow: u64,
    retained: u64,
    whole: Option<Whole>,
}

/// Strings with equal texts, by falling retained size.
#[derive(Clone, Debug, Default)]
pub struct Duplicates(Vec<Group>);

/// The same before it is known what they retain.
#[derive(Debug, Default)]
pub struct Unweighed {
    groups: Vec<Group>,
    /// A string and the number of its group.
    members: Vec<(u32, u32)>,
}

impl Unweighed {
    /// Adds up what each text's strings retain.
    pub fn weigh(self, retained: &[u64]) -> Duplicates {
        let Self { mut groups, members } = self;
        for (node, group) in members {
            let sum = &mut groups[group as usize].retained;
            *sum = sum.saturating_add(retained[node as usize]);
        }
        // Of equally large ones: as DevTools has them, those that V8 says it cut come last.
        groups.sort_unstable_by_key(|group| {
            (std::cmp::Reverse(group.retained), group.whole.is_some(), group.first)
        });
        Duplicates(groups)
    }
}

impl Duplicates {
    /// Finds them, `ropes` being those of `names`. The graph needs no edges. Takes some 20 bytes for each string of the snapshot while it works.
    ///
    /// # Errors
    /// `Aborted` when the host wants an end.
    pub fn find(graph: &Graph, names: &Names, ropes: &Spans, host: &dyn Host) -> Result<Unweighed> {
        let strings = || {
            let sized = graph.nodes().filter(|node| graph.self_size(*node) > 0);
            sized.filter(|node| graph.kind(*node) == NodeKind::STRING)
        };
        let mut finder = Finder {
            graph,
            canon: Canonical::with_capacity(graph.strings(), strings().count()),
            slots: vec![NONE; graph.strings().len()],
            others: HashMap::default(),
            found: Unweighed::default(),
        };
        let mut truncated = names.truncated.iter().peekable();
        for node in strings() {
            while truncated.next_if(|truncated| truncated.node < node).is_some() {}
            let text = finder.canon.of(graph.name(node));
            finder.add(
                node,
                text,
                truncated.peek().filter(|truncated| truncated.node == node).map(|truncated| truncated.whole),
            );
        }
        finder.ropes(names, ropes, host)?;
        Ok(finder.found)
    }

    /// How many texts stand there more than once.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first `most` of them.
    pub fn rows(&self, graph: &Graph, names: &Names, most: usize) -> Vec<DuplicateRow> {
        let row = |group: &Group| {
            let text = names.string(graph, group.first);
            DuplicateRow {
                truncated: group.whole.is_none() && utf16_len(&text) >= LONG,
                text: shorten(&text),
                count: u64::from(group.count),
                shallow_size: group.shallow,
                retained_size: group.retained,
                length: group.whole.and_then(|(length, _)| length),
            }
        };
        self.0.iter().take(most).map(row).collect()
    }
}

struct Finder<'a> {
    graph: &'a Graph,
    canon: Canonical<'a>,
    /// By string index: [`NONE`], the only string with this text so far, or [`GROUP`] and the group's number.
    slots: Vec<u32>,
    /// The same for texts that are no string's name, and for strings that V8 says it cut.
    others: HashMap<(u32, Option<Whole>), u32, RandomState>,
    found: Unweighed,
}

impl Finder<'_> {
    /// Puts a string to its like. `text` is a string index, or [`ROPE`] and the number of a rope.
    fn add(&mut self, node: u32, text: u32, whole: Option<Whole>) {
        let slot = match self.slots.get_mut(text as usize).filter(|_| whole.is_none()) {
            Some(slot) => slot,
            None => self.others.entry((text, whole)).or_insert(NONE),
        };
        let Unweighed { groups, members } = &mut self.found;
        let number = match *slot {
            NONE => {
                *slot = node;
                return;
            }
            number if number & GROUP != 0 => number & !GROUP,
            only => {
                let number = groups.len() as u32;
                *slot = GROUP | number;
                let shallow = self.graph.self_size(only);
                groups.push(Group { first: only, count: 1, shallow, retained: 0, whole });
                members.push((only, number));
                number
            }
        };
        let group = &mut groups[number as usize];
        group.first = group.first.min(node);
        group.count += 1;
        group.shallow = group.shallow.saturating_add(self.graph.self_size(node));
        members.push((node, number));
    }

    fn ropes(&mut self, names: &Names, spans: &Spans, host: &dyn Host) -> Result<()> {
        let (graph, ropes) = (self.graph, &names.ropes);
        // A text that is a string's name must be known by it, before it is looked for.
        for same in spans.same.iter().filter(|same| **same & ROPE == 0) {
            self.canon.of(graph.name(*same));
        }
        let numbers = texts::numbers(graph, spans, &self.canon, host)?;
        let mut truncated = names.truncated.iter().peekable();
        for (rope, node) in ropes.nodes.iter().enumerate() {
            let empty = |part: &u32| part & ROPE != 0 && spans.units[(part & !ROPE) as usize] == 0;
            if graph.self_size(*node) == 0 || ropes.flat.get(rope) || ropes.parts[rope].iter().any(empty) {
                continue;
            }
            let index = match spans.same[rope] {
                EMPTY => continue,
                same if same & ROPE == 0 => self.canon.of(graph.name(same)),
                same => numbers[(same & !ROPE) as usize],
            };
            while truncated.next_if(|truncated| truncated.node < *node).is_some() {}
            self.add(
                *node,
                index,
                truncated.peek().filter(|truncated| truncated.node == *node).map(|truncated| truncated.whole),
            );
        }
        Ok(())
    }
}
