//! The value of `"snapshot"`, with which a snapshot begins: how many rows there will be, and where in a row each
//! field stands. Nothing is assumed of the order of fields: Node 24 dropped one, and profilers add some.
//!
//! One parser for two readers. Both refuse a snapshot without the lists of nodes' and edges' fields and types; of
//! the rest each refuses only what it needs itself, when it asks for it: until then it is text, and may say anything that is JSON, once.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Most fields a row may have; V8's have at most 7. A power of two: rows are indexed with a mask.
pub const FIELDS: usize = 16;

/// The value of `"snapshot"`. (DevTools calls it the snapshot's header; a file of ours has another one.)
#[derive(Debug, Deserialize)]
pub struct Preamble {
    /// What rows look like.
    pub meta: Meta,
    #[serde(default, deserialize_with = "as_it_is")]
    node_count: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "as_it_is")]
    edge_count: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "as_it_is")]
    root_index: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "as_it_is")]
    extra_native_bytes: Option<Box<RawValue>>,
}

/// The value of `"meta"`.
#[derive(Debug, Deserialize)]
pub struct Meta {
    node_fields: Vec<String>,
    node_types: Vec<Value>,
    edge_fields: Vec<String>,
    edge_types: Vec<Value>,
    #[serde(default, deserialize_with = "as_it_is")]
    location_fields: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "as_it_is")]
    trace_function_info_fields: Option<Box<RawValue>>,
}

/// A value that somebody may need: `null` is one, and no missing one.
fn as_it_is<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

impl Preamble {
    /// From its JSON.
    ///
    /// # Errors
    /// What cannot be understood.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(json).map_err(|error| error.to_string())
    }

    /// Rows of nodes that are said to come.
    ///
    /// # Errors
    /// If that is no whole number, as with all that follow.
    pub fn node_count(&self) -> Result<Option<u64>, String> {
        whole("node_count", self.node_count.as_deref())
    }

    /// Rows of edges that are said to come.
    ///
    /// # Errors
    /// If that is no whole number.
    pub fn edge_count(&self) -> Result<Option<u64>, String> {
        whole("edge_count", self.edge_count.as_deref())
    }

    /// Where the root's row begins, as an index into the flat list of nodes.
    ///
    /// # Errors
    /// If that is no whole number.
    pub fn root_index(&self) -> Result<Option<u64>, String> {
        whole("root_index", self.root_index.as_deref())
    }

    /// Bytes outside V8's heap that no node stands for.
    ///
    /// # Errors
    /// If that is no whole number.
    pub fn extra_native_bytes(&self) -> Result<Option<u64>, String> {
        whole("extra_native_bytes", self.extra_native_bytes.as_deref())
    }
}

fn whole(name: &str, value: Option<&RawValue>) -> Result<Option<u64>, String> {
    let Some(value) = value else { return Ok(None) };
    serde_json::from_str(value.get()).map(Some).map_err(|_| format!("{name} is no whole number that fits"))
}

impl Meta {
    /// The fields of a node.
    pub fn nodes(&self) -> Fields<'_> {
        Fields { list: "node_fields", names: Cow::Borrowed(&self.node_fields) }
    }

    /// The fields of an edge.
    pub fn edges(&self) -> Fields<'_> {
        Fields { list: "edge_fields", names: Cow::Borrowed(&self.edge_fields) }
    }

    /// The fields of a location. None: this snapshot has no locations.
    ///
    /// # Errors
    /// If that is no list of names.
    pub fn locations(&self) -> Result<Fields<'static>, String> {
        named("location_fields", self.location_fields.as_deref())
    }

    /// The fields of a function in the allocation trace. None: this snapshot has no trace.
    ///
    /// # Errors
    /// If that is no list of names.
    pub fn traces(&self) -> Result<Fields<'static>, String> {
        named("trace_function_info_fields", self.trace_function_info_fields.as_deref())
    }

    /// The names of the types that nodes have, by the number in the field `field`. The list may be longer than the
    /// types in use: that of Node 24 has one entry too many.
    ///
    /// # Errors
    /// If there is no such list, or one of something else.
    pub fn node_types(&self, field: usize) -> Result<Vec<&str>, String> {
        types("node_types", &self.node_types, field)
    }

    /// The same of edges.
    ///
    /// # Errors
    /// As [`Self::node_types`].
    pub fn edge_types(&self, field: usize) -> Result<Vec<&str>, String> {
        types("edge_types", &self.edge_types, field)
    }
}

fn named(list: &'static str, value: Option<&RawValue>) -> Result<Fields<'static>, String> {
    let names = match value {
        Some(value) => {
            serde_json::from_str(value.get()).map_err(|_| format!("meta.{list} is no list of names"))?
        }
        None => Vec::new(),
    };
    Ok(Fields { list, names: Cow::Owned(names) })
}

fn types<'a>(what: &str, lists: &'a [Value], field: usize) -> Result<Vec<&'a str>, String> {
    let Some(Value::Array(list)) = lists.get(field) else {
        return Err(format!("meta.{what} has no list of types"));
    };
    let name =
        |name: &'a Value| name.as_str().ok_or_else(|| format!("meta.{what} has a type that is no string"));
    list.iter().map(name).collect()
}

/// The names of a row's fields, in their order.
#[derive(Debug)]
pub struct Fields<'a> {
    list: &'static str,
    names: Cow<'a, [String]>,
}

impl Fields<'_> {
    /// Numbers in a row.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// Where this field stands, if there is one.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|field| field == name)
    }

    /// Where this field stands.
    ///
    /// # Errors
    /// If there is none.
    pub fn of(&self, name: &str) -> Result<usize, String> {
        self.find(name).ok_or_else(|| format!("meta.{} has no {name}", self.list))
    }

    /// The same fields, if they are no more than [`FIELDS`].
    ///
    /// # Errors
    /// If they are.
    pub fn few(self) -> Result<Self, String> {
        if self.count() > FIELDS {
            return Err(format!(
                "meta.{} has {} fields, at most {FIELDS} are possible",
                self.list,
                self.count()
            ));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rest: &str) -> Result<Preamble, String> {
        let lists = r#""node_fields":["name","type"],"node_types":["string",["hidden","object"]],"edge_fields":[],"edge_types":[]"#;
        Preamble::read(format!(r#"{{"meta":{{{lists}}}{rest}}}"#).as_bytes())
    }

    #[test]
    fn a_reader_is_told_what_it_asks_for() {
        let preamble = read(r#","node_count":7,"edge_count":"many","root_index":null"#).unwrap();
        assert_eq!((preamble.node_count(), preamble.extra_native_bytes()), (Ok(Some(7)), Ok(None)));
        assert!(preamble.edge_count().is_err() && preamble.root_index().is_err());
        let nodes = preamble.meta.nodes();
        assert_eq!((nodes.count(), nodes.of("type"), nodes.find("id")), (2, Ok(1), None));
        assert_eq!(nodes.of("id"), Err("meta.node_fields has no id".to_owned()));
        assert_eq!(preamble.meta.node_types(1), Ok(vec!["hidden", "object"]));
        assert!(preamble.meta.node_types(0).is_err() && preamble.meta.edge_types(0).is_err());
        assert_eq!(preamble.meta.locations().map(|fields| fields.count()), Ok(0));
    }

    #[test]
    fn what_nobody_asks_for_may_say_anything() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for odd in ["1e999", r#""\ud800""#, "null", &deep] {
            let rest = format!(r#","node_count":1,"root_index":{odd},"extra_native_bytes":{odd}"#);
            assert_eq!(read(&rest).unwrap().node_count(), Ok(Some(1)), "{odd}");
            assert!(read(&rest).unwrap().root_index().is_err(), "{odd}");
        }
    }

    #[test]
    fn numbers_are_whole_and_lists_are_of_names() {
        for number in ["-1", "1.5", "18446744073709551616", "[]"] {
            assert!(read(&format!(r#","node_count":{number}"#)).unwrap().node_count().is_err(), "{number}");
        }
        for lists in [r#""node_fields":[1]"#, r#""location_fields":null"#, r#""location_fields":[1]"#] {
            let all = r#""node_fields":[],"node_types":[],"edge_fields":[],"edge_types":[]"#;
            let all = if lists.starts_with("\"node") {
                all.replace(r#""node_fields":[]"#, lists)
            } else {
                format!("{all},{lists}")
            };
            let found = Preamble::read(format!(r#"{{"meta":{{{all}}}}}"#).as_bytes());
            assert!(found.and_then(|preamble| preamble.meta.locations().map(|_| ())).is_err(), "{lists}");
        }
    }
}
