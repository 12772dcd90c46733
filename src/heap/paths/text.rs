//! A path as one would write it in code: `global.cache → Map.get("k").list[3] → Session`.
//!
//! An arrow stands before what has a class of its own, a function or a captured variable; plain objects and arrays
//! only carry the next name. What V8 has in between (contexts, tables, backing stores) is not shown.

use super::facts::Facts;
use super::known::inside;
use super::known::{self, Entry};
use super::parts::{NAME, Parts, property, quoted};
use super::readability::{NameKind, NameKinds, pair_table};
use super::step::{begin, cut};
use super::tree::Parents;
use crate::heap::graph::{EdgeKind, Graph, NodeKind};
use crate::heap::rules::scripts::Scripts;

/// Steps of a path that are read at its beginning, and as many at its end.
const HALF: usize = 300;

/// Writes paths.
pub(super) struct Writer<'a, F: ?Sized> {
    pub(super) facts: &'a F,
    pub(super) parents: &'a dyn Parents,
    pub(super) name_kinds: &'a NameKinds,
    pub(super) scripts: &'a Scripts,
}

impl<F: Facts + ?Sized> Writer<'_, F> {
    /// The text of a way from the root. `merged`: it stands for many, so indexes and keys are left out;
    /// `general`: this edge's name as well.
    pub(super) fn text(&self, way: &[u32], merged: bool, general: &dyn Fn(u32) -> bool) -> String {
        let graph = self.graph();
        let mut parts = Parts::default();
        let Some(last) = way.len().checked_sub(1) else { return known::root("") };
        let gap = HALF..way.len().saturating_sub(HALF).max(HALF);
        for (at, edge) in way.iter().enumerate() {
            if gap.contains(&at) {
                if at == gap.start {
                    parts.begin(&format!("… {} steps …", gap.len()));
                    parts.close("…");
                }
                if at + 1 == gap.end {
                    self.arrive(&mut parts, *edge, false, false);
                }
                continue;
            }
            let (source, target) = (begin(graph, way, at), graph.target(*edge));
            let is_last = at == last;
            if graph.kind(target) == NodeKind::SYNTHETIC {
                // `(GC roots)` → `(Global handles)`: the last one says it.
                let next_is = way.get(at + 1).map(|next| graph.kind(graph.target(*next)));
                if next_is != Some(NodeKind::SYNTHETIC) {
                    parts.begin(&known::root(&graph.strings().show_start(graph.name(target), NAME)));
                }
                continue;
            }
            if at > 0 && graph.kind(source) != NodeKind::SYNTHETIC {
                let holder = if at > 1 { Some(begin(graph, way, at - 1)) } else { None };
                self.access(&mut parts, source, holder, *edge, merged, general(*edge), is_last);
            }
            self.arrive(&mut parts, *edge, at == 0, is_last);
        }
        parts.finish()
    }

    fn name(&self, edge: u32) -> String {
        let name = self.graph().edge_name(edge);
        name.map(|name| self.graph().strings().show_start(name, NAME)).unwrap_or_default()
    }

    fn graph(&self) -> &Graph {
        self.facts.graph()
    }

    /// Writes the way from `source` over the edge.
    #[allow(clippy::too_many_arguments, reason = "one step of the loop above")]
    fn access(
        &self,
        parts: &mut Parts,
        source: u32,
        holder: Option<u32>,
        edge: u32,
        merged: bool,
        general: bool,
        is_last: bool,
    ) {
        let graph = self.graph();
        let word = self.name_kinds.of(graph, edge);
        let name = || self.name(edge);
        if known::is_context(graph, source)
            && let Some(variable) = self.variable(source, edge)
        {
            parts.begin(&variable);
            return;
        }
        match graph.edge_kind(edge) {
            EdgeKind::ELEMENT if merged => parts.add("[…]"),
            EdgeKind::ELEMENT => parts.add(&format!("[{}]", graph.edge_label(edge))),
            EdgeKind::PROPERTY if general => parts.add("[…]"),
            EdgeKind::PROPERTY | EdgeKind::CONTEXT => parts.add(&property(&name())),
            EdgeKind::INTERNAL => match word {
                NameKind::Pair => parts.begin(&self.pair(edge)),
                NameKind::Number if silent(graph, source, edge, "") => {}
                NameKind::Number => self.slot(parts, source, holder, edge, merged),
                NameKind::Inside if !is_last => {}
                _ if silent(graph, source, edge, &name()) => {}
                _ => parts.add(&format!(".[[{}]]", name())),
            },
            EdgeKind::HIDDEN if known::is_module_record(graph, source) => {}
            EdgeKind::HIDDEN => parts.add(&format!(".[[{}]]", graph.edge_label(edge))),
            _ => parts.add(&format!(".[[{}]]", name())),
        }
    }

    /// Writes what the edge leads to, if that says something.
    fn arrive(&self, parts: &mut Parts, edge: u32, is_first: bool, is_last: bool) {
        let graph = self.graph();
        let node = graph.target(edge);
        if known::is_global(graph, node) {
            if is_first || is_last || parts.is_empty() {
                parts.begin("global");
            }
            return;
        }
        if graph.kind(node) == NodeKind::CLOSURE {
            let (name, place) = self.function(node);
            let is_property = graph.edge_kind(edge) == EdgeKind::PROPERTY;
            // `global.fetch` and then `fetch()` would say the same twice; one without a name has its property's.
            if if name.is_empty() { is_property && !is_first } else { parts.ends_with_name(&name) } {
                parts.add(&format!("(){place}"));
            } else if name.is_empty() {
                parts.begin(&format!("anonymous function{place}"));
            } else {
                parts.begin(&format!("{name}(){place}"));
            }
            parts.close(if name.is_empty() { "function" } else { &name });
            return;
        }
        let class = self.facts.class_name(node);
        let carries = class.starts_with('{') || matches!(&*class, "Object" | "Array");
        let inner = match graph.kind(node) {
            NodeKind::OBJECT => known::is_context(graph, node),
            NodeKind::ARRAY | NodeKind::HIDDEN | NodeKind::CODE => true,
            _ => false,
        };
        if is_last || is_first || !(carries || inner) {
            let class = cut(&class, NAME);
            match known::file(graph, node) {
                Some(file) => parts.begin(&format!("{class}({file})")),
                None if !is_last && parts.ends_with_name(&class) => {}
                None => parts.begin(&class),
            }
        }
    }

    /// A captured variable; the empty text for the way to an outer scope.
    fn variable(&self, context: u32, edge: u32) -> Option<String> {
        let graph = self.graph();
        let kind = if known::is_module_scope(graph, context) { "module" } else { "closure" };
        match graph.edge_kind(edge) {
            EdgeKind::CONTEXT => Some(format!("{kind} variable {}", self.name(edge))),
            EdgeKind::HIDDEN => Some(match known::block_variable(graph, context, edge) {
                Some(name) => format!("{kind} variable {name}"),
                None => format!("a {kind} variable"),
            }),
            EdgeKind::INTERNAL if known::is_context(graph, graph.target(edge)) => Some(String::new()),
            _ => None,
        }
    }

    /// What a WeakMap holds for its key, and which WeakMap.
    fn pair(&self, edge: u32) -> String {
        let graph = self.graph();
        let raw = graph.edge_name(edge).map(|name| graph.strings().raw(name)).unwrap_or_default();
        let table = pair_table(raw).and_then(|id| graph.node_of_id(id));
        let map = table.and_then(|table| self.parents.parent(graph, table));
        let holder = map.and_then(|(map, _)| self.parents.parent(graph, map));
        let name = holder.and_then(|(_, edge)| match graph.edge_kind(edge) {
            EdgeKind::CONTEXT | EdgeKind::PROPERTY => graph.edge_name(edge),
            _ => None,
        });
        match (name, table) {
            (Some(name), _) => {
                format!("value of this key in WeakMap {}", graph.strings().show_start(name, NAME))
            }
            (None, Some(table)) => format!("value of this key in WeakMap (table @{})", graph.id(table)),
            (None, None) => "value of this key in a WeakMap".to_owned(),
        }
    }

    /// A numbered slot: of a Map's or Set's table, of an array's backing store, of something else of V8's.
    fn slot(&self, parts: &mut Parts, source: u32, holder: Option<u32>, edge: u32, merged: bool) {
        let graph = self.graph();
        let table = |holder: &u32| inside(graph, *holder, EdgeKind::INTERNAL, "table") == Some(source);
        let frame = |holder: &u32| {
            inside(graph, *holder, EdgeKind::INTERNAL, "parameters_and_registers") == Some(source)
        };
        if holder.as_ref().is_some_and(frame) {
            parts.begin("local variable of a suspended function");
            return;
        }
        if holder.is_some_and(|holder| known::is_module_record(graph, holder))
            && let Some(name) = known::key_before(graph, source, edge)
        {
            parts.begin(&format!("export {name}"));
            return;
        }
        match holder.filter(table).map(|holder| known::entry(graph, holder, source, edge)) {
            Some(Entry::Key) => parts.add(".keys()"),
            Some(Entry::Element) => parts.add("[…]"),
            Some(Entry::Value(Some(key))) if !merged => parts.add(&format!(".get({})", quoted(&key))),
            Some(Entry::Value(_)) => parts.add(".get(…)"),
            None if merged => parts.add("[…]"),
            None => {
                parts.add(&format!("[{}]", self.name(edge)));
            }
        }
    }

    /// A function's name, and ` at server.js:10:5`.
    fn function(&self, node: u32) -> (String, String) {
        let graph = self.graph();
        let place = graph.location(node).map(|location| self.scripts.place(graph, location));
        let name = graph.strings().show_start(graph.name(node), NAME);
        (name, place.map_or_else(String::new, |place| format!(" at {place}")))
    }
}

/// Ways between V8's own nodes that nobody would write.
fn silent(graph: &Graph, source: u32, edge: u32, name: &str) -> bool {
    let to_global =
        known::is_native_context(graph, source) && known::is_global_object(graph, graph.target(edge));
    let to_record = known::is_module_record(graph, graph.target(edge));
    to_global || to_record || matches!(name, "elements" | "properties" | "value" | "parameters_and_registers")
}
