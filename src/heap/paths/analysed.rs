//! [`Facts`] as the engine found them.

use std::borrow::Cow;

use super::facts::Facts;
use crate::heap::classes::Sorts;
use crate::heap::engine::Analysis;
use crate::heap::graph::Graph;
use crate::heap::names::Names;
use crate::heap::strings::show;

/// Bytes of a class name that are shown.
const LONGEST: usize = 1024;

/// An [`Analysis`] that was made with its edges kept, and the names of its nodes.
#[derive(Debug)]
pub struct Analysed<'a> {
    analysis: &'a Analysis,
    names: Names,
}

impl<'a> Analysed<'a> {
    /// Collects the names.
    pub fn new(analysis: &'a Analysis) -> Self {
        Self { analysis, names: Names::of(&analysis.graph, &Sorts::of(&analysis.graph)) }
    }
}

impl Facts for Analysed<'_> {
    fn graph(&self) -> &Graph {
        &self.analysis.graph
    }

    fn distance(&self, node: u32) -> i32 {
        self.analysis.distances[node as usize]
    }

    fn retains(&self, edge: u32) -> bool {
        self.analysis.essential.get(edge as usize)
    }

    fn dominator(&self, node: u32) -> u32 {
        self.analysis.dominators.idom[node as usize]
    }

    fn retained_size(&self, node: u32) -> u64 {
        self.analysis.dominators.retained[node as usize]
    }

    fn class(&self, node: u32) -> u32 {
        self.analysis.classes.of_node(node)
    }

    fn class_name(&self, node: u32) -> Cow<'_, str> {
        let class = self.analysis.classes.of_node(node);
        let text = self.analysis.classes.text(self.graph(), class);
        Cow::Owned(show(&text[..text.len().min(LONGEST)]))
    }

    fn display_name(&self, node: u32) -> Cow<'_, str> {
        Cow::Owned(self.names.show(self.graph(), &self.analysis.classes, node))
    }
}
