//! Which class each node belongs to.
//!
//! Internally, as in DevTools, a class name is a string's *index*, not its text: the closures' `Function` and
//! objects that are called `Function` are two classes, and retain two sums.
//!
//! | file | what it does |
//! |---|---|
//! | `partition` | tells nodes apart as finely as a class ever needs: once for a graph, whatever the interfaces are |
//! | `shapes` | plain objects by the names of their properties, in order |
//! | `interfaces` | which beginnings of those are frequent enough to have a name |
//! | `matching` | which interface an object is shown as |
//! | `name`, `format` | what tells classes apart; how DevTools writes names |
//! | `devtools` | interfaces and matching as DevTools does them, for the tests |

#[cfg(test)]
mod devtools;
pub(in crate::heap) mod format;
mod interfaces;
pub(in crate::heap) mod matching;
mod name;
mod partition;
mod shapes;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

pub use self::interfaces::Definitions;
use self::matching::Matcher;
pub(crate) use self::name::Name;
pub use self::name::Place;
use self::partition::NONE;
pub use self::partition::Partition;
pub(in crate::heap) use self::shapes::properties;

use crate::heap::graph::Graph;
use crate::json::text::show;

#[derive(Debug)]
struct Class {
    name: Name,
    place: Option<Place>,
}

/// The class of each node, and what the classes are called.
#[derive(Debug)]
pub struct Classes {
    partition: Partition,
    /// By part.
    class_of: Vec<u32>,
    list: Vec<Class>,
}

impl Partition {
    /// Joins parts to classes by interface definitions: this graph's own, or, to compare, another's.
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
        for part in &self.list {
            let interface = interfaces.get(part.shape as usize).copied().flatten();
            let mut name = match interface.and_then(|number| definitions.list.get(number as usize)) {
                Some(definition) => Name::Made(made.intern(&definition.name)),
                None => part.name,
            };
            let place = self.places.get(part.place as usize).copied();
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
        Classes { partition: self, class_of, list }
    }
}

impl Classes {
    /// Classes by the graph's own interfaces.
    pub fn of(graph: &Graph) -> Self {
        let partition = Partition::of(graph);
        let definitions = Definitions::infer(graph, &partition);
        partition.classes(graph, &definitions)
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
        self.class_of[self.partition.part_of[node as usize] as usize]
    }

    /// What the classes were made of: [`Names`](super::names::Names) and [`Census`](crate::heap::tables::diff::Census) want it.
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    /// A plain object's shape.
    pub(in crate::heap) fn shape(&self, node: u32) -> Option<u32> {
        let part = self.partition.part_of[node as usize];
        Some(self.partition.list[part as usize].shape).filter(|shape| *shape != NONE)
    }

    /// The class's name, WTF-8.
    pub fn text<'a>(&'a self, graph: &'a Graph, class: u32) -> Cow<'a, [u8]> {
        match self.list[class as usize].name {
            Name::Own(index) => graph.strings().text(index),
            Name::Made(number) => Cow::Borrowed(self.partition.made.get(number)),
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
