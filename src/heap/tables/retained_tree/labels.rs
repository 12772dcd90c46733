//! What a row is called, in words that people know, how its parent holds it, and where it stands in the source.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::given::Heap;
use super::plan::Plan;
use crate::heap::graph::{EdgeKind, NodeKind};
use crate::heap::rules::names::{is_scope, root, shorten};
use crate::heap::rules::scripts::Scripts;

/// Characters of a name.
const NAME: usize = 120;

pub(super) struct Labels<'a> {
    heap: &'a Heap<'a>,
    scripts: Scripts,
    /// By node: the edge its dominator holds it by.
    edges: HashMap<u32, u32, RandomState>,
}

impl<'a> Labels<'a> {
    pub(super) fn of(heap: &'a Heap<'a>, plan: &Plan) -> Self {
        let graph = heap.graph;
        let heads = || plan.entries.iter().map(|entry| entry.head);
        let mut holders: Vec<u32> = heads().map(|head| heap.idom[head as usize]).collect();
        holders.sort_unstable();
        holders.dedup();
        let wanted: HashMap<u32, (), RandomState> = heads().map(|head| (head, ())).collect();
        let mut edges: HashMap<u32, u32, RandomState> = HashMap::default();
        for holder in holders {
            for edge in graph.edges(holder) {
                let target = graph.target(edge);
                if !wanted.contains_key(&target) || heap.idom[target as usize] != holder {
                    continue;
                }
                // Of several the one that a program would name.
                let known = edges.entry(target).or_insert(edge);
                if rank(graph.edge_kind(edge)) < rank(graph.edge_kind(*known)) {
                    *known = edge;
                }
            }
        }
        Self { heap, scripts: Scripts::new(graph), edges }
    }

    /// An object's name and its class's.
    pub(super) fn names(&self, node: u32) -> (String, String) {
        let Heap { graph, classes, names, .. } = self.heap;
        let class = self.class(classes.of_node(node));
        if node == graph.root() {
            return ("the whole heap".to_owned(), class);
        }
        let name = names.show(graph, classes, node);
        let name = match graph.kind(node) {
            NodeKind::SYNTHETIC => root(&name),
            NodeKind::HIDDEN if name == "system / NativeContext" => {
                "global, and what V8 has built in".to_owned()
            }
            NodeKind::OBJECT if is_scope(name.as_bytes()) => "captured variables".to_owned(),
            _ => name,
        };
        (cut(&name), class)
    }

    /// A class's name.
    pub(super) fn class(&self, class: u32) -> String {
        cut(&shorten(&self.heap.classes.text(self.heap.graph, class)))
    }

    /// The edge's name or index, and its type.
    pub(super) fn edge(&self, node: u32) -> Option<(String, String)> {
        let graph = self.heap.graph;
        let edge = *self.edges.get(&node)?;
        let name = match graph.edge_name(edge) {
            Some(name) => graph.strings().show_start(name, NAME),
            None => graph.edge_label(edge).to_string(),
        };
        Some((name, graph.edge_kind_name(graph.edge_kind(edge)).to_owned()))
    }

    /// `server.js:10:5`.
    pub(super) fn place(&self, node: u32) -> Option<String> {
        let graph = self.heap.graph;
        // Without edges it is not known which script a number means.
        let location =
            graph.location(node).filter(|location| self.scripts.name(graph, location.script).is_some())?;
        Some(cut(&self.scripts.place(graph, location)))
    }
}

fn rank(kind: EdgeKind) -> u8 {
    match kind {
        EdgeKind::PROPERTY | EdgeKind::CONTEXT => 0,
        EdgeKind::ELEMENT => 1,
        EdgeKind::INTERNAL => 2,
        _ => 3,
    }
}

/// The first characters of a text.
fn cut(text: &str) -> String {
    match text.char_indices().nth(NAME) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
