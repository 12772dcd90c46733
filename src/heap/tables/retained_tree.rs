//! Who retains what, as a tree to look at: the dominator tree without what is too small to see.
//!
//! Each node that retains a thousandth of the heap or more has a row, below that of its dominator; what is smaller, one row
//! for all of the same parent. Whatever the heap is like there are at most [`Bounds::rows`] of them (the largest get theirs first)
//! and [`Bounds::depth`] levels; what lies deeper is not shown. A list's links, each of which retains the next, are one row.
//!
//! While it works it takes four bytes for each node that has a row or could have one, and two bits for each other.
//!
//! | file | what it does |
//! |---|---|
//! | `given` | the heap it is of, and how large it may get |
//! | `heavy` | the nodes that are large enough, by their dominators |
//! | `chains` | links of a list, a chain of promises: what repeats itself downwards |
//! | `plan` | which nodes get a row |
//! | `rest` | what is too small: how many, and of what class most of it is |
//! | `labels` | what a row is called, how its parent holds it, where it stands in the source |

mod chains;
mod given;
mod heavy;
mod labels;
mod plan;
mod rest;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use self::given::{Bounds, Heap};
use self::heavy::Heavy;
use self::labels::Labels;
use self::plan::Plan;

/// A row: an object, a chain of them, or all that is smaller. The first is the root; parents stand before their children, and
/// the children of one parent by falling size, what is smaller last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TreeRow {
    /// The parent's place in the list; the root has none.
    pub parent: Option<u32>,
    /// V8's id of the object; none for what is smaller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The object as people call it, cut at 120 characters. Of what is smaller: the class that more than half of it is of, or nothing.
    pub name: String,
    /// The class it is counted in, cut at 120 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub class_name: String,
    /// V8's type: `object`, `closure`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// The edge by which the parent holds it, if it is one edge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge: Option<String>,
    /// V8's type of that edge: `property`, `context`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge_type: Option<String>,
    /// Where its function or constructor stands: `server.js:10:5`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Bytes of its own; of a chain those of its links.
    pub shallow_size: u64,
    /// Bytes that go when it goes.
    pub retained_size: u64,
    /// A chain: how often it repeats itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What is smaller: how many objects it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smaller: Option<u64>,
    /// How many of those are of the class that `name` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_that_class: Option<u64>,
}

/// The tree, root first.
pub fn tree(heap: &Heap, bounds: Bounds) -> Vec<TreeRow> {
    let heavy = Heavy::of(heap, bounds.parts);
    let plan = Plan::make(heap, &heavy, bounds);
    let rest = rest::count(heap, &plan);
    let labels = Labels::of(heap, &plan);
    // A row's place is known when it is written: those of the entries first, the rest's in between.
    let mut rows = Vec::with_capacity(plan.entries.len());
    for (number, entry) in plan.entries.iter().enumerate() {
        let (name, class_name) = labels.names(entry.head);
        let (edge, place) = (labels.edge(entry.head), labels.place(entry.head));
        let kind = heap.graph.kind_name(heap.graph.kind(entry.head));
        let (edge, edge_type) = edge.unzip();
        rows.push(TreeRow {
            parent: entry.parent,
            id: Some(heap.graph.id(entry.head)),
            name,
            class_name,
            r#type: Some(kind.to_owned()),
            edge,
            edge_type,
            place,
            shallow_size: plan.own(heap, number),
            retained_size: heap.retained[entry.head as usize],
            times: (entry.times > 1).then_some(entry.times),
            smaller: None,
            of_that_class: None,
        });
    }
    for (number, rest) in rest.iter().enumerate().filter(|(_, rest)| rest.size >= heavy.least) {
        let mostly = rest.mostly(heap.classes);
        rows.push(TreeRow {
            parent: Some(number as u32),
            id: None,
            name: mostly.map(|(class, _)| labels.class(class)).unwrap_or_default(),
            class_name: String::new(),
            r#type: None,
            edge: None,
            edge_type: None,
            place: None,
            shallow_size: 0,
            retained_size: rest.size,
            times: None,
            smaller: Some(rest.count),
            of_that_class: mostly.map(|(_, count)| count),
        });
    }
    rows
}
