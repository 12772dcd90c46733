//! [`Facts`] as the engine found them, if it was asked to keep edges and names.

use std::borrow::Cow;

use super::facts::Facts;
use crate::heap::engine::Analysis;
use crate::heap::graph::Graph;
use crate::json::text::show;

/// Bytes of a class name that are shown.
const LONGEST: usize = 1024;

impl Facts for Analysis {
    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn distance(&self, node: u32) -> i32 {
        self.distances[node as usize]
    }

    fn retains(&self, edge: u32) -> bool {
        self.essential.get(edge as usize)
    }

    fn dominator(&self, node: u32) -> u32 {
        self.dominators.idom[node as usize]
    }

    fn retained_size(&self, node: u32) -> u64 {
        self.dominators.retained[node as usize]
    }

    fn class(&self, node: u32) -> u32 {
        self.classes.of_node(node)
    }

    fn class_name(&self, node: u32) -> Cow<'_, str> {
        let class = self.classes.of_node(node);
        let text = self.classes.text(&self.graph, class);
        Cow::Owned(show(&text[..text.len().min(LONGEST)]))
    }

    fn display_name(&self, node: u32) -> Cow<'_, str> {
        Cow::Owned(self.names.show(&self.graph, &self.classes, node))
    }
}
