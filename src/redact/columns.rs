//! Where in a row the figures are that matter, from the snapshot's own `meta`.

use crate::json::meta::{FIELDS, Preamble};

/// Names a class, function, script or something of V8's.
pub(super) const NAME: u8 = 1;
/// Names a property or variable.
pub(super) const KEY: u8 = 2;
/// Names or numbers an internal or weak slot.
pub(super) const SLOT: u8 = 4;
/// Is the content of a string, number or RegExp.
pub(super) const VALUE: u8 = 8;

/// Node types whose name is a name. A type that is not here, and any that V8 may invent, is taken for a value.
const NAMED: &[&str] =
    &["hidden", "array", "object", "code", "closure", "native", "synthetic", "object shape", "wasm object"];

/// Where to look.
pub(super) struct Layout {
    pub(super) nodes: Nodes,
    pub(super) edges: Edges,
    pub(super) traces: Traces,
    /// As the preamble says.
    pub(super) node_count: u64,
}

/// The columns of a node.
pub(super) struct Nodes {
    pub(super) width: usize,
    pub(super) kind: usize,
    pub(super) name: usize,
    pub(super) id: Option<usize>,
    /// By type: what its name is.
    pub(super) uses: Vec<u8>,
}

/// The columns of an edge.
pub(super) struct Edges {
    pub(super) width: usize,
    pub(super) kind: usize,
    pub(super) name: usize,
    /// By type: what its name is; 0 where the column holds a number.
    pub(super) uses: Vec<u8>,
}

/// The columns of a function in the allocation trace.
pub(super) struct Traces {
    pub(super) width: usize,
    pub(super) names: Vec<usize>,
}

impl Layout {
    /// Of the value of `snapshot`.
    pub(super) fn read(json: &[u8]) -> Result<Self, &'static str> {
        const UNKNOWN: &str = "ends a \"snapshot\" whose \"meta\" does not say where types and names are";
        let unknown = |_: String| UNKNOWN;
        let preamble = Preamble::read(json).map_err(unknown)?;
        let node_count = preamble.node_count().map_err(unknown)?.unwrap_or(0);
        let meta = &preamble.meta;
        let (nodes, edges, traces) = (meta.nodes(), meta.edges(), meta.traces().map_err(unknown)?);
        let (node_kind, edge_kind) = (nodes.of("type").map_err(unknown)?, edges.of("type").map_err(unknown)?);
        if [&nodes, &edges, &traces].iter().any(|fields| fields.count() > FIELDS) {
            return Err("ends a \"snapshot\" whose rows are too wide");
        }
        let node_types = meta.node_types(node_kind).map_err(unknown)?;
        let edge_types = meta.edge_types(edge_kind).map_err(unknown)?;
        Ok(Self {
            nodes: Nodes {
                width: nodes.count(),
                kind: node_kind,
                name: nodes.of("name").map_err(unknown)?,
                id: nodes.find("id"),
                uses: node_types.into_iter().map(node_use).collect(),
            },
            edges: Edges {
                width: edges.count(),
                kind: edge_kind,
                name: edges.of("name_or_index").map_err(unknown)?,
                uses: edge_types.into_iter().map(edge_use).collect(),
            },
            traces: Traces {
                // Rows without columns are none: a list that is not empty then ends the capture.
                width: traces.count(),
                names: ["name", "script_name"].into_iter().filter_map(|name| traces.find(name)).collect(),
            },
            node_count,
        })
    }
}

/// What a node's name is.
fn node_use(kind: &str) -> u8 {
    if NAMED.contains(&kind) { NAME } else { VALUE }
}

/// What an edge's name is. That of a type not known here keeps nothing: it may be a number.
fn edge_use(kind: &str) -> u8 {
    match kind {
        "context" | "property" | "shortcut" => KEY,
        "internal" | "weak" => SLOT,
        _ => 0,
    }
}
