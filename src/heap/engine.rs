//! The rules in their order, two at a time where neither waits for the other; and the tables that want the edges, before
//! those are given back.
//!
//! It sees `graph`, `rules`, `tables` and `host`; only `paths` sees it. What each rule is, `rules` says.

use std::borrow::Cow;

use super::rules::{detached, distances, essential, page, shallow};
use crate::error::{Error, Result};
use crate::heap::graph::Graph;
use crate::heap::graph::bits::Bits;
use crate::heap::graph::dominators::{self, Dominators, Tree};
use crate::heap::host::{self, Host, Stage};
use crate::heap::rules::classes::{Classes, Definitions, Partition};
use crate::heap::rules::ephemerons::Ephemerons;
use crate::heap::rules::names::Names;
use crate::heap::tables::aggregates::Aggregates;
use crate::heap::tables::diff::Census;
use crate::heap::tables::duplicates::{Duplicates, Spans};
use crate::heap::tables::statistics::Statistics;

/// What the caller will ask afterwards.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs<'a> {
    /// Edges and their names stay in memory (retaining paths), and which of them retain. Costs 13 bytes an edge.
    pub edges: bool,
    /// Plain objects are told apart as in another snapshot, to be compared with it; else by their own interfaces.
    pub definitions: Option<&'a Definitions>,
    /// What the names of concatenated strings and plain objects are made of, and duplicate strings need.
    pub names: bool,
    /// The tables of a summary. Takes `names` too.
    pub tables: bool,
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
    /// With [`Needs::names`]; else empty.
    pub names: Names,
    /// With [`Needs::tables`]; else empty.
    pub duplicates: Duplicates,
    /// With [`Needs::tables`]: what each class amounts to.
    sums: Option<Aggregates>,
}

impl Analysis {
    /// What each class amounts to.
    pub fn aggregates(&self) -> Cow<'_, Aggregates> {
        match &self.sums {
            Some(sums) => Cow::Borrowed(sums),
            None => {
                let Dominators { idom, retained } = &self.dominators;
                Cow::Owned(Aggregates::of(&self.graph, &self.classes, idom, retained, &self.distances))
            }
        }
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
    let (mut essential, mut moves, mut distances, mut partition) =
        (Bits::default(), Vec::new(), Vec::new(), None);
    host::check(host)?;
    host.both(
        &mut || {
            essential = essential::edges(&graph, &page::flood(&graph), &ephemerons);
            moves = shallow::moves(&graph);
        },
        &mut || {
            distances = distances::measure(&graph, &ephemerons);
            partition = Some(Partition::of(&graph));
        },
    );
    host::check(host)?;
    host.progress(Stage::Rules, 1, 2);
    shallow::apply(&mut graph, &moves);
    drop((moves, ephemerons));
    host.progress(Stage::Dominators, 0, u64::from(graph.node_count()));
    let (mut tree, mut from_edges) = (None, None);
    host.both(&mut || tree = Some(Tree::grow(&graph, &essential, host)), &mut || {
        from_edges = Some(FromEdges::of(&graph, partition.take(), needs, host))
    });
    let tree = tree.unwrap_or_else(|| Tree::grow(&graph, &essential, host))?;
    let FromEdges { names, definitions, classes, statistics, ropes } =
        from_edges.unwrap_or_else(|| FromEdges::of(&graph, None, needs, host))?;
    if !needs.edges {
        graph.forget_edges();
        essential = Bits::default();
    }
    let (mut tree, mut dominators, mut sums, mut duplicates) = (Some(tree), None, None, None);
    host.both(
        &mut || {
            dominators = tree.take().map(|tree| dominators::compute(&graph, tree, host));
            if let (true, Some(Ok(Dominators { idom, retained }))) = (needs.tables, &dominators) {
                sums = Some(Aggregates::of(&graph, &classes, idom, retained, &distances));
            }
        },
        &mut || duplicates = ropes.as_ref().map(|ropes| Duplicates::find(&graph, &names, ropes, host)),
    );
    let dominators = dominators.unwrap_or_else(|| Err(Error::Aborted("the host ran nothing".to_owned())))?;
    let duplicates = duplicates.transpose()?.unwrap_or_default().weigh(&dominators.retained);
    Ok(Analysis {
        graph,
        distances,
        dominators,
        essential,
        classes,
        definitions,
        statistics,
        names,
        duplicates,
        sums,
    })
}

/// What edges say, but for the dominators.
struct FromEdges {
    names: Names,
    definitions: Definitions,
    classes: Classes,
    statistics: Statistics,
    ropes: Option<Spans>,
}

impl FromEdges {
    fn of(graph: &Graph, partition: Option<Partition>, needs: Needs, host: &dyn Host) -> Result<Self> {
        let partition = partition.unwrap_or_else(|| Partition::of(graph));
        let names = if needs.names || needs.tables { Names::of(graph, &partition) } else { Names::default() };
        let definitions = needs.definitions.cloned().unwrap_or_else(|| Definitions::infer(graph, &partition));
        let classes = partition.classes(graph, &definitions);
        // Duplicate strings want them. Here there is time for it.
        let ropes = needs.tables.then(|| Spans::of(graph, &names, host)).transpose()?;
        Ok(Self { names, definitions, classes, statistics: Statistics::of(graph), ropes })
    }
}

/// The edges that retain, and self sizes as DevTools counts them: what a walk needs, which is far less than all rules.
///
/// # Errors
/// `Aborted` when the host wants an end.
pub fn retaining(mut graph: Graph, host: &dyn Host) -> Result<(Graph, Bits)> {
    host.progress(Stage::Rules, 0, 2);
    detached::propagate(&mut graph);
    let ephemerons = Ephemerons::find(&graph);
    let (mut essential, mut moves) = (Bits::default(), Vec::new());
    host::check(host)?;
    host.both(&mut || essential = essential::edges(&graph, &page::flood(&graph), &ephemerons), &mut || {
        moves = shallow::moves(&graph);
    });
    host::check(host)?;
    host.progress(Stage::Rules, 1, 2);
    shallow::apply(&mut graph, &moves);
    Ok((graph, essential))
}

/// What a comparison needs of a snapshot, which is far less than all rules.
#[derive(Debug)]
pub struct Count {
    /// Who was there.
    pub census: Census,
    /// How plain objects are told apart there.
    pub definitions: Definitions,
    /// Number of nodes.
    pub nodes: u32,
    /// DevTools' "Total", bytes.
    pub total_size: u64,
}

/// Applies only the rules that a comparison needs.
///
/// # Errors
/// `Aborted` when the host wants an end.
pub fn count(mut graph: Graph, host: &dyn Host) -> Result<Count> {
    host.progress(Stage::Rules, 0, 2);
    detached::propagate(&mut graph);
    let (mut partition, mut moves) = (None, Vec::new());
    host::check(host)?;
    host.both(&mut || partition = Some(Partition::of(&graph)), &mut || moves = shallow::moves(&graph));
    host::check(host)?;
    host.progress(Stage::Rules, 1, 2);
    shallow::apply(&mut graph, &moves);
    drop(moves);
    let partition = partition.unwrap_or_else(|| Partition::of(&graph));
    let definitions = Definitions::infer(&graph, &partition);
    let total_size = Statistics::of(&graph).total;
    Ok(Count { census: Census::of(&graph, &partition), definitions, nodes: graph.node_count(), total_size })
}

#[cfg(test)]
mod tests;
