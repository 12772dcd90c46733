//! A partition of the nodes, as fine as classes ever need it, before anybody knows which interfaces there are: a class
//! is one or more of its parts.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::format;
use super::name::{Name, Place};
use super::shapes::{Shape, Shapes};
use crate::heap::graph::interner::Interner;
use crate::heap::graph::same_text::TextIs;
use crate::heap::graph::{Graph, NodeKind};

/// No shape, no place, no part.
pub(crate) const NONE: u32 = u32::MAX;

/// Nodes that are in the same class whatever the interfaces are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// The class name, for plain objects the one they have if no interface matches.
    pub(crate) name: Name,
    /// Of plain objects; or [`NONE`].
    pub(crate) shape: u32,
    /// Index into [`Partition::places`], or [`NONE`].
    pub(crate) place: u32,
}

/// The part of each node. From here on a plain object costs nothing: interfaces are found, and matched, once
/// for each shape.
#[derive(Debug)]
pub struct Partition {
    pub(crate) part_of: Vec<u32>,
    pub(crate) list: Vec<Part>,
    pub(super) shapes: Vec<Shape>,
    pub(crate) places: Vec<Place>,
    pub(crate) made: Interner,
}

impl Partition {
    /// Tells all nodes apart; their names must be what DevTools has them by then (`Detached …`).
    pub fn of(graph: &Graph) -> Self {
        Partitioner::new(graph).run()
    }

    /// The shapes of plain objects.
    pub(crate) fn shapes(&self) -> &[Shape] {
        &self.shapes
    }
}

struct Partitioner<'a> {
    graph: &'a Graph,
    list: Vec<Part>,
    /// By string index: the part of nodes whose class is their name.
    by_name: Vec<u32>,
    /// By number of a made text.
    by_made: Vec<u32>,
    by_kind: [u32; 256],
    by_shape: Vec<u32>,
    shapes: Shapes,
    by_place: HashMap<(u32, Place), u32, RandomState>,
    places: Vec<Place>,
    made: Interner,
}

impl<'a> Partitioner<'a> {
    fn new(graph: &'a Graph) -> Self {
        Self {
            graph,
            list: Vec::new(),
            by_name: vec![NONE; graph.strings().len()],
            by_made: Vec::new(),
            by_kind: [NONE; 256],
            by_shape: Vec::new(),
            shapes: Shapes::default(),
            by_place: HashMap::default(),
            places: Vec::new(),
            made: Interner::default(),
        }
    }

    fn run(mut self) -> Partition {
        let graph = self.graph;
        let mut plain = TextIs::new(graph.strings(), "Object");
        let mut locations = graph.locations.as_slice();
        let mut part_of = Vec::with_capacity(graph.node_count() as usize);
        for node in graph.nodes() {
            let kind = graph.kind(node);
            part_of.push(match kind {
                NodeKind::NATIVE => self.named(graph.name(node)),
                NodeKind::OBJECT => {
                    let name = graph.name(node);
                    let part = if plain.is(name) { self.shaped(node) } else { self.named(name) };
                    while locations.first().is_some_and(|location| location.node < node) {
                        locations = &locations[1..];
                    }
                    match locations.first() {
                        Some(at) if at.node == node => self
                            .placed(part, Place { script_id: at.script, line: at.line, column: at.column }),
                        _ => part,
                    }
                }
                _ => match self.by_kind[usize::from(kind.0)] {
                    NONE => self.of_kind(kind),
                    part => part,
                },
            });
        }
        let Self { list, shapes, places, made, .. } = self;
        Partition { part_of, list, shapes: shapes.list, places, made }
    }

    fn add(&mut self, name: Name) -> u32 {
        self.list.push(Part { name, shape: NONE, place: NONE });
        (self.list.len() - 1) as u32
    }

    fn named(&mut self, name: u32) -> u32 {
        match self.by_name.get(name as usize) {
            Some(&NONE) | None => {}
            Some(part) => return *part,
        }
        let strings = self.graph.strings();
        // Most names are seen to be no element's without unescaping them.
        let perhaps = matches!(strings.raw(name).first(), Some(b'<' | b'D' | b'\\'));
        let text = if perhaps { strings.text(name) } else { Default::default() };
        let part = match format::element(&text) {
            Some(element) => self.made(&element),
            None => self.add(Name::Own(name)),
        };
        if let Some(slot) = self.by_name.get_mut(name as usize) {
            *slot = part;
        }
        part
    }

    fn made(&mut self, text: &[u8]) -> u32 {
        let number = self.made.intern(text);
        if number as usize == self.by_made.len() {
            let part = self.add(Name::Made(number));
            self.by_made.push(part);
        }
        self.by_made[number as usize]
    }

    fn of_kind(&mut self, kind: NodeKind) -> u32 {
        let part = match kind {
            NodeKind::HIDDEN => self.made(b"(system)"),
            NodeKind::CODE => self.made(b"(compiled code)"),
            NodeKind::CLOSURE => self.made(b"Function"),
            NodeKind::REGEXP => self.made(b"RegExp"),
            _ => self.made(format!("({})", self.graph.kind_name(kind)).as_bytes()),
        };
        self.by_kind[usize::from(kind.0)] = part;
        part
    }

    fn shaped(&mut self, node: u32) -> u32 {
        let (shape, new) = self.shapes.of(self.graph, node);
        if new {
            let part = self.add(Name::Own(self.graph.name(node)));
            self.list[part as usize].shape = shape;
            self.by_shape.push(part);
        }
        self.by_shape[shape as usize]
    }

    fn placed(&mut self, part: u32, place: Place) -> u32 {
        if let Some(placed) = self.by_place.get(&(part, place)) {
            return *placed;
        }
        let added = self.list.len() as u32;
        self.list.push(Part { place: self.places.len() as u32, ..self.list[part as usize] });
        self.places.push(place);
        self.by_place.insert((part, place), added);
        added
    }
}
