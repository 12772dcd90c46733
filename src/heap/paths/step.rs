//! A retaining path as its reader gets it.

use serde::Serialize;

use super::facts::Facts;
use super::tree::source;
use crate::heap::graph::Graph;
use crate::heap::rules::scripts::Scripts;

/// Characters of a name that are kept.
const NAME: usize = 200;
/// Steps of a path that are kept at its beginning, and as many at its end.
const HALF: usize = 100;

/// A node for human eyes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeRef {
    /// V8's id of the object.
    pub id: u64,
    /// Name as DevTools shows it, cut at 200 characters.
    pub name: String,
    /// V8's type: `object`, `closure`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The class it is counted in.
    pub class_name: String,
    /// Bytes of its own.
    pub shallow_size: u64,
    /// Bytes that go when it goes.
    pub retained_size: u64,
    /// Steps from `global` as DevTools counts; 100,000,000 and more: only from other roots; −5: none.
    pub distance: i32,
    /// Where its function or constructor stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<ScriptPlace>,
}

/// A place in the source, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScriptPlace {
    /// V8's number of the script.
    pub script_id: u32,
    /// Its name, if some function in the snapshot tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// Line, from 0.
    pub line: u32,
    /// Column, from 0.
    pub column: u32,
}

/// One edge of a path and where it leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The edge's name or index; `…` where a merged path stands for several.
    pub edge: String,
    /// V8's type of the edge: `property`, `context`, …
    pub edge_type: String,
    /// The node it leads to.
    pub node: NodeRef,
}

/// Why a node is still there: the edges from the root to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RetainingPath {
    /// The node at the end; one of many in a merged path.
    pub target: NodeRef,
    /// Merged paths: how many instances are held this way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Merged paths: bytes they retain together, in no case counted twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retained_size: Option<u64>,
    /// Merged paths: these instances are counted in another path too, which is shorter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub also: bool,
    /// From a child of the root to the target. Of a path of more than 200 steps, the first and last 100.
    pub steps: Vec<Step>,
    /// Steps that are missing in the middle of `steps`.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted: usize,
    /// The path as one would write it in code.
    pub text: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl NodeRef {
    /// What there is to say of a node.
    pub fn new(facts: &(impl Facts + ?Sized), scripts: &Scripts, node: u32) -> Self {
        let graph = facts.graph();
        let location = graph.location(node).map(|location| ScriptPlace {
            script_id: location.script,
            script: scripts.name(graph, location.script).map(|name| cut(&name, NAME)),
            line: location.line,
            column: location.column,
        });
        Self {
            id: graph.id(node),
            name: cut(&facts.display_name(node), NAME),
            kind: graph.kind_name(graph.kind(node)).to_owned(),
            class_name: cut(&facts.class_name(node), NAME),
            shallow_size: graph.self_size(node),
            retained_size: facts.retained_size(node),
            distance: facts.distance(node),
            location,
        }
    }
}

/// The steps of a way, and how many are left out in its middle. `general`: this edge stands for several.
pub(super) fn steps(
    facts: &(impl Facts + ?Sized),
    scripts: &Scripts,
    way: &[u32],
    general: &dyn Fn(u32) -> bool,
) -> (Vec<Step>, usize) {
    let graph = facts.graph();
    let step = |edge: &u32| Step {
        edge: if general(*edge) { "…".to_owned() } else { label(graph, *edge) },
        edge_type: graph.edge_kind_name(graph.edge_kind(*edge)).to_owned(),
        node: NodeRef::new(facts, scripts, graph.target(*edge)),
    };
    let (head, tail) =
        if way.len() > 2 * HALF { (&way[..HALF], &way[way.len() - HALF..]) } else { (way, &way[..0]) };
    let steps: Vec<Step> = head.iter().chain(tail).map(step).collect();
    let omitted = way.len() - steps.len();
    (steps, omitted)
}

/// The edge's name or index.
pub(super) fn label(graph: &Graph, edge: u32) -> String {
    match graph.edge_name(edge) {
        Some(name) => graph.strings().show_start(name, NAME),
        None => graph.edge_label(edge).to_string(),
    }
}

/// The first characters of a text.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The node an edge of a way begins at.
pub(super) fn begin(graph: &Graph, way: &[u32], at: usize) -> u32 {
    match at.checked_sub(1) {
        Some(before) => graph.target(way[before]),
        None => way.first().map_or(graph.root(), |edge| source(graph, *edge)),
    }
}
