//! Plain objects by what they look like: `{id, name, …}` instead of `Object`.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::format;
use super::partition::Partition;
use super::shapes;
use crate::heap::graph::Graph;
use crate::heap::graph::interner::Interner;
use crate::heap::graph::same_text::{Canonical, TextIs};

/// A name ends before the property that would make it longer, in UTF-16 units; the first is always in it.
const LONGEST_NAME: usize = 120;
/// V8 cuts names at 1,024 units. A file that has longer ones is not allowed to multiply them.
const LONGEST_PROPERTY: usize = 16 << 10;

/// Property names that many plain objects begin with, and what such objects are called.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    /// `{a, b}`, WTF-8.
    pub(super) name: Vec<u8>,
    /// In the objects' own order, numbers of [`Definitions::texts`].
    pub(super) properties: Vec<u32>,
}

/// The interfaces of a snapshot, most frequent first. They can be applied to another snapshot: names are
/// compared as texts.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    pub(super) texts: Interner,
    pub(super) list: Vec<Definition>,
}

impl Definitions {
    /// The interfaces that occur in this graph often enough: at least twice, and in one of 1,000 plain objects.
    pub fn infer(graph: &Graph, partition: &Partition) -> Self {
        let mut candidates = Candidates::new(graph);
        partition.shapes.iter().for_each(|shape| candidates.add(shape.node, u64::from(shape.count)));
        let total: u64 = partition.shapes.iter().map(|shape| u64::from(shape.count)).sum();
        candidates.list.retain(|candidate| candidate.count >= 2 && candidate.count * 1_000 >= total);
        // Stable: of equally frequent ones, the one that was seen first.
        candidates.list.sort_by_key(|candidate| std::cmp::Reverse(candidate.count));
        let mut definitions = Self::default();
        for Candidate { begin, end, .. } in &candidates.list {
            definitions.add(graph, &candidates.properties[*begin..*end]);
        }
        definitions
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// `{a, b}`, WTF-8.
    pub(crate) fn name(&self, number: u32) -> &[u8] {
        &self.list[number as usize].name
    }

    fn add(&mut self, graph: &Graph, properties: &[u32]) {
        let mut name = b"{".to_vec();
        let texts: Vec<_> = properties.iter().map(|property| graph.strings().text(*property)).collect();
        for text in &texts {
            if name.len() > 1 {
                name.extend_from_slice(b", ");
            }
            let shown = format::property(text);
            name.extend_from_slice(&shown[..shown.len().min(LONGEST_PROPERTY)]);
        }
        name.push(b'}');
        let properties = texts.iter().map(|text| self.texts.intern(text)).collect();
        self.list.push(Definition { name, properties });
    }

    #[cfg(test)]
    pub(super) fn by_hand(list: &[(&str, &[&[u8]])]) -> Self {
        let mut definitions = Self::default();
        for (name, properties) in list {
            let properties = properties.iter().map(|text| definitions.texts.intern(text)).collect();
            definitions.list.push(Definition { name: name.as_bytes().to_vec(), properties });
        }
        definitions
    }
}

/// A beginning that some objects share.
struct Candidate {
    /// The properties of the first of them, in [`Candidates::properties`].
    begin: usize,
    end: usize,
    /// Where those begin that show in the name.
    named: usize,
    hash: u64,
    count: u64,
}

/// DevTools counts candidates by their names. Names are equal exactly if the lists of properties are, because
/// whatever could be mistaken for something else is quoted; so the lists are compared here. Only that empty
/// names at the beginning leave no trace in the name, not even a comma.
struct Candidates<'a> {
    graph: &'a Graph,
    canon: Canonical<'a>,
    proto: TextIs<'a>,
    /// By string: length of the formatted name plus one, or 0.
    lengths: Vec<u32>,
    properties: Vec<u32>,
    list: Vec<Candidate>,
    index: HashTable<u32>,
    seed: RandomState,
}

impl<'a> Candidates<'a> {
    fn new(graph: &'a Graph) -> Self {
        let strings = graph.strings();
        Self {
            graph,
            canon: Canonical::new(strings),
            proto: TextIs::new(strings, "__proto__"),
            lengths: vec![0; strings.len()],
            properties: Vec::new(),
            list: Vec::new(),
            index: HashTable::new(),
            seed: RandomState::default(),
        }
    }

    fn add(&mut self, node: u32, count: u64) {
        let begin = self.properties.len();
        let mut named = begin;
        let mut hasher = self.seed.build_hasher();
        let mut length = 1;
        for property in shapes::properties(self.graph, node) {
            if self.proto.is(property) {
                continue;
            }
            let property = self.canon.of(property);
            let more = self.length(property);
            if length > 1 && length + more > LONGEST_NAME {
                break;
            }
            self.properties.push(property);
            length += more + if length == 1 { 0 } else { 2 };
            if length == 1 {
                named = self.properties.len();
            } else {
                hasher.write_u32(property);
            }
        }
        let end = self.properties.len();
        // Objects without properties are no interface.
        if begin == end {
            return;
        }
        let (hash, properties, list) = (hasher.finish(), &self.properties, &mut self.list);
        let same = |candidate: &u32| {
            let other = &list[*candidate as usize];
            other.hash == hash && properties[other.named..other.end] == properties[named..end]
        };
        if let Some(candidate) = self.index.find(hash, same).copied() {
            list[candidate as usize].count += count;
            self.properties.truncate(begin);
            return;
        }
        list.push(Candidate { begin, end, named, hash, count });
        self.index.insert_unique(hash, (list.len() - 1) as u32, |candidate| list[*candidate as usize].hash);
    }

    fn length(&mut self, property: u32) -> usize {
        let known = self.lengths.get(property as usize).copied().unwrap_or(0);
        if known > 0 {
            return known as usize - 1;
        }
        let length = format::property_len(&self.graph.strings().text(property));
        if let (Some(slot), Ok(known)) = (self.lengths.get_mut(property as usize), u32::try_from(length + 1))
        {
            *slot = known;
        }
        length
    }
}
