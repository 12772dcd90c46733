//! What came and what went between two snapshots.

mod census;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cmp::Reverse;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::Serialize;

pub use self::census::Census;
use super::aggregates::Namesakes;
use crate::heap::graph::interner::Interner;
use crate::heap::rules::classes::matching::Matcher;
use crate::heap::rules::classes::{Definitions, Place};
use crate::heap::rules::names::shorten;

/// How a class changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiffRow {
    /// The class's name.
    pub name: String,
    /// Where its constructor stands, if V8 knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Place>,
    /// Objects that came.
    pub added: u64,
    /// Objects that went.
    pub removed: u64,
    /// `added` − `removed`.
    pub count_delta: i64,
    /// Bytes of those that came.
    pub added_size: u64,
    /// Bytes of those that went.
    pub removed_size: u64,
    /// `added_size` − `removed_size`.
    pub size_delta: i64,
}

/// What makes an object the same one in both snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Same {
    /// Its id: both are of one process, which kept its ids. One row a class, as in DevTools.
    Ids,
    /// Nothing does. What a class has more is taken as added, what it has less as removed. V8 numbers scripts anew
    /// in each process, so classes are the same by name, line and column.
    Totals,
}

/// Compares two snapshots, the newer one's interfaces for both. Classes that did not change have no row; the others
/// come by falling growth.
pub fn diff(
    base: &Census,
    now: &Census,
    interfaces: &Definitions,
    same: Same,
    namesakes: Namesakes,
) -> Vec<DiffRow> {
    let mut classes = BothSides { same, ..BothSides::default() };
    classes.add(0, base, interfaces);
    classes.add(1, now, interfaces);
    let mut rows: Vec<_> = (classes.list.into_iter())
        .filter_map(|mut class| {
            if namesakes == Namesakes::Last {
                class.last_only([base, now]);
            }
            let [before, after] = [class.members[0].as_slice(), class.members[1].as_slice()];
            let change = match same {
                Same::Ids => merge(&base.ids_and_sizes(before), &now.ids_and_sizes(after)),
                Same::Totals => Change::of_totals(base.totals(before), now.totals(after)),
            };
            change.row(classes.texts.get(class.text), class.place)
        })
        .collect();
    rows.sort_by(|a, b| {
        let key = |row: &DiffRow| (Reverse(row.size_delta), Reverse(row.count_delta));
        key(a).cmp(&key(b)).then_with(|| (&a.name, a.location).cmp(&(&b.name, b.location)))
    });
    rows
}

/// Classes of both snapshots that are the same to the reader.
struct BothSides {
    same: Same,
    list: Vec<Class>,
    texts: Interner,
    index: HashMap<(u32, Option<Place>), u32, RandomState>,
}

impl Default for BothSides {
    fn default() -> Self {
        Self { same: Same::Ids, list: Vec::new(), texts: Interner::default(), index: HashMap::default() }
    }
}

struct Class {
    text: u32,
    place: Option<Place>,
    /// Before and after: (which of the names that read so, entry of the census).
    members: [Vec<(u32, u32)>; 2],
}

impl BothSides {
    fn add(&mut self, side: usize, census: &Census, interfaces: &Definitions) {
        let mut matcher = Matcher::new(interfaces, census.texts.len());
        for (number, entry) in (0..).zip(&census.entries) {
            let interface = entry.properties.and_then(|(begin, end)| {
                let names = census.properties[begin as usize..end as usize].iter().copied();
                matcher.best(names, |name| Cow::Borrowed(census.texts.get(name)))
            });
            let (name, text) = match interface {
                // No name of a snapshot has such a number.
                Some(number) => (u32::MAX - number, interfaces.name(number)),
                None => (entry.name, census.texts.get(entry.text)),
            };
            let text = self.texts.intern(text);
            let place = match self.same {
                Same::Ids => entry.place,
                Same::Totals => entry.place.map(|place| Place { script_id: 0, ..place }),
            };
            let class = *self.index.entry((text, place)).or_insert_with(|| {
                self.list.push(Class { text, place: None, members: Default::default() });
                self.list.len() as u32 - 1
            });
            let class = &mut self.list[class as usize];
            class.place = entry.place;
            class.members[side].push((name, number));
        }
    }
}

impl Class {
    /// Keeps what DevTools keeps of names that read the same: the one whose first node comes last. By their place
    /// they would be the same to it, too.
    fn last_only(&mut self, sides: [&Census; 2]) {
        if self.place.is_some() {
            return;
        }
        for (members, census) in self.members.iter_mut().zip(sides) {
            members.sort_unstable_by_key(|(name, entry)| (*name, census.entries[*entry as usize].first));
            let names = members.chunk_by(|a, b| a.0 == b.0);
            let last = names
                .filter_map(|chunk| chunk.first())
                .max_by_key(|(_, entry)| census.entries[*entry as usize].first);
            if let Some((last, _)) = last.copied() {
                members.retain(|(name, _)| *name == last);
            }
        }
    }
}

impl Census {
    /// (id, size) of all nodes of these entries, by id.
    fn ids_and_sizes(&self, entries: &[(u32, u32)]) -> Vec<(u64, u64)> {
        let entries = || entries.iter().map(|(_, entry)| &self.entries[*entry as usize]);
        let mut ids_and_sizes =
            Vec::with_capacity(entries().map(|entry| (entry.end - entry.begin) as usize).sum());
        for entry in entries() {
            let nodes = entry.begin as usize..entry.end as usize;
            ids_and_sizes.extend(nodes.map(|node| (self.ids.get(node), self.sizes.get(node))));
        }
        // Already so, if it is one entry.
        ids_and_sizes.sort_by_key(|(id, _)| *id);
        ids_and_sizes
    }

    /// (count, size) of all nodes of these entries.
    fn totals(&self, entries: &[(u32, u32)]) -> (u64, u64) {
        let mut totals = (0, 0_u64);
        for entry in entries.iter().map(|(_, entry)| &self.entries[*entry as usize]) {
            totals.0 += u64::from(entry.end - entry.begin);
            let sizes = (entry.begin as usize..entry.end as usize).map(|node| self.sizes.get(node));
            totals.1 = sizes.fold(totals.1, u64::saturating_add);
        }
        totals
    }
}

/// (count, size) of what came and went.
#[derive(Clone, Copy, Default)]
struct Change {
    added: (u64, u64),
    removed: (u64, u64),
}

/// What is in one of two lists only.
fn merge(before: &[(u64, u64)], after: &[(u64, u64)]) -> Change {
    let mut change = Change::default();
    let [mut before, mut after] = [before, after].map(|list| list.iter().peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (Some((old, _)), Some((new, _))) => old.cmp(new),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => return change,
        };
        let old = before.next_if(|_| order.is_le());
        let new = after.next_if(|_| order.is_ge());
        match (old, new) {
            (Some((_, size)), None) => count(&mut change.removed, *size),
            (None, Some((_, size))) => count(&mut change.added, *size),
            _ => {}
        }
    }
}

fn count(sum: &mut (u64, u64), size: u64) {
    *sum = (sum.0 + 1, sum.1.saturating_add(size));
}

fn delta(plus: u64, minus: u64) -> i64 {
    let delta = i128::from(plus) - i128::from(minus);
    delta.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

impl Change {
    fn of_totals(before: (u64, u64), after: (u64, u64)) -> Self {
        let more = |a: (u64, u64), b: (u64, u64)| (a.0.saturating_sub(b.0), a.1.saturating_sub(b.1));
        Self { added: more(after, before), removed: more(before, after) }
    }

    fn row(self, name: &[u8], location: Option<Place>) -> Option<DiffRow> {
        let Self { added, removed } = self;
        ((added, removed) != Default::default()).then(|| DiffRow {
            name: shorten(name),
            location,
            added: added.0,
            removed: removed.0,
            count_delta: delta(added.0, removed.0),
            added_size: added.1,
            removed_size: removed.1,
            size_delta: delta(added.1, removed.1),
        })
    }
}
