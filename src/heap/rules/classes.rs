//! Which class each node belongs to.
//!
//! Internally, as in DevTools, a class name is a string's *index*, not its text: the closures' `Function` and
//! objects that are called `Function` are two classes, and retain two sums.

#[cfg(test)]
mod devtools;
pub(in crate::heap) mod format;
mod interfaces;
pub(in crate::heap) mod matching;
mod partition;
mod shapes;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::Serialize;

pub use self::interfaces::Definitions;
use self::matching::Matcher;
use self::partition::NONE;
pub use self::partition::Sorts;
pub(in crate::heap) use self::shapes::properties;

use crate::heap::graph::Graph;
use crate::heap::graph::strings::show;

/// A class name: an index into the snapshot's strings, or the number of a text of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    Own(u32),
    Made(u32),
}

/// Where a class's constructor stands. Lines and columns count from 0. V8 numbers scripts anew in each process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// V8's number of the script.
    pub script_id: u32,
    /// Line, from 0.
    pub line: u32,
    /// Column, from 0.
    pub column: u32,
}

#[derive(Debug)]
struct Class {
    name: Name,
    place: Option<Place>,
}

/// The class of each node, and what the classes are called.
#[derive(Debug)]
pub struct Classes {
    sorts: Sorts,
    /// By sort.
    class_of: Vec<u32>,
    list: Vec<Class>,
}

impl Sorts {
    /// Joins sorts to classes by interface definitions: this graph's own, or, to compare, another's.
    pub fn classes(mut self, graph: &Graph, definitions: &Definitions) -> Classes {
        let strings = graph.strings();
        let mut matcher = Matcher::new(definitions, strings.len());
        let interfaces: Vec<_> = (self.shapes.iter())
            .map(|shape| matcher.best(shapes::properties(graph, shape.node), |name| strings.text(name)))
            .collect();
        let made = &mut self.made;
        let mut list = Vec::new();
        let mut index: HashMap<_, u32, RandomState> = HashMap::default();
        let mut class_of = Vec::with_capacity(self.list.len());
        for sort in &self.list {
            let interface = interfaces.get(sort.shape as usize).copied().flatten();
            let mut name = match interface.and_then(|number| definitions.list.get(number as usize)) {
                Some(definition) => Name::Made(made.intern(&definition.name)),
                None => sort.name,
            };
            let place = self.places.get(sort.place as usize).copied();
            // Classes of one place are the same if their names read the same.
            if let (Name::Own(own), Some(_)) = (name, place) {
                name = Name::Made(made.intern(&strings.text(own)));
            }
            let class = *index.entry((name, place)).or_insert_with(|| {
                list.push(Class { name, place });
                (list.len() - 1) as u32
            });
            class_of.push(class);
        }
        Classes { sorts: self, class_of, list }
    }
}

impl Classes {
    /// Classes by the graph's own interfaces.
    pub fn of(graph: &Graph) -> Self {
        let sorts = Sorts::of(graph);
        let definitions = Definitions::infer(graph, &sorts);
        sorts.classes(graph, &definitions)
    }

    /// How many there are; they are numbered from 0. Some may have only nodes without size.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// A node's class.
    #[inline]
    pub fn of_node(&self, node: u32) -> u32 {
        self.class_of[self.sorts.sort_of[node as usize] as usize]
    }

    /// What the classes were made of: [`Names`](super::names::Names) and [`Census`](crate::heap::tables::diff::Census) want it.
    pub fn sorts(&self) -> &Sorts {
        &self.sorts
    }

    /// A plain object's shape.
    pub(in crate::heap) fn shape(&self, node: u32) -> Option<u32> {
        let sort = self.sorts.sort_of[node as usize];
        Some(self.sorts.list[sort as usize].shape).filter(|shape| *shape != NONE)
    }

    /// The class's name, WTF-8.
    pub fn text<'a>(&'a self, graph: &'a Graph, class: u32) -> Cow<'a, [u8]> {
        match self.list[class as usize].name {
            Name::Own(index) => graph.strings().text(index),
            Name::Made(number) => Cow::Borrowed(self.sorts.made.get(number)),
        }
    }

    /// The class's name for human eyes.
    pub fn show(&self, graph: &Graph, class: u32) -> String {
        show(&self.text(graph, class))
    }

    /// Where the class's constructor stands, for objects of which V8 knows it.
    pub fn place(&self, class: u32) -> Option<Place> {
        self.list[class as usize].place
    }

    /// All classes of this name.
    pub fn named(&self, graph: &Graph, name: &str) -> Vec<u32> {
        (0..self.len() as u32).filter(|class| *self.text(graph, *class) == *name.as_bytes()).collect()
    }
}
