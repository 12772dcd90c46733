//! What a developer calls the holder: the variable, and the properties from there.

use crate::heap::graph::{EdgeKind, Graph, NodeKind};
use crate::heap::paths::known;
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
    /// Where in the way the first of them is.
    pub(super) at: usize,
}

impl Anchor {
    /// Of a way from the root to the holder.
    pub(super) fn of(graph: &Graph, way: &[u32]) -> Self {
        let mut names = Vec::new();
        let mut begin = Begin::Root;
        let mut at = way.len();
        for (place, edge) in way.iter().enumerate().rev() {
            let (edge, source) = (*edge, graph.source(*edge));
            at = place;
            match graph.edge_kind(edge) {
                EdgeKind::CONTEXT => {
                    names.push(name(graph, edge));
                    begin = Begin::Variable(source);
                    break;
                }
                EdgeKind::HIDDEN if known::is_context(graph, source) => {
                    names.push(
                        known::block_variable(graph, source, edge)
                            .unwrap_or_else(|| "(block variable)".to_owned()),
                    );
                    begin = Begin::Variable(source);
                    break;
                }
                EdgeKind::PROPERTY | EdgeKind::SHORTCUT => {
                    names.push(name(graph, edge));
                    if known::is_global(graph, source) {
                        begin = Begin::Global;
                        break;
                    }
                    if graph.strings().raw(graph.name(source)) == b"Module" {
                        begin = Begin::Module(source);
                        break;
                    }
                    if names.iter().filter(|name| *name != "[]").count() >= NAMES {
                        begin = Begin::Object(source);
                        break;
                    }
                }
                EdgeKind::ELEMENT => names.push("[]".to_owned()),
                EdgeKind::INTERNAL if is_number(graph, edge) => names.push("[]".to_owned()),
                _ => {}
            }
            if graph.kind(source) == NodeKind::SYNTHETIC {
                begin = if names.iter().all(|name| name == "[]") {
                    Begin::Root
                } else {
                    Begin::Object(graph.target(edge))
                };
                break;
            }
            // A function holds its scope; what it is called is better than who holds it.
            if graph.kind(source) == NodeKind::CLOSURE && !names.iter().all(|name| name == "[]") {
                begin = Begin::Function(source);
                break;
            }
        }
        names.reverse();
        names.dedup_by(|a, b| a == "[]" && b == "[]");
        Self { begin, names, at }
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
                text.push_str(&known::property_text(name));
            }
        }
        text
    }
}

fn cut(text: String, other: &str) -> String {
    if text.is_empty() { other.to_owned() } else { text }
}

fn name(graph: &Graph, edge: u32) -> String {
    graph.edge_name(edge).map(|name| graph.strings().show_start(name, NAME)).unwrap_or_default()
}

/// Whether an edge is named by digits: a place in a table.
pub(super) fn is_number(graph: &Graph, edge: u32) -> bool {
    graph.edge_name(edge).is_some_and(|name| {
        let raw = graph.strings().raw(name);
        !raw.is_empty() && raw.iter().all(u8::is_ascii_digit)
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
        let file = scripts.name(graph, place.script).map(|name| cut_name(short(&name)));
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
