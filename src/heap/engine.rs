//! The rules in their order.

use super::aggregates::Aggregates;
use super::bits::Bits;
use super::classes::{Classes, Definitions, Sorts};
use super::dominators::{self, Dominators, Tree};
use super::ephemerons::Ephemerons;
use super::graph::Graph;
use super::host::{self, Host, Stage};
use super::statistics::Statistics;
use super::{detached, distances, essential, page, shallow};
use crate::error::Result;

/// What the caller will ask afterwards.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs<'a> {
    /// Edges and their names stay in memory (retaining paths), and which of them retain. Costs 13 bytes an edge.
    pub edges: bool,
    /// Plain objects are told apart as in another snapshot, to be compared with it; else by their own interfaces.
    pub definitions: Option<&'a Definitions>,
}

/// A graph and what the rules say of it.
#[derive(Debug)]
pub struct Analysis {
    /// Self sizes are reassigned, names of detached nodes say so. Without [`Needs::edges`] it has no edges any more.
    pub graph: Graph,
    /// Distance of each node from the roots, see [`distances`].
    pub distances: Vec<i32>,
    /// Dominators and retained sizes.
    pub dominators: Dominators,
    /// With [`Needs::edges`]: the edges that retain.
    pub essential: Bits,
    /// The class of each node.
    pub classes: Classes,
    /// The interfaces by which plain objects were told apart.
    pub definitions: Definitions,
    /// Bytes by kind of memory.
    pub statistics: Statistics,
}

impl Analysis {
    /// What each class amounts to.
    pub fn aggregates(&self) -> Aggregates {
        let Dominators { idom, retained } = &self.dominators;
        Aggregates::of(&self.graph, &self.classes, idom, retained, &self.distances)
    }

    /// Bytes of all nodes, and those no node stands for: DevTools' "Total".
    pub fn total_size(&self) -> u64 {
        self.statistics.total
    }
}

/// Applies all rules.
///
/// # Errors
/// `Aborted` when the host wants an end.
pub fn analyze(mut graph: Graph, needs: Needs, host: &dyn Host) -> Result<Analysis> {
    host.progress(Stage::Rules, 0, 2);
    detached::propagate(&mut graph);
    let ephemerons = Ephemerons::find(&graph);
    let (mut essential, mut moves, mut distances, mut classes) =
        (Bits::default(), Vec::new(), Vec::new(), None);
    host::check(host)?;
    host.both(
        &mut || {
            essential = essential::edges(&graph, &page::flood(&graph), &ephemerons);
            classes = Some(classify(&graph, needs.definitions));
        },
        &mut || {
            moves = shallow::moves(&graph);
            distances = distances::measure(&graph, &ephemerons);
        },
    );
    let (classes, definitions) = classes.unwrap_or_else(|| classify(&graph, needs.definitions));
    host::check(host)?;
    host.progress(Stage::Rules, 1, 2);
    shallow::apply(&mut graph, &moves);
    drop((moves, ephemerons));
    let statistics = Statistics::of(&graph);
    // From here on an edge is no more than its target.
    if !needs.edges {
        graph.forget_labels();
    }
    host.progress(Stage::Dominators, 0, u64::from(graph.node_count()));
    let tree = Tree::grow(&graph, &essential, host)?;
    if !needs.edges {
        graph.forget_edges();
        essential = Bits::default();
    }
    let dominators = dominators::compute(&graph, tree, host)?;
    Ok(Analysis { graph, distances, dominators, essential, classes, definitions, statistics })
}

fn classify(graph: &Graph, given: Option<&Definitions>) -> (Classes, Definitions) {
    let sorts = Sorts::of(graph);
    let definitions = given.cloned().unwrap_or_else(|| Definitions::infer(graph, &sorts));
    (sorts.classes(graph, &definitions), definitions)
}

#[cfg(test)]
mod tests;
