//! Where in a row the figures are that matter, from the snapshot's own `meta`.

use serde::Deserialize;
use serde_json::Value;

use crate::json::rows::WIDEST;

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
pub(super) struct Shape {
    pub(super) nodes: Nodes,
    pub(super) edges: Edges,
    pub(super) traces: Traces,
    /// As the header says.
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

#[derive(Deserialize)]
struct Header {
    meta: Meta,
    #[serde(default)]
    node_count: u64,
}

#[derive(Deserialize)]
struct Meta {
    node_fields: Vec<String>,
    node_types: Vec<Value>,
    edge_fields: Vec<String>,
    edge_types: Vec<Value>,
    #[serde(default)]
    trace_function_info_fields: Vec<String>,
}

impl Shape {
    /// Of the value of `snapshot`.
    pub(super) fn read(json: &[u8]) -> Result<Self, &'static str> {
        const UNKNOWN: &str = "ends a \"snapshot\" whose \"meta\" does not say where types and names are";
        let Header { meta, node_count } = serde_json::from_slice(json).map_err(|_| UNKNOWN)?;
        let find = |fields: &[String], name: &str| fields.iter().position(|field| field == name);
        let nodes = |name| find(&meta.node_fields, name);
        let edges = |name| find(&meta.edge_fields, name);
        let (node_kind, edge_kind) = (nodes("type").ok_or(UNKNOWN)?, edges("type").ok_or(UNKNOWN)?);
        let trace = &meta.trace_function_info_fields;
        let widest = meta.node_fields.len().max(meta.edge_fields.len()).max(trace.len());
        if widest > WIDEST {
            return Err("ends a \"snapshot\" whose rows are too wide");
        }
        Ok(Self {
            nodes: Nodes {
                width: meta.node_fields.len(),
                kind: node_kind,
                name: nodes("name").ok_or(UNKNOWN)?,
                id: nodes("id"),
                uses: each(
                    &meta.node_types,
                    node_kind,
                    |kind| if NAMED.contains(&kind) { NAME } else { VALUE },
                )
                .ok_or(UNKNOWN)?,
            },
            edges: Edges {
                width: meta.edge_fields.len(),
                kind: edge_kind,
                name: edges("name_or_index").ok_or(UNKNOWN)?,
                uses: each(&meta.edge_types, edge_kind, edge_use).ok_or(UNKNOWN)?,
            },
            traces: Traces {
                // Rows without columns are none: a list that is not empty then ends the capture.
                width: trace.len(),
                names: ["name", "script_name"].into_iter().filter_map(|name| find(trace, name)).collect(),
            },
            node_count,
        })
    }
}

/// What an edge's name is. That of a type not known here keeps nothing: it may be a number.
fn edge_use(kind: &str) -> u8 {
    match kind {
        "context" | "property" | "shortcut" => KEY,
        "internal" | "weak" => SLOT,
        _ => 0,
    }
}

/// What `use_of` says of each type in the list at `column`.
fn each(types: &[Value], column: usize, use_of: impl Fn(&str) -> u8) -> Option<Vec<u8>> {
    let kinds = types.get(column)?.as_array()?;
    kinds.iter().map(|kind| kind.as_str().map(&use_of)).collect()
}
