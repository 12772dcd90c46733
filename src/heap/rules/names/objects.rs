//! Plain objects: the first names and the last ones.

use crate::heap::graph::same_text::TextIs;
use crate::heap::graph::{EdgeKind, Graph};
use crate::heap::rules::classes::{Partition, format};

/// No further name once the whole is longer, in UTF-16 units; the first is always in it.
const LONGEST: usize = 100;

/// The name of each shape of plain objects, as string indexes: those at the front, then those at the back.
#[derive(Debug, Default)]
pub(super) struct Objects {
    list: Vec<Shown>,
    names: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Shown {
    /// In [`Objects::names`].
    end: usize,
    front: u32,
    back: u32,
    /// Names were left out in the middle.
    more: bool,
}

/// One side of the name while it grows.
#[derive(Default)]
struct Side {
    names: Vec<u32>,
    /// UTF-16 units, the brace included.
    units: usize,
}

impl Side {
    fn add(&mut self, name: u32, units: usize) {
        // An empty name beside the brace leaves no trace, not even a comma.
        if self.units == 1 && units == 0 {
            return;
        }
        self.units += units + if self.units > 1 { 2 } else { 0 };
        self.names.push(name);
    }
}

impl Objects {
    pub(super) fn of(graph: &Graph, partition: &Partition) -> Self {
        let mut proto = TextIs::new(graph.strings(), "__proto__");
        let mut objects = Self::default();
        let [mut front, mut back] = [Side::default(), Side::default()];
        for node in partition.shapes().iter().map(|shape| shape.node) {
            for side in [&mut front, &mut back] {
                side.names.clear();
                side.units = 1;
            }
            let mut edges = graph.edges(node);
            let mut from_end = false;
            while let Some(edge) = if from_end { edges.end.checked_sub(1) } else { Some(edges.start) }
                .filter(|_| !edges.is_empty())
            {
                let name = graph
                    .edge_name(edge)
                    .filter(|name| graph.edge_kind(edge) == EdgeKind::PROPERTY && !proto.is(*name));
                let units = name.map(|name| units(graph, name));
                if units.is_some_and(|units| front.units > 1 && front.units + back.units + units > LONGEST) {
                    break;
                }
                if from_end {
                    edges.end -= 1
                } else {
                    edges.start += 1
                }
                if let (Some(name), Some(units)) = (name, units) {
                    if from_end {
                        back.add(name, units)
                    } else {
                        front.add(name, units)
                    }
                    from_end = !from_end;
                }
            }
            objects.names.extend_from_slice(&front.names);
            objects.names.extend(back.names.iter().rev());
            objects.list.push(Shown {
                end: objects.names.len(),
                front: front.names.len() as u32,
                back: back.names.len() as u32,
                more: !edges.is_empty(),
            });
        }
        objects
    }

    /// The name of objects of this shape.
    pub(super) fn text(&self, graph: &Graph, shape: u32) -> Option<Vec<u8>> {
        let Shown { end, front, back, more } = *self.list.get(shape as usize)?;
        let (front, back) = (front as usize, back as usize);
        let names = &self.names[end - front - back..end];
        let mut text = b"{".to_vec();
        let add = |text: &mut Vec<u8>, names: &[u32]| {
            for (nth, name) in names.iter().enumerate() {
                if nth > 0 {
                    text.extend_from_slice(b", ");
                }
                text.extend_from_slice(&format::property(&graph.strings().text(*name)));
            }
        };
        add(&mut text, &names[..front]);
        if more {
            text.extend_from_slice(", …".as_bytes());
        }
        if back > 0 {
            text.extend_from_slice(b", ");
        }
        add(&mut text, &names[front..]);
        text.push(b'}');
        Some(text)
    }
}

/// Length of a property's name as it is shown; of one that is much too long in any case, any such length.
fn units(graph: &Graph, name: u32) -> usize {
    // An escape has at most six bytes for one unit.
    let raw = graph.strings().raw(name).len();
    if raw > 6 * LONGEST { raw } else { format::property_len(&graph.strings().text(name)) }
}
