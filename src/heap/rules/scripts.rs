//! Which file a script number means. A snapshot does not list its scripts, but a function knows its script by
//! name (function → `shared` → `script`) and, in the locations, by number.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::heap::graph::{EdgeKind, Graph, Location, NodeKind};

/// Names of scripts by V8's number. Not every script has a function in the snapshot.
#[derive(Debug, Default)]
pub struct Scripts(HashMap<u32, u32>);

impl Scripts {
    /// Asks functions until each script is known.
    pub fn new(graph: &Graph) -> Self {
        let mut scripts = HashMap::new();
        let Some(edge_names) = EdgeNames::new(graph) else { return Self::default() };
        for location in &graph.locations {
            if graph.kind(location.node) == NodeKind::CLOSURE
                && !scripts.contains_key(&location.script)
                && let Some(name) = edge_names.script(graph, location.node)
            {
                scripts.insert(location.script, name);
            }
        }
        Self(scripts)
    }

    /// The script's name as V8 has it: a path, a `file:` URL, `node:…`.
    pub fn name<'a>(&self, graph: &'a Graph, script: u32) -> Option<Cow<'a, str>> {
        self.0.get(&script).map(|name| graph.strings().show(*name))
    }

    /// The same as an index of the graph's strings.
    pub fn index(&self, script: u32) -> Option<u32> {
        self.0.get(&script).copied()
    }

    /// The scripts that come with Node, by V8's numbers.
    pub fn builtin(&self, graph: &Graph) -> HashSet<u32> {
        let is = |name: u32| graph.strings().raw(name).starts_with(b"node:");
        self.0.iter().filter(|(_, name)| is(**name)).map(|(script, _)| *script).collect()
    }

    /// Where heapwarden lies whose scripts these are, with a `/` at the end, once for each copy of it: who watches a program is no part
    /// of it.
    pub fn watchers(&self, graph: &Graph) -> Vec<String> {
        const SIGNS: [&str; 2] = ["lib/addon/native.js", "lib/monitor/channel.js"];
        let ends = |sign: &str| -> HashSet<String> {
            let names = self.0.values().filter(|name| graph.strings().raw(**name).ends_with(sign.as_bytes()));
            let roots = names.map(|name| graph.strings().show(*name));
            roots
                .filter_map(|name| Some(name.strip_suffix(sign)?.to_owned()))
                .filter(|root| root.ends_with('/'))
                .collect()
        };
        let [one, other] = SIGNS.map(ends);
        one.intersection(&other).cloned().collect()
    }

    /// The scripts below these folders, in `lib/` or the face of the package, by V8's numbers.
    pub fn below(&self, graph: &Graph, watchers: &[String]) -> HashSet<u32> {
        let is = |name: u32| is_below(watchers, &graph.strings().show_start(name, 1024));
        self.0.iter().filter(|(_, name)| is(**name)).map(|(script, _)| *script).collect()
    }

    /// `server.js:10:5` as editors count, from 1; `script 42:10:5` if there is no name.
    pub fn place(&self, graph: &Graph, location: &Location) -> String {
        let (line, column) = (location.line.saturating_add(1), location.column.saturating_add(1));
        match self.name(graph, location.script) {
            Some(name) => format!("{}:{line}:{column}", short(&name)),
            None => format!("script {}:{line}:{column}", location.script),
        }
    }
}

/// Whether a file is one of heapwarden's, which lies in these folders.
pub fn is_below(watchers: &[String], file: &str) -> bool {
    let rest = watchers.iter().find_map(|root| file.strip_prefix(root.as_str()));
    rest.is_some_and(|rest| rest.starts_with("lib/") || matches!(rest, "index.js" | "index.mjs"))
}

/// The end of a path by which people know a file: what follows the last `node_modules/`, otherwise the file's
/// name, with its folder if the name alone says nothing.
pub fn short(name: &str) -> &str {
    if name.starts_with("node:") {
        return name;
    }
    let separator = |char| matches!(char, '/' | '\\');
    if let Some(begin) = name.rfind("node_modules").map(|begin| begin + "node_modules".len())
        && let Some(rest) = name[begin..].strip_prefix(separator)
    {
        return rest;
    }
    let file = name.rfind(separator).map_or(0, |begin| begin + 1);
    if !name[file..].starts_with("index.") {
        return &name[file..];
    }
    let folder = name[..file.saturating_sub(1)].rfind(separator).map_or(0, |begin| begin + 1);
    &name[folder..]
}

/// The names of the two edges between a function and its script, as indexes; there may be several spellings.
struct EdgeNames {
    shared: u32,
    script: Vec<u32>,
}

impl EdgeNames {
    fn new(graph: &Graph) -> Option<Self> {
        let strings = graph.strings();
        let mut shared = None;
        let mut script = Vec::new();
        for index in 0..strings.len() as u32 {
            match strings.raw(index) {
                b"shared" => shared = Some(index),
                // Node 20 has the second.
                b"script" | b"script_or_debug_info" => script.push(index),
                _ => {}
            }
        }
        shared.map(|shared| Self { shared, script })
    }

    /// The name of the function's script.
    fn script(&self, graph: &Graph, function: u32) -> Option<u32> {
        let inside = |node: u32, is: &dyn Fn(u32) -> bool| {
            let named = |edge: &u32| {
                graph.edge_kind(*edge) == EdgeKind::INTERNAL && graph.edge_name(*edge).is_some_and(is)
            };
            graph.edges(node).find(named).map(|edge| graph.target(edge))
        };
        let shared = inside(function, &|name| name == self.shared)?;
        let script = inside(shared, &|name| self.script.contains(&name))?;
        let name = graph.name(script);
        let raw = graph.strings().raw(name);
        // A script without a name and a function under a debugger have V8's own words here.
        if raw.is_empty() || raw.starts_with(b"system /") { None } else { Some(name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::graph::build::Builder;

    #[test]
    fn the_end_people_know() {
        for (name, end) in [
            ("/srv/app/server.js", "server.js"),
            ("file:///srv/app/lib/index.mjs", "lib/index.mjs"),
            ("C:\\app\\index.js", "app\\index.js"),
            ("C:\\app\\main.js", "main.js"),
            ("/srv/node_modules/a/node_modules/b/lib/x.js", "b/lib/x.js"),
            ("node:internal/timers", "node:internal/timers"),
            ("/srv/node_modules.js", "node_modules.js"),
            ("index.js", "index.js"),
            ("/index.js", "/index.js"),
            ("", ""),
        ] {
            assert_eq!(short(name), end);
        }
    }

    #[test]
    fn functions_tell_their_script() {
        let mut builder = Builder::new();
        let (bare, named) =
            (builder.node(NodeKind::CLOSURE, "f", 1), builder.node(NodeKind::CLOSURE, "g", 1));
        let shared = builder.node(NodeKind::CODE, "g", 1);
        let script = builder.node(NodeKind::CODE, "/srv/app.js", 1);
        let object = builder.node(NodeKind::OBJECT, "Box", 1);
        builder
            .edge(named, EdgeKind::INTERNAL, "shared", shared)
            .edge(shared, EdgeKind::INTERNAL, "script", script)
            .location(bare, 8, 0, 0)
            .location(named, 7, 9, 4)
            .location(object, 7, 1, 1);
        let graph = builder.graph();
        let scripts = Scripts::new(&graph);
        let place = |node| graph.location(node).map(|location| scripts.place(&graph, location));
        assert_eq!(place(object).as_deref(), Some("app.js:2:2"));
        assert_eq!(place(named).as_deref(), Some("app.js:10:5"));
        assert_eq!(place(bare).as_deref(), Some("script 8:1:1"));
        assert!(Scripts::new(&Graph::default()).0.is_empty());
    }

    #[test]
    fn heapwardens_own_scripts_are_known_wherever_it_lies() {
        let mut builder = Builder::new();
        let files = [
            "/srv/node_modules/heapwarden/lib/addon/native.js",
            "/srv/node_modules/heapwarden/lib/monitor/channel.js",
            "/srv/node_modules/heapwarden/index.js",
            "/srv/node_modules/other/lib/addon/native.js",
            "/srv/lib/monitor/channel.js",
            "/srv/server.js",
        ];
        for (script, file) in (1..).zip(files) {
            let function = builder.node(NodeKind::CLOSURE, "f", 1);
            let shared = builder.node(NodeKind::CODE, "f", 1);
            let name = builder.node(NodeKind::CODE, file, 1);
            builder
                .edge(function, EdgeKind::INTERNAL, "shared", shared)
                .edge(shared, EdgeKind::INTERNAL, "script", name)
                .location(function, script, 0, 0);
        }
        let graph = builder.graph();
        let scripts = Scripts::new(&graph);
        let watchers = scripts.watchers(&graph);
        assert_eq!(watchers, ["/srv/node_modules/heapwarden/"]);
        assert_eq!(scripts.below(&graph, &watchers), HashSet::from([1, 2, 3]));
        assert!(!is_below(&watchers, "/srv/node_modules/heapwarden/__test__/leaks/cache.js"));
    }
}
