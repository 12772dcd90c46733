//! Which interface an object is shown as.
//!
//! DevTools sorts the object's property names and walks a tree of the definitions' sorted names with a set of
//! states. What comes out is: of the definitions whose names, each as often as it stands there, are all among
//! the object's, the one with most names, of several the earliest. That is what is asked here, per shape.

use std::borrow::Cow;

use super::interfaces::{Definition, Definitions};

/// A property name that no definition has.
const FOREIGN: u32 = u32::MAX;
/// A property name nobody asked about.
const NEW: u32 = u32::MAX - 1;

/// A definition as a set of tokens: the second time the same name counts as another token.
struct Wanted {
    definition: u32,
    /// The one that fewest definitions have comes first: most likely to be missing.
    tokens: Vec<u32>,
}

/// What is known of one property name of the definitions.
#[derive(Clone, Copy, Default)]
struct Property {
    /// The first of its tokens, the others follow.
    token: u32,
    /// How many tokens: the most often it occurs in one definition.
    tokens: u32,
    /// How often it was seen in the object of this stamp.
    seen: u32,
    stamp: u32,
}

/// Matches objects, given as lists of names numbered by whom it was made for.
pub(crate) struct Matcher<'a> {
    definitions: &'a Definitions,
    /// Number of a name → property.
    translation: Vec<u32>,
    properties: Vec<Property>,
    /// Best first.
    wanted: Vec<Wanted>,
    /// By token: the definitions whose first token it is, as indexes into `wanted`, rising.
    by_first: Vec<Vec<u32>>,
    /// By token: the stamp of the last object that had it.
    present: Vec<u32>,
    held: Vec<u32>,
    stamp: u32,
}

impl<'a> Matcher<'a> {
    /// For objects whose names have numbers below `names`.
    pub(crate) fn new(definitions: &'a Definitions, names: usize) -> Self {
        let mut properties = vec![Property::default(); definitions.texts.len()];
        for definition in &definitions.list {
            for (nth, property) in ranks(&definition.properties) {
                properties[property as usize].tokens = properties[property as usize].tokens.max(nth + 1);
            }
        }
        let mut tokens = 0;
        for property in &mut properties {
            property.token = tokens;
            tokens += property.tokens;
        }
        let mut wanted: Vec<_> = (0..)
            .zip(&definitions.list)
            .map(|(definition, Definition { properties: names, .. })| Wanted {
                definition,
                tokens: ranks(names).map(|(nth, name)| properties[name as usize].token + nth).collect(),
            })
            .collect();
        // Stable: the earlier definition stays before the later one.
        wanted.sort_by_key(|wanted| std::cmp::Reverse(wanted.tokens.len()));
        let mut frequency = vec![0_u32; tokens as usize];
        wanted.iter().flat_map(|wanted| &wanted.tokens).for_each(|token| frequency[*token as usize] += 1);
        let mut by_first = vec![Vec::new(); tokens as usize];
        for (index, wanted) in (0..).zip(&mut wanted) {
            wanted.tokens.sort_by_key(|token| frequency[*token as usize]);
            if let Some(first) = wanted.tokens.first() {
                by_first[*first as usize].push(index);
            }
        }
        Self {
            definitions,
            translation: vec![NEW; names],
            properties,
            wanted,
            by_first,
            present: vec![0; tokens as usize],
            held: Vec::new(),
            stamp: 0,
        }
    }

    /// The number of the definition to show an object with these names as, if there is one. `text` tells the
    /// text of a name.
    pub(crate) fn best<'t>(
        &mut self,
        names: impl Iterator<Item = u32>,
        text: impl Fn(u32) -> Cow<'t, [u8]>,
    ) -> Option<u32> {
        self.stamp += 1;
        self.held.clear();
        for name in names {
            let property = self.translate(name, &text);
            let Some(property) = self.properties.get_mut(property as usize) else { continue };
            if property.stamp != self.stamp {
                (property.stamp, property.seen) = (self.stamp, 0);
            }
            if property.seen < property.tokens {
                let token = property.token + property.seen;
                self.present[token as usize] = self.stamp;
                self.held.push(token);
                property.seen += 1;
            }
        }
        let mut best = self.wanted.len();
        for token in &self.held {
            for candidate in &self.by_first[*token as usize] {
                let candidate = *candidate as usize;
                if candidate >= best {
                    break;
                }
                if self.wanted[candidate]
                    .tokens
                    .iter()
                    .all(|token| self.present[*token as usize] == self.stamp)
                {
                    best = candidate;
                }
            }
        }
        self.wanted.get(best).map(|wanted| wanted.definition)
    }

    fn translate<'t>(&mut self, name: u32, text: &impl Fn(u32) -> Cow<'t, [u8]>) -> u32 {
        let Some(known) = self.translation.get_mut(name as usize) else { return FOREIGN };
        if *known == NEW {
            *known = self.definitions.texts.find(&text(name)).unwrap_or(FOREIGN);
        }
        *known
    }
}

/// Each name with how many times it stood there before.
fn ranks(names: &[u32]) -> impl Iterator<Item = (u32, u32)> + '_ {
    // Definitions are short: at most some 60 names.
    names
        .iter()
        .enumerate()
        .map(|(at, name)| (names[..at].iter().filter(|before| *before == name).count() as u32, *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(definitions: &[(&str, &[&[u8]])], object: &[&str]) -> Option<u32> {
        let definitions = Definitions::by_hand(definitions);
        let mut matcher = Matcher::new(&definitions, object.len());
        let all = 0..object.len() as u32;
        let text = |name: u32| Cow::Borrowed(object[name as usize].as_bytes());
        let first = matcher.best(all.clone(), text);
        assert_eq!(first, matcher.best(all, text));
        first
    }

    #[test]
    fn most_names_then_the_earliest() {
        let list: &[(&str, &[&[u8]])] = &[
            ("{a}", &[b"a"]),
            ("{a, b}", &[b"a", b"b"]),
            ("{b, a}", &[b"b", b"a"]),
            ("{c, d}", &[b"c", b"d"]),
        ];
        assert_eq!(best(list, &["a"]), Some(0));
        assert_eq!(best(list, &["x", "b", "a"]), Some(1));
        assert_eq!(best(list, &["d", "c", "b", "a"]), Some(1));
        assert_eq!(best(list, &["d", "c", "a"]), Some(3));
        assert_eq!(best(list, &["d", "b"]), None);
        assert_eq!(best(list, &[]), None);
        assert_eq!(best(&[], &["a"]), None);
    }

    #[test]
    fn a_name_that_stands_twice_must_be_there_twice() {
        let list: &[(&str, &[&[u8]])] = &[("{a, a}", &[b"a", b"a"]), ("{a, b}", &[b"a", b"b"])];
        assert_eq!(best(list, &["a", "b"]), Some(1));
        assert_eq!(best(list, &["b", "a", "a"]), Some(0));
        assert_eq!(best(list, &["a"]), None);
    }
}
