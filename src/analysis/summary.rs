//! What one snapshot holds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Serialize;

use super::estimate::{self, Work};
use super::load::{self, Origin, Terms};
use super::source::FileOrStdin;
use super::workers::Workers;
use crate::error::Result;
use crate::heap::engine::{Analysis, Needs};
use crate::heap::tables::aggregates::{ClassRow, Namesakes};
use crate::heap::tables::duplicates::DuplicateRow;
use crate::heap::tables::statistics::Statistics;
use crate::heap::{Host, NodeKind, Stage};

/// The tables of one snapshot. Sizes are bytes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeapSummary {
    /// The file that was read; `None`: standard input.
    pub path: Option<String>,
    /// Number of nodes.
    pub nodes: u32,
    /// Number of edges.
    pub edges: u64,
    /// All of it.
    pub total_size: u64,
    /// Bytes by kind of memory.
    pub statistics: Statistics,
    /// All classes, by falling retained size.
    pub classes: Vec<ClassRow>,
    /// The objects that retain most.
    pub largest: Vec<Node>,
    /// Texts that several strings have, by falling retained size.
    pub duplicate_strings: Vec<DuplicateRow>,
    /// False: what could be salvaged.
    pub complete: bool,
    /// What is wrong with the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
}

/// One object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    id: u64,
    name: String,
    r#type: String,
    class_name: String,
    shallow_size: u64,
    retained_size: u64,
    distance: i32,
}

/// Which of the largest objects are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those of all.
    All,
    /// Those of one class.
    Class(String),
    /// Those of each class: which classes are wanted is decided by JavaScript's own expressions, later.
    EachClass,
}

/// Rows at most, when there are some of each class.
const MOST_ROWS: usize = 50_000;

/// Reads a snapshot and adds it up. `top`: how many rows of the tables that are cut.
///
/// # Errors
/// As [`load::load`].
pub fn summarize(
    place: &FileOrStdin,
    top: usize,
    which: &Which,
    terms: Terms,
    workers: &Workers,
) -> Result<HeapSummary> {
    let needs = Needs { tables: true, ..Needs::default() };
    let (analysis, origin) = load::load(place, needs, terms, workers)?;
    terms.budget.admit(
        estimate::exact(&analysis.graph.held(), Work::Summary) + estimate::rows(&analysis),
        &origin.name(),
    )?;
    workers.progress(Stage::Tables, 0, 1);
    Ok(tables(&analysis, &origin, top, which))
}

/// The tables of a snapshot that was analysed with [`Needs::tables`].
pub fn tables(analysis: &Analysis, origin: &Origin, top: usize, which: &Which) -> HeapSummary {
    let Origin { path, damage, edges, .. } = origin;
    let Analysis { graph, names, classes, duplicates, .. } = analysis;
    let rows = analysis.aggregates().table(graph, classes, Namesakes::Last);
    let duplicates = duplicates.rows(graph, names, top);
    let largest = largest(analysis, top, which).into_iter().map(|node| describe(analysis, node)).collect();
    HeapSummary {
        path: path.as_ref().map(|path| path.to_string_lossy().into_owned()),
        nodes: analysis.graph.node_count(),
        edges: *edges,
        total_size: analysis.total_size(),
        statistics: analysis.statistics,
        classes: rows,
        largest,
        duplicate_strings: duplicates,
        complete: damage.is_none(),
        damage: damage.clone(),
    }
}

/// Retained size and node; of equals the earlier node is the better.
type Key = (u64, Reverse<u32>);

/// The nodes that retain most, the root and V8's own groupings apart.
fn largest(analysis: &Analysis, top: usize, which: &Which) -> Vec<u32> {
    let Analysis { graph, classes, dominators, .. } = analysis;
    let wanted = match which {
        Which::Class(name) => Some(classes.named(graph, name)),
        Which::All | Which::EachClass => None,
    };
    let (pools, top) = match which {
        Which::EachClass => (classes.len(), top.min(MOST_ROWS / classes.len().max(1)).max(1)),
        Which::All | Which::Class(_) => (1, top),
    };
    let mut best: Vec<BinaryHeap<Reverse<Key>>> = vec![BinaryHeap::new(); pools];
    for node in graph.nodes() {
        let class = classes.of_node(node);
        let left_out = node == graph.root() || graph.kind(node) == NodeKind::SYNTHETIC;
        if left_out || wanted.as_ref().is_some_and(|wanted| !wanted.contains(&class)) {
            continue;
        }
        let key = Reverse((dominators.retained[node as usize], Reverse(node)));
        let pool = &mut best[if pools > 1 { class as usize } else { 0 }];
        if pool.len() < top {
            pool.push(key);
        } else if pool.peek().is_some_and(|least| key < *least) {
            pool.pop();
            pool.push(key);
        }
    }
    let mut best: Vec<_> = best.into_iter().flatten().collect();
    best.sort_unstable();
    best.into_iter().map(|Reverse((_, Reverse(node)))| node).collect()
}

fn describe(analysis: &Analysis, node: u32) -> Node {
    let Analysis { graph, classes, dominators, distances, names, .. } = analysis;
    Node {
        id: graph.id(node),
        name: names.show(graph, classes, node),
        r#type: graph.kind_name(graph.kind(node)).to_owned(),
        class_name: classes.show(graph, classes.of_node(node)),
        shallow_size: graph.self_size(node),
        retained_size: dominators.retained[node as usize],
        distance: distances[node as usize],
    }
}
