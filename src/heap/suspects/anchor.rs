//! What a developer calls the holder: the variable, and the properties from there.

use std::collections::HashMap;

use crate::heap::graph::{EdgeKind, Graph, NodeKind};
use crate::heap::growth::walk::Walk;
use crate::heap::growth::words::is_masked;
use crate::heap::paths::known;
use crate::heap::paths::parts::property;
use crate::heap::rules::scripts::{Scripts, short};

/// Names that are written behind each other at most.
const NAMES: usize = 4;
/// Characters of a name.
const NAME: usize = 80;

/// Where a way begins for its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// A captured variable in this context.
    Variable(u32),
    /// A property of `global`.
    Global,
    /// What a module exports.
    Module(u32),
    /// This function.
    Function(u32),
    /// An object of a class, whose holder is not worth a word.
    Object(u32),
    /// One of V8's roots.
    Root,
}

/// The name of a holder.
#[derive(Clone, Debug)]
pub(super) struct Anchor {
    pub(super) begin: Begin,
    /// The names from there, as they stand in code; entries of collections are `[]`.
    pub(super) names: Vec<String>,
    /// The way that was followed: the holder's, or of what a WeakMap holds the WeakMap's.
    pub(super) way: Vec<u32>,
    /// Where in it the first name is.
    pub(super) at: usize,
    /// Of a variable that is inside of a function: the variable of the program that leads to the function, and where in
    /// the way it is.
    pub(super) within: Option<(usize, String)>,
}

/// WeakMaps on one way that are followed.
const JUMPS: usize = 2;
/// What V8 writes of an entry of a WeakMap.
const PAIR: &str = " / part of key ";

/// The WeakMap that an entry belongs to.
fn weak_map(graph: &Graph, walk: &Walk, edge: u32) -> Option<u32> {
    let table = known::pair_table_of(graph, edge)?;
    walk.via(table).map(|edge| graph.source(edge))
}

/// Whether a function is not one of Node's or V8's.
fn is_programs(graph: &Graph, scopes: &HashMap<u32, u32>, function: u32) -> bool {
    let scope = known::inside(graph, function, EdgeKind::INTERNAL, "context");
    scope.is_some_and(|scope| scopes.contains_key(&scope))
}

/// What a program calls the function that has the scope which a way leaves at `at`: `const search = memoize(find)`. The
/// way must lead from the variable to the function and into its scope, and nowhere else.
fn within(graph: &Graph, scopes: &HashMap<u32, u32>, way: &[u32], at: usize) -> Option<(usize, String)> {
    let scope = graph.source(*way.get(at)?);
    if known::is_module_scope(graph, scope) {
        return None;
    }
    let mut at = at.checked_sub(1)?;
    // From a function, or from the scope of one, to the scope.
    while known::is_context(graph, graph.source(*way.get(at)?)) {
        at = at.checked_sub(1)?;
    }
    if graph.kind(graph.source(*way.get(at)?)) != NodeKind::CLOSURE {
        return None;
    }
    let at = at.checked_sub(1)?;
    let edge = *way.get(at)?;
    let outer = graph.source(edge);
    let is_variable = graph.edge_kind(edge) == EdgeKind::CONTEXT && scopes.contains_key(&outer);
    is_variable.then(|| (at, name(graph, edge)))
}

impl Anchor {
    /// Of a way from the root to the holder. `scopes`: of each scope a function of the program that has it.
    pub(super) fn of(graph: &Graph, walk: &Walk, scopes: &HashMap<u32, u32>, way: &[u32]) -> Self {
        let mut names = Vec::new();
        let mut way = way.to_vec();
        let mut jumps = 0;
        // Node's and V8's own variables are a name where there is no better one.
        let mut second = None;
        let mut at = way.len();
        while let Some(edge) = at.checked_sub(1).and_then(|at| way.get(at)).copied() {
            at -= 1;
            let source = graph.source(edge);
            match graph.edge_kind(edge) {
                EdgeKind::CONTEXT | EdgeKind::HIDDEN if known::is_context(graph, source) => {
                    let variable = match graph.edge_kind(edge) {
                        EdgeKind::CONTEXT => Some(name(graph, edge)),
                        _ => known::block_variable(graph, source, edge),
                    };
                    if scopes.contains_key(&source) {
                        names.push(variable.unwrap_or_else(|| "(block variable)".to_owned()));
                        let within = within(graph, scopes, &way, at);
                        return Self { within, ..Self::new(Begin::Variable(source), names, way, at) };
                    }
                    if let (None, Some(variable)) = (&second, variable) {
                        let mut names = names.clone();
                        names.push(variable);
                        second = Some(Self::new(Begin::Variable(source), names, way.clone(), at));
                        // A module of Node's holds it itself; in the scope of one of its calls somebody holds the call.
                        if known::is_module_scope(graph, source) {
                            break;
                        }
                    }
                }
                EdgeKind::PROPERTY | EdgeKind::SHORTCUT => {
                    names.push(name(graph, edge));
                    // Through a function of Node's that is global: its variable is the holder.
                    if known::is_global(graph, source) && second.is_some() {
                        break;
                    }
                    if graph.strings().raw(graph.name(source)) == b"process" && second.is_none() {
                        return Self::new(Begin::Object(source), names, way, at);
                    }
                    if known::is_global(graph, source) {
                        return Self::new(Begin::Global, names, way, at);
                    }
                    if graph.strings().raw(graph.name(source)) == b"Module" {
                        return Self::new(Begin::Module(source), names, way, at);
                    }
                    if names.iter().filter(|name| *name != "[]").count() >= NAMES {
                        return Self::new(Begin::Object(source), names, way, at);
                    }
                }
                EdgeKind::ELEMENT => names.push("[]".to_owned()),
                EdgeKind::INTERNAL if is_number(graph, edge) => names.push("[]".to_owned()),
                EdgeKind::INTERNAL if jumps < JUMPS && name(graph, edge).contains(PAIR) => {
                    // The WeakMap is the holder, not its key.
                    if let Some(map) = weak_map(graph, walk, edge) {
                        jumps += 1;
                        names.push("[]".to_owned());
                        way = walk.way(graph, map);
                        at = way.len();
                        continue;
                    }
                }
                _ => {}
            }
            let nameless = names.iter().all(|name| name == "[]");
            if graph.kind(source) == NodeKind::SYNTHETIC {
                let begin = if nameless { Begin::Root } else { Begin::Object(graph.target(edge)) };
                return second.unwrap_or_else(|| Self::new(begin, names, way, at));
            }
            // A function holds its scope; what it is called is better than who holds it.
            if graph.kind(source) == NodeKind::CLOSURE
                && !nameless
                && second.is_none()
                && is_programs(graph, scopes, source)
            {
                return Self::new(Begin::Function(source), names, way, at);
            }
        }
        second.unwrap_or_else(|| Self::new(Begin::Root, names, way, 0))
    }

    fn new(begin: Begin, mut names: Vec<String>, way: Vec<u32>, at: usize) -> Self {
        names.reverse();
        names.dedup_by(|a, b| a == "[]" && b == "[]");
        Self { begin, names, way, at, within: None }
    }

    /// As one writes it: `cache`, `app.locals.cache`, `sessions[].history`.
    pub(super) fn text(&self, graph: &Graph) -> String {
        let mut text = match self.begin {
            Begin::Variable(_) => String::new(),
            Begin::Global => "global".to_owned(),
            Begin::Module(_) => "module".to_owned(),
            Begin::Function(node) => {
                format!("{}()", cut(graph.strings().show_start(graph.name(node), NAME), "anonymous"))
            }
            Begin::Object(node) => graph.strings().show_start(graph.name(node), NAME),
            Begin::Root => String::new(),
        };
        for name in &self.names {
            if text.is_empty() {
                text.push_str(name);
            } else if name == "[]" {
                text.push_str("[…]");
            } else {
                text.push_str(&property(name));
            }
        }
        text
    }
}

fn cut(text: String, other: &str) -> String {
    if text.is_empty() { other.to_owned() } else { text }
}

/// The name of an edge; the empty text for one that has a number.
pub(super) fn name(graph: &Graph, edge: u32) -> String {
    graph.edge_name(edge).map(|name| graph.strings().show_start(name, NAME)).unwrap_or_default()
}

/// Whether an edge is named by digits, or was before it was masked: a place in a table.
pub(super) fn is_number(graph: &Graph, edge: u32) -> bool {
    graph.edge_name(edge).is_some_and(|name| {
        let raw = graph.strings().raw(name);
        !raw.is_empty() && raw.iter().all(u8::is_ascii_digit) || is_masked(raw)
    })
}

/// A place in a file, as editors count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct At {
    pub(super) file: Option<String>,
    pub(super) line: Option<u32>,
    pub(super) column: Option<u32>,
}

impl At {
    /// Where a function, or the constructor of an object, stands.
    pub(super) fn of(graph: &Graph, scripts: &Scripts, node: u32) -> Option<Self> {
        let place = graph.location(node)?;
        let file = scripts.name(graph, place.script).filter(|name| !is_masked(name.as_bytes()));
        let file = file.map(|name| cut_name(short(&name)));
        let one = |number: u32| Some(number.saturating_add(1));
        Some(Self { file, line: one(place.line), column: one(place.column) })
    }

    /// `server.js:12`.
    pub(super) fn text(&self) -> Option<String> {
        let file = self.file.as_deref()?;
        Some(self.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}")))
    }

    pub(super) fn is_builtin(&self) -> bool {
        self.file.as_deref().is_some_and(|file| file.starts_with("node:"))
    }
}

fn cut_name(name: &str) -> String {
    let count = name.chars().count();
    if count <= 120 {
        name.to_owned()
    } else {
        format!("…{}", name.chars().skip(count - 120).collect::<String>())
    }
}
