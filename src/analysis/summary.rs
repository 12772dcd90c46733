//! What one snapshot holds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Serialize;

use super::crew::Crew;
use super::estimate::Work;
use super::load::{self, Loaded, Terms};
use super::source::Place;
use crate::error::Result;
use crate::heap::aggregates::{ClassRow, Twins};
use crate::heap::engine::Analysis;
use crate::heap::statistics::Statistics;
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
    /// Strings that are there more than once: not looked for yet.
    pub duplicate_strings: Vec<()>,
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

/// Reads a snapshot and adds it up. `top`: how many of the largest; `class`: only of this class.
///
/// # Errors
/// As [`load::load`].
pub fn summarize(
    place: &Place,
    top: usize,
    class: Option<&str>,
    terms: Terms,
    crew: &Crew,
) -> Result<HeapSummary> {
    let Loaded { analysis, edges, path, damage, .. } = load::load(place, Work::Summary, terms, crew)?;
    crew.progress(Stage::Tables, 0, 1);
    let classes = analysis.aggregates().table(&analysis.graph, &analysis.classes, Twins::Last);
    let largest = largest(&analysis, top, class).into_iter().map(|node| describe(&analysis, node)).collect();
    Ok(HeapSummary {
        path: path.map(|path| path.to_string_lossy().into_owned()),
        nodes: analysis.graph.node_count(),
        edges,
        total_size: analysis.total_size(),
        statistics: analysis.statistics,
        classes,
        largest,
        duplicate_strings: Vec::new(),
        complete: damage.is_none(),
        damage,
    })
}

/// The `top` nodes that retain most, the root and V8's own groupings apart; of equals the earlier one first.
fn largest(analysis: &Analysis, top: usize, class: Option<&str>) -> Vec<u32> {
    let Analysis { graph, classes, dominators, .. } = analysis;
    let wanted = class.map(|name| classes.named(graph, name));
    let fits = |node: &u32| {
        *node != graph.root()
            && graph.kind(*node) != NodeKind::SYNTHETIC
            && wanted.as_ref().is_none_or(|wanted| wanted.contains(&classes.of_node(*node)))
    };
    let mut best = BinaryHeap::new();
    for node in graph.nodes().filter(fits) {
        let key = Reverse((dominators.retained[node as usize], Reverse(node)));
        if best.len() < top {
            best.push(key);
        } else if best.peek().is_some_and(|least| key < *least) {
            best.pop();
            best.push(key);
        }
    }
    best.into_sorted_vec().into_iter().map(|Reverse((_, Reverse(node)))| node).collect()
}

fn describe(analysis: &Analysis, node: u32) -> Node {
    let Analysis { graph, classes, dominators, distances, .. } = analysis;
    Node {
        id: graph.id(node),
        name: graph.strings().show(graph.name(node)).into_owned(),
        r#type: graph.kind_name(graph.kind(node)).to_owned(),
        class_name: classes.show(graph, classes.of_node(node)),
        shallow_size: graph.self_size(node),
        retained_size: dominators.retained[node as usize],
        distance: distances[node as usize],
    }
}
