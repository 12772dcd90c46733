//! Small graphs by hand, for tests.

use super::columns::{Graph, Location};
use crate::json::kinds::{EdgeKind, NodeKind};

/// Builds a [`Graph`] node by node; node 0 is the synthetic root.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    nodes: Vec<(NodeKind, String, u64, u64, u8)>,
    edges: Vec<Vec<(EdgeKind, Label, u32)>>,
    locations: Vec<Location>,
}

/// A name or a number.
#[derive(Clone, Debug)]
pub(crate) enum Label {
    Name(String),
    Index(u64),
}

impl From<&str> for Label {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<u64> for Label {
    fn from(index: u64) -> Self {
        Self::Index(index)
    }
}

impl Builder {
    /// With a root.
    pub(crate) fn new() -> Self {
        let mut builder = Self::default();
        builder.node(NodeKind::SYNTHETIC, "", 0);
        builder
    }

    /// Adds a node; ids are 1, 3, 5, … in order. Its ordinal.
    pub(crate) fn node(&mut self, kind: NodeKind, name: &str, size: u64) -> u32 {
        let node = self.nodes.len() as u32;
        self.nodes.push((kind, name.to_owned(), u64::from(node) * 2 + 1, size, 0));
        self.edges.push(Vec::new());
        node
    }

    /// Sets a node's id.
    pub(crate) fn id(&mut self, node: u32, id: u64) -> &mut Self {
        self.nodes[node as usize].2 = id;
        self
    }

    /// Sets a node's self size.
    pub(crate) fn size(&mut self, node: u32, size: u64) -> &mut Self {
        self.nodes[node as usize].3 = size;
        self
    }

    /// Sets a node's detachedness (1 attached, 2 detached).
    pub(crate) fn detachedness(&mut self, node: u32, state: u8) -> &mut Self {
        self.nodes[node as usize].4 = state;
        self
    }

    /// Adds an edge.
    pub(crate) fn edge(&mut self, from: u32, kind: EdgeKind, label: impl Into<Label>, to: u32) -> &mut Self {
        self.edges[from as usize].push((kind, label.into(), to));
        self
    }

    /// Gives a node a place in the source.
    pub(crate) fn location(&mut self, node: u32, script: u32, line: u32, column: u32) -> &mut Self {
        self.locations.push(Location { node, script, line, column });
        self
    }

    /// The graph.
    pub(crate) fn graph(&self) -> Graph {
        let mut graph = Graph {
            kind_names: NodeKind::KNOWN.map(str::to_owned).to_vec(),
            edge_kind_names: EdgeKind::KNOWN.map(str::to_owned).to_vec(),
            detachedness: Some(self.nodes.iter().map(|node| node.4).collect()),
            ..Graph::default()
        };
        let mut index = std::collections::HashMap::new();
        for ((kind, name, id, size, _), edges) in self.nodes.iter().zip(&self.edges) {
            let name = intern(&mut graph, &mut index, name);
            graph.kinds.push(*kind);
            graph.names.push(name);
            graph.ids.push(*id);
            graph.self_sizes.push(*size);
            graph.first_edges.push(graph.targets.len() as u32);
            for (kind, label, to) in edges {
                let label = match label {
                    Label::Name(name) => u64::from(intern(&mut graph, &mut index, name)),
                    Label::Index(index) => *index,
                };
                graph.push_edge(*kind, label, *to);
            }
        }
        graph.first_edges.push(graph.targets.len() as u32);
        graph.locations.clone_from(&self.locations);
        graph.locations.sort_by_key(|location| location.node);
        graph
    }
}

/// The index of a text that needs no escape, or is given as JSON.
fn intern(graph: &mut Graph, index: &mut std::collections::HashMap<String, u32>, text: &str) -> u32 {
    if let Some(found) = index.get(text) {
        return *found;
    }
    let json = serde_json::to_string(text).unwrap_or_default();
    let added = graph.strings.add_raw(&[&json.as_bytes()[1..json.len() - 1]]);
    index.insert(text.to_owned(), added);
    added
}
