//! What each class amounts to.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::Serialize;

use crate::heap::graph::Graph;
use crate::heap::rules::classes::{Classes, Place};
use crate::heap::rules::names::shorten;

/// No node.
const NONE: u32 = u32::MAX;
/// One class's sums, over its nodes that have a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// Number of nodes.
    pub count: u64,
    /// Shallow sizes together, bytes.
    pub shallow: u64,
    /// What would be freed with all of them, bytes: a node below another one of its class counts once.
    pub retained: u64,
    /// Shortest way from a root, in edges; −5 if there is a node that has none.
    pub distance: i32,
    /// The first of the nodes; `u32::MAX` if there are none.
    pub first: u32,
}

/// Sums of all classes.
#[derive(Clone, Debug, Default)]
pub struct Aggregates(Vec<Aggregate>);

/// Classes that read the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namesakes {
    /// Each has its row, so that the rows' sizes add up. (In a comparison: one row, of all of them.)
    Keep,
    /// Only the one whose first node comes last, as in DevTools, where it takes the others' place unseen.
    Last,
}

/// A class for the reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassRow {
    /// The class's name; `{a, b}` for plain objects.
    pub name: String,
    /// Number of objects.
    pub count: u64,
    /// Bytes of the objects themselves.
    pub shallow_size: u64,
    /// Bytes that would be freed with all of them.
    pub retained_size: u64,
    /// Shortest way from a root, in edges; −5 = none, 100,000,000 and more = only from V8's own roots.
    pub distance: i32,
    /// Where the constructor stands, if V8 knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Place>,
}

impl Aggregates {
    /// Adds up. All slices have one value for each node; `dominators` must be a tree with the graph's root as
    /// its root. Takes eight bytes for each node while it works.
    pub fn of(
        graph: &Graph,
        classes: &Classes,
        dominators: &[u32],
        retained: &[u64],
        distances: &[i32],
    ) -> Self {
        let none = Aggregate { count: 0, shallow: 0, retained: 0, distance: i32::MAX, first: NONE };
        let mut sums = vec![none; classes.len()];
        for (node, distance) in graph.nodes().zip(distances) {
            let size = graph.self_size(node);
            if size == 0 {
                continue;
            }
            let sum = &mut sums[classes.of_node(node) as usize];
            sum.count += 1;
            sum.shallow = sum.shallow.saturating_add(size);
            sum.distance = sum.distance.min(*distance);
            sum.first = sum.first.min(node);
        }
        let mut aggregates = Self(sums);
        aggregates.retain(graph, classes, dominators, retained);
        aggregates
    }

    /// Retained sizes of nodes that have no proper dominator of the same class, among nodes with a size.
    ///
    /// Walks the dominator tree, marking classes as open while below a node of them. The tree's own links lead
    /// back up, so there is no stack, however deep it is.
    fn retain(&mut self, graph: &Graph, classes: &Classes, dominators: &[u32], retained: &[u64]) {
        let root = graph.root();
        let mut children = vec![NONE; dominators.len()];
        let mut siblings = vec![NONE; dominators.len()];
        // Backwards, so that the children stand in their order in memory.
        for node in graph.nodes().rev().filter(|node| *node != root) {
            let first = &mut children[dominators[node as usize] as usize];
            siblings[node as usize] = *first;
            *first = node;
        }
        let mut opened_by = vec![NONE; self.0.len()];
        let mut node = root;
        loop {
            let class = classes.of_node(node) as usize;
            let first = children[node as usize];
            if opened_by[class] == NONE && graph.self_size(node) > 0 {
                self.0[class].retained = self.0[class].retained.saturating_add(retained[node as usize]);
                if first != NONE {
                    opened_by[class] = node;
                }
            }
            if first != NONE {
                node = first;
                continue;
            }
            while siblings[node as usize] == NONE {
                if node == root {
                    return;
                }
                node = dominators[node as usize];
                let opened = &mut opened_by[classes.of_node(node) as usize];
                if *opened == node {
                    *opened = NONE;
                }
            }
            node = siblings[node as usize];
        }
    }

    /// The sums of a class.
    pub fn get(&self, class: u32) -> &Aggregate {
        &self.0[class as usize]
    }

    /// By class.
    pub fn list(&self) -> &[Aggregate] {
        &self.0
    }

    /// The classes that have nodes with a size, by falling retained size.
    pub fn ranking(&self, graph: &Graph, classes: &Classes, namesakes: Namesakes) -> Vec<u32> {
        let mut ranking: Vec<_> =
            (0..classes.len() as u32).filter(|class| self.get(*class).count > 0).collect();
        if namesakes == Namesakes::Last {
            ranking.sort_unstable_by_key(|class| self.get(*class).first);
            let mut last: HashMap<_, u32, RandomState> = HashMap::default();
            for class in &ranking {
                last.insert((classes.place(*class), classes.text(graph, *class)), *class);
            }
            ranking = last.into_values().collect();
        }
        ranking.sort_unstable_by_key(|class| {
            let Aggregate { retained, shallow, first, .. } = *self.get(*class);
            (std::cmp::Reverse((retained, shallow)), first)
        });
        ranking
    }

    /// The table, by falling retained size.
    pub fn table(&self, graph: &Graph, classes: &Classes, namesakes: Namesakes) -> Vec<ClassRow> {
        let ranking = self.ranking(graph, classes, namesakes);
        ranking.into_iter().map(|class| self.row(graph, classes, class)).collect()
    }

    /// A class's row of the table.
    pub fn row(&self, graph: &Graph, classes: &Classes, class: u32) -> ClassRow {
        let sum = self.get(class);
        ClassRow {
            name: shorten(&classes.text(graph, class)),
            count: sum.count,
            shallow_size: sum.shallow,
            retained_size: sum.retained,
            distance: sum.distance,
            location: classes.place(class),
        }
    }
}

#[cfg(test)]
mod tests;
