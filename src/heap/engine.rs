//! The rules in their order.

use super::bits::Bits;
use super::dominators::{self, Dominators, Tree};
use super::ephemerons::Ephemerons;
use super::graph::Graph;
use super::host::{self, Host, Stage};
use super::{detached, distances, essential, page, shallow};
use crate::error::Result;

/// What the caller will ask afterwards.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// Edges and their names stay in memory (retaining paths), and which of them retain.
    pub edges: bool,
}

/// A graph and what the rules say of it.
#[derive(Debug, Default)]
pub struct Analysis {
    /// Self sizes are reassigned, names of detached nodes say so. Without [`Needs::edges`] it has no edges any more.
    pub graph: Graph,
    /// Distance of each node from the roots, see [`distances`].
    pub distances: Vec<i32>,
    /// Dominators and retained sizes.
    pub dominators: Dominators,
    /// With [`Needs::edges`]: the edges that retain.
    pub essential: Bits,
}

/// Applies all rules.
///
/// # Errors
/// `Aborted` when the host wants an end.
pub fn analyze(mut graph: Graph, needs: Needs, host: &dyn Host) -> Result<Analysis> {
    host.progress(Stage::Rules, 0, 3);
    detached::propagate(&mut graph);
    let ephemerons = Ephemerons::find(&graph);
    let (mut essential, mut moves, mut distances) = (Bits::default(), Vec::new(), Vec::new());
    host::check(host)?;
    host.both(&mut || essential = essential::edges(&graph, &page::flood(&graph), &ephemerons), &mut || {
        moves = shallow::moves(&graph);
        distances = distances::measure(&graph, &ephemerons);
    });
    shallow::apply(&mut graph, &moves);
    drop((moves, ephemerons));
    host::check(host)?;
    host.progress(Stage::Dominators, 0, 1);
    if !needs.edges {
        graph.forget_labels();
    }
    let tree = Tree::grow(&graph, &essential, host)?;
    if !needs.edges {
        graph.forget_edges();
        essential = Bits::default();
    }
    let dominators = dominators::compute(&graph, tree, host)?;
    Ok(Analysis { graph, distances, dominators, essential })
}

#[cfg(test)]
mod tests;
