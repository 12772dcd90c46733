//! Which number of a row is what, as the graph wants it: from the snapshot's own `meta`.

use crate::json::kinds::{EdgeKind, NodeKind};
use crate::json::meta::Meta;

/// V8 keeps a node's type in five bits: a row with a larger one is damage.
const NODE_TYPES: usize = 32;

/// Where the fields of a node stand in its row.
#[derive(Debug)]
pub(super) struct NodeLayout {
    pub(super) fields: usize,
    pub(super) kind: usize,
    pub(super) name: usize,
    pub(super) id: usize,
    pub(super) self_size: usize,
    pub(super) edge_count: usize,
    pub(super) detachedness: Option<usize>,
    /// By the number in the file.
    pub(super) kinds: Vec<NodeKind>,
    pub(super) kind_names: Vec<String>,
}

/// Where the fields of an edge stand in its row.
#[derive(Clone, Debug)]
pub(super) struct EdgeLayout {
    pub(super) fields: usize,
    pub(super) kind: usize,
    pub(super) label: usize,
    pub(super) target: usize,
    /// By the number in the file.
    pub(super) kinds: Vec<EdgeKind>,
    pub(super) kind_names: Vec<String>,
}

/// Where the fields of a location stand in its row.
#[derive(Debug)]
pub(super) struct LocationLayout {
    pub(super) fields: usize,
    pub(super) node: usize,
    pub(super) script: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl NodeLayout {
    pub(super) fn of(meta: &Meta) -> Result<Self, String> {
        let fields = meta.nodes().few()?;
        let kind = fields.of("type")?;
        let (mut kinds, mut kind_names) =
            numbers("node_types", &meta.node_types(kind)?, &NodeKind::KNOWN, 256)?;
        // Node 8 writes symbols with a type that its list has not got. DevTools' word for the name is "undefined".
        if kinds.len() < NODE_TYPES && kind_names.len() < 256 {
            kinds.resize(NODE_TYPES, kind_names.len() as u8);
            kind_names.push("undefined".to_owned());
        }
        Ok(Self {
            fields: fields.count(),
            kind,
            name: fields.of("name")?,
            id: fields.of("id")?,
            self_size: fields.of("self_size")?,
            edge_count: fields.of("edge_count")?,
            detachedness: fields.find("detachedness"),
            kinds: kinds.into_iter().map(NodeKind).collect(),
            kind_names,
        })
    }
}

impl EdgeLayout {
    pub(super) fn of(meta: &Meta) -> Result<Self, String> {
        let fields = meta.edges().few()?;
        let kind = fields.of("type")?;
        let (mut kinds, kind_names) =
            numbers("edge_types", &meta.edge_types(kind)?, &EdgeKind::KNOWN, EdgeKind::MOST)?;
        // DevTools takes the number behind the last type for "invisible", which no snapshot declares.
        if !kinds.contains(&EdgeKind::INVISIBLE.0) {
            kinds.push(EdgeKind::INVISIBLE.0);
        }
        Ok(Self {
            fields: fields.count(),
            kind,
            label: fields.of("name_or_index")?,
            target: fields.of("to_node")?,
            kinds: kinds.into_iter().map(EdgeKind).collect(),
            kind_names,
        })
    }
}

impl LocationLayout {
    /// `None`: this snapshot has no locations.
    pub(super) fn of(meta: &Meta) -> Result<Option<Self>, String> {
        let fields = meta.locations()?;
        if fields.count() == 0 {
            return Ok(None);
        }
        let fields = fields.few()?;
        Ok(Some(Self {
            fields: fields.count(),
            node: fields.of("object_index")?,
            script: fields.of("script_id")?,
            line: fields.of("line")?,
            column: fields.of("column")?,
        }))
    }
}

/// The file's names of types → our number for each of the file's, and the names by our number.
fn numbers(
    what: &str,
    types: &[&str],
    known: &[&str],
    most: usize,
) -> Result<(Vec<u8>, Vec<String>), String> {
    let mut names: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
    let mut numbers = Vec::with_capacity(types.len());
    for name in types {
        let number = names.iter().position(|known| known == name).unwrap_or_else(|| {
            names.push((*name).to_owned());
            names.len() - 1
        });
        if names.len() > most {
            return Err(format!("meta.{what} has more than {most} types"));
        }
        numbers.push(number as u8);
    }
    Ok((numbers, names))
}
