//! Nodes that people know by other names than V8 does.

use crate::heap::graph::{EdgeKind, Graph, NodeKind};
pub(super) use crate::heap::rules::names::root;
use crate::heap::rules::names::{is_called, is_scope};
use crate::heap::rules::scripts::short;

use super::readability::pair_table;
use super::step::cut;

/// Characters of a key or of a file's name in a path's text.
const SHORT: usize = 60;
/// Bytes of the longest path of a module.
const PATH: usize = 8 << 10;
/// Edges of a node among which one is looked for: those that are looked for stand near the beginning.
const LOOK: usize = 4096;

/// Where this node's edge of this type and name leads.
pub(in crate::heap) fn inside(graph: &Graph, node: u32, kind: EdgeKind, name: &str) -> Option<u32> {
    let named = |edge: &u32| {
        graph.edge_kind(*edge) == kind
            && graph.edge_name(*edge).is_some_and(|index| graph.strings().raw(index) == name.as_bytes())
    };
    graph.edges(node).take(LOOK).find(named).map(|edge| graph.target(edge))
}

/// Whether the node is what code calls `global`; since Node 26 the root holds it through its NativeContext.
pub(in crate::heap) fn is_global(graph: &Graph, node: u32) -> bool {
    is_native_context(graph, node) || is_global_object(graph, node)
}

/// `global`, or `global (global*)`.
pub(in crate::heap) fn is_global_object(graph: &Graph, node: u32) -> bool {
    let name = graph.strings().raw(graph.name(node));
    graph.kind(node) == NodeKind::OBJECT && (name == b"global" || name.starts_with(b"global ("))
}

/// The hidden node that holds `global` and all builtins.
pub(in crate::heap) fn is_native_context(graph: &Graph, node: u32) -> bool {
    is_called(graph.strings().raw(graph.name(node)), b"system / NativeContext")
}

/// Whether the node holds captured variables.
pub(in crate::heap) fn is_context(graph: &Graph, node: u32) -> bool {
    graph.kind(node) == NodeKind::OBJECT && is_scope(graph.strings().raw(graph.name(node)))
}

/// Whether the captured variables are those of a whole module: the next outer ones are V8's own.
pub(in crate::heap) fn is_module_scope(graph: &Graph, context: u32) -> bool {
    inside(graph, context, EdgeKind::INTERNAL, "previous")
        .is_some_and(|outer| is_native_context(graph, outer))
}

/// The file of a module object, if it is one.
pub(in crate::heap) fn file(graph: &Graph, node: u32) -> Option<String> {
    let property = match graph.strings().raw(graph.name(node)) {
        b"Module" => "filename",
        b"ModuleWrap" | b"ModuleJob" => "url",
        b"BuiltinModule" => "id",
        _ => return None,
    };
    let name = inside(graph, node, EdgeKind::PROPERTY, property).filter(|name| is_text(graph, *name))?;
    // The end of a path is what counts; nobody's is this long.
    let name = graph.name(name);
    let name = if graph.strings().raw(name).len() > PATH { return None } else { graph.strings().show(name) };
    Some(cut(short(&name), SHORT))
}

/// The table of the WeakMap that this edge is an entry of.
pub(in crate::heap) fn pair_table_of(graph: &Graph, edge: u32) -> Option<u32> {
    let name = graph.edge_name(edge)?;
    pair_table(graph.strings().raw(name)).and_then(|id| graph.node_of_id(id))
}

/// Whether the node's name is its text.
pub(in crate::heap) fn is_text(graph: &Graph, node: u32) -> bool {
    graph.kind(node) == NodeKind::STRING
}

/// The name of a captured variable that V8 gives a number only (those of a block): the scope's names in their
/// order, if there are as many of them as variables with a value. Small integers have no node, so there may be
/// fewer.
pub(in crate::heap) fn block_variable(graph: &Graph, context: u32, edge: u32) -> Option<String> {
    let scope = inside(graph, context, EdgeKind::INTERNAL, "scope_info")?;
    let hidden =
        |node: u32| graph.edges(node).take(LOOK).filter(|edge| graph.edge_kind(*edge) == EdgeKind::HIDDEN);
    let names: Vec<u32> =
        hidden(scope).map(|edge| graph.target(edge)).take_while(|name| is_text(graph, *name)).collect();
    if names.len() != hidden(context).count() {
        return None;
    }
    let at = hidden(context).position(|other| other == edge)?;
    Some(graph.strings().show_start(graph.name(names[at]), SHORT))
}

/// Whether it is V8's side of an ES module: holds its function, and its exports in a table of names and cells.
pub(super) fn is_module_record(graph: &Graph, node: u32) -> bool {
    graph.strings().raw(graph.name(node)) == b"system / SourceTextModule"
}

/// What a slot of a Map's or Set's table is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// An element of a Set.
    Element,
    /// A key of a Map.
    Key,
    /// The value of a Map at this key, if that is a string.
    Value(Option<String>),
}

/// What the edge from the table of this Map or Set leads to. A table is `[count, deleted, buckets, bucket…,
/// entry…]` with one entry of a Set in two slots (element, chain) and of a Map in three (key, value, chain); the
/// number of buckets is a power of two that the snapshot does not have, but the first and last entries tell it.
pub(super) fn entry(graph: &Graph, holder: u32, table: u32, edge: u32) -> Entry {
    if is_set(graph, holder) {
        return Entry::Element;
    }
    let slots = || graph.edges(table).filter_map(|edge| slot(graph, edge));
    let (Some(at), Some(first), Some(last)) = (slot(graph, edge), slots().min(), slots().max()) else {
        return Entry::Value(None);
    };
    // Two entries for each bucket.
    let fits = |buckets: &u64| first >= 3 + buckets && last < 3 + buckets * 7;
    let mut phases = (1..40).map(|power| 1 << power).filter(fits).map(|buckets| (at - 3 - buckets) % 3);
    let Some(phase) = phases.next().filter(|phase| phases.all(|other| other == *phase)) else {
        return Entry::Value(None);
    };
    if phase == 0 { Entry::Key } else { Entry::Value(key_before(graph, table, edge)) }
}

/// The number that is the edge's name.
fn slot(graph: &Graph, edge: u32) -> Option<u64> {
    let name = graph.edge_name(edge)?;
    let raw = graph.strings().raw(name);
    if raw.len() > 20 { None } else { std::str::from_utf8(raw).ok()?.parse().ok() }
}

/// The text in the slot before this one.
pub(in crate::heap) fn key_before(graph: &Graph, table: u32, edge: u32) -> Option<String> {
    let before = slot(graph, edge)?.checked_sub(1);
    let key = graph.edges(table).find(|other| slot(graph, *other) == before).map(|edge| graph.target(edge));
    key.filter(|key| is_text(graph, *key)).map(|key| graph.strings().show_start(graph.name(key), SHORT))
}

/// Whether it is a Set or something that inherits from it.
fn is_set(graph: &Graph, node: u32) -> bool {
    let mut node = node;
    for _ in 0..8 {
        match graph.strings().raw(graph.name(node)) {
            b"Set" | b"WeakSet" => return true,
            b"Map" | b"WeakMap" => return false,
            _ => {}
        }
        match inside(graph, node, EdgeKind::PROPERTY, "__proto__") {
            Some(prototype) => node = prototype,
            None => return false,
        }
    }
    false
}
