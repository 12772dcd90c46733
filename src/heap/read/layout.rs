//! What a snapshot says of its own layout. Nothing is assumed of the order of fields: Node 24 dropped one, and
//! profilers add some.

use serde::Deserialize;
use serde_json::Value;

use crate::heap::graph::{EdgeKind, NodeKind};

/// The value of `"snapshot"`.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    meta: Meta,
    pub(super) node_count: u64,
    pub(super) edge_count: u64,
    #[serde(default)]
    pub(super) root_index: u64,
    #[serde(default)]
    pub(super) extra_native_bytes: u64,
}

#[derive(Debug, Deserialize)]
struct Meta {
    node_fields: Vec<String>,
    node_types: Vec<Value>,
    edge_fields: Vec<String>,
    edge_types: Vec<Value>,
    #[serde(default)]
    location_fields: Vec<String>,
}

/// Most fields a row may have; V8's have 7, 3 and 4. A power of two: rows are indexed with a mask.
pub(super) const FIELDS: usize = 16;

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

impl Header {
    pub(super) fn nodes(&self) -> Result<NodeLayout, String> {
        let fields = Fields::new("node_fields", &self.meta.node_fields)?;
        let kind = fields.of("type")?;
        let (mut kinds, mut kind_names) =
            types("node_types", &self.meta.node_types, kind, &NodeKind::KNOWN, 256)?;
        // Node 8 writes symbols with a type that its list has not got. DevTools' word for the name is "undefined".
        if kinds.len() < NODE_TYPES && kind_names.len() < 256 {
            kinds.resize(NODE_TYPES, kind_names.len() as u8);
            kind_names.push("undefined".to_owned());
        }
        Ok(NodeLayout {
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

    pub(super) fn edges(&self) -> Result<EdgeLayout, String> {
        let fields = Fields::new("edge_fields", &self.meta.edge_fields)?;
        let kind = fields.of("type")?;
        let (mut kinds, kind_names) =
            types("edge_types", &self.meta.edge_types, kind, &EdgeKind::KNOWN, EdgeKind::MOST)?;
        // DevTools takes the number behind the last type for "invisible", which no snapshot declares.
        if !kinds.contains(&EdgeKind::INVISIBLE.0) {
            kinds.push(EdgeKind::INVISIBLE.0);
        }
        Ok(EdgeLayout {
            fields: fields.count(),
            kind,
            label: fields.of("name_or_index")?,
            target: fields.of("to_node")?,
            kinds: kinds.into_iter().map(EdgeKind).collect(),
            kind_names,
        })
    }

    /// `None`: this snapshot has no locations.
    pub(super) fn locations(&self) -> Result<Option<LocationLayout>, String> {
        if self.meta.location_fields.is_empty() {
            return Ok(None);
        }
        let fields = Fields::new("location_fields", &self.meta.location_fields)?;
        Ok(Some(LocationLayout {
            fields: fields.count(),
            node: fields.of("object_index")?,
            script: fields.of("script_id")?,
            line: fields.of("line")?,
            column: fields.of("column")?,
        }))
    }
}

struct Fields<'a>(&'static str, &'a [String]);

impl<'a> Fields<'a> {
    fn new(what: &'static str, names: &'a [String]) -> Result<Self, String> {
        if names.len() > FIELDS {
            return Err(format!("meta.{what} has {} fields, at most {FIELDS} are possible", names.len()));
        }
        Ok(Self(what, names))
    }

    fn count(&self) -> usize {
        self.1.len()
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.1.iter().position(|field| field == name)
    }

    fn of(&self, name: &str) -> Result<usize, String> {
        self.find(name).ok_or_else(|| format!("meta.{} has no {name}", self.0))
    }
}

/// The list of type names at `field` → our number for each of the file's, and the names by our number. The list
/// may be longer than the types in use: that of Node 24 has one entry too many.
fn types(
    what: &str,
    lists: &[Value],
    field: usize,
    known: &[&str],
    most: usize,
) -> Result<(Vec<u8>, Vec<String>), String> {
    let Some(Value::Array(list)) = lists.get(field) else {
        return Err(format!("meta.{what} has no list of types"));
    };
    let mut names: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
    let mut numbers = Vec::with_capacity(list.len());
    for name in list {
        let Value::String(name) = name else {
            return Err(format!("meta.{what} has a type that is no string"));
        };
        let number = names.iter().position(|known| known == name).unwrap_or_else(|| {
            names.push(name.clone());
            names.len() - 1
        });
        if names.len() > most {
            return Err(format!("meta.{what} has more than {most} types"));
        }
        numbers.push(number as u8);
    }
    Ok((numbers, names))
}
