//! Plain objects by the names of their properties, in order.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::heap::graph::{EdgeKind, Graph};

/// All plain objects whose property edges have the same names in the same order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// The first of them. It stands for the names: nothing is copied, however long the list is.
    pub(crate) node: u32,
    /// How many there are.
    pub(crate) count: u32,
}

/// The shapes found so far.
#[derive(Default)]
pub(super) struct Shapes {
    pub(super) list: Vec<Shape>,
    index: HashTable<(u64, u32)>,
    seed: RandomState,
}

impl Shapes {
    /// The shape of a plain object, and whether it is a new one. Objects of differently numbered names are
    /// told apart: the name is what they are shown by when no interface matches.
    pub(super) fn of(&mut self, graph: &Graph, node: u32) -> (u32, bool) {
        let mut hasher = self.seed.build_hasher();
        hasher.write_u32(graph.name(node));
        properties(graph, node).for_each(|name| hasher.write_u32(name));
        let hash = hasher.finish();
        let list = &mut self.list;
        let same = |(other, shape): &(u64, u32)| {
            let first = list[*shape as usize].node;
            *other == hash
                && graph.name(first) == graph.name(node)
                && properties(graph, first).eq(properties(graph, node))
        };
        if let Some((_, shape)) = self.index.find(hash, same) {
            list[*shape as usize].count += 1;
            return (*shape, false);
        }
        let shape = list.len() as u32;
        list.push(Shape { node, count: 1 });
        self.index.insert_unique(hash, (hash, shape), |(hash, _)| *hash);
        (shape, true)
    }
}

/// Names of a node's properties, as string indexes.
pub(crate) fn properties(graph: &Graph, node: u32) -> impl Iterator<Item = u32> + '_ {
    graph
        .edges(node)
        .filter(|edge| graph.edge_kind(*edge) == EdgeKind::PROPERTY)
        .filter_map(|edge| graph.edge_name(edge))
}
