//! A heap in V8's manner: a server's handler, whose scope holds the program's variables.

use crate::heap::engine::{self, Needs};
use crate::heap::graph::build::Builder;
use crate::heap::graph::{EdgeKind, NodeKind};
use crate::heap::growth::places::Places;
use crate::heap::growth::walk::Walk;
use crate::heap::host::Quiet;
use crate::heap::rules::scripts::Scripts;
use crate::heap::suspects::find::Findings;
use crate::heap::suspects::report::Suspect;

/// V8's numbers of the two scripts.
pub(super) const SERVER: u32 = 7;
pub(super) const TIMERS: u32 = 8;

pub(super) struct Sketch {
    pub(super) builder: Builder,
    /// The scope of `server.js`.
    pub(super) scope: u32,
    /// The scope of Node's timers.
    pub(super) timers: u32,
    realm: u32,
    scripts: [u32; 2],
}

impl Sketch {
    pub(super) fn new() -> Self {
        let mut builder = Builder::new();
        let global = builder.node(NodeKind::OBJECT, "global", 40);
        let roots = builder.node(NodeKind::SYNTHETIC, "(GC roots)", 0);
        let realm = builder.node(NodeKind::HIDDEN, "system / NativeContext", 100);
        builder.edge(0, EdgeKind::SHORTCUT, "global", global).edge(0, EdgeKind::ELEMENT, 1, roots).edge(
            roots,
            EdgeKind::INTERNAL,
            "realm",
            realm,
        );
        let scripts = ["/srv/app/server.js", "node:internal/timers"].map(|name| {
            let shared = builder.node(NodeKind::CODE, "shared", 8);
            let script = builder.node(NodeKind::CODE, name, 8);
            builder.edge(shared, EdgeKind::INTERNAL, "script", script);
            shared
        });
        let mut sketch = Self { builder, scope: 0, timers: 0, realm, scripts };
        sketch.scope = sketch.scope_of(realm);
        sketch.timers = sketch.scope_of(realm);
        let handler = sketch.function("handle", SERVER, 11, sketch.scope);
        let set_timeout = sketch.function("setTimeout", TIMERS, 200, sketch.timers);
        sketch.builder.edge(global, EdgeKind::PROPERTY, "handler", handler).edge(
            global,
            EdgeKind::PROPERTY,
            "setTimeout",
            set_timeout,
        );
        sketch
    }

    pub(super) fn scope_of(&mut self, outer: u32) -> u32 {
        let scope = self.builder.node(NodeKind::OBJECT, "system / Context", 40);
        self.builder.edge(scope, EdgeKind::INTERNAL, "previous", outer);
        scope
    }

    pub(super) fn function(&mut self, name: &str, script: u32, line: u32, scope: u32) -> u32 {
        let function = self.builder.node(NodeKind::CLOSURE, name, 64);
        let shared = self.scripts[usize::from(script != SERVER)];
        self.builder
            .edge(function, EdgeKind::INTERNAL, "context", scope)
            .edge(function, EdgeKind::INTERNAL, "shared", shared)
            .location(function, script, line, 2);
        function
    }

    /// A function of `server.js`, with a scope of its own that has a text of 200 bytes.
    pub(super) fn callback(&mut self, name: &str, line: u32) -> u32 {
        let scope = self.scope_of(self.scope);
        let text = self.text(200);
        self.builder.edge(scope, EdgeKind::CONTEXT, "data", text);
        self.function(name, SERVER, line, scope)
    }

    pub(super) fn text(&mut self, size: u64) -> u32 {
        self.builder.node(NodeKind::STRING, "text", size)
    }

    /// An object of a class, with a text of 200 bytes.
    pub(super) fn object(&mut self, class: &str) -> u32 {
        let object = self.builder.node(NodeKind::OBJECT, class, 40);
        let text = self.text(200);
        self.builder.edge(object, EdgeKind::PROPERTY, "text", text);
        object
    }

    pub(super) fn plain(&mut self, class: &str) -> u32 {
        self.builder.node(NodeKind::OBJECT, class, 40)
    }

    pub(super) fn property(&mut self, from: u32, name: &str, to: u32) {
        self.builder.edge(from, EdgeKind::PROPERTY, name, to);
    }

    pub(super) fn inner(&mut self, from: u32, name: &str, to: u32) {
        self.builder.edge(from, EdgeKind::INTERNAL, name, to);
    }

    /// A variable of `server.js`.
    pub(super) fn variable(&mut self, name: &str, node: u32) {
        self.builder.edge(self.scope, EdgeKind::CONTEXT, name, node);
    }

    /// Puts these into an array.
    pub(super) fn array(&mut self, entries: &[u32]) -> u32 {
        let array = self.plain("Array");
        for (index, entry) in (0..).zip(entries) {
            self.builder.edge(array, EdgeKind::ELEMENT, index, *entry);
        }
        array
    }

    /// Puts these into a Map, with texts as keys.
    pub(super) fn map(&mut self, entries: &[u32]) -> u32 {
        let map = self.plain("Map");
        let table = self.builder.node(NodeKind::ARRAY, "", 24 * entries.len() as u64);
        self.inner(map, "table", table);
        for (index, entry) in (0..).zip(entries) {
            let key = self.builder.node(NodeKind::STRING, &format!("/page/{index}"), 24);
            let slot = 3 + entries.len() + 3 * index;
            self.inner(table, &slot.to_string(), key);
            self.inner(table, &(slot + 1).to_string(), *entry);
        }
        map
    }

    /// Names of properties that hold numbers, which have no nodes: its hidden class has them.
    pub(super) fn numbers(&mut self, object: u32, names: &[&str]) {
        let map = self.builder.node(NodeKind::HIDDEN, "system / Map", 80);
        let list = self.builder.node(NodeKind::ARRAY, "system / DescriptorArray", 80);
        self.inner(object, "map", map);
        self.inner(map, "descriptors", list);
        for name in names {
            let text = self.builder.node(NodeKind::STRING, name, 24);
            self.builder.edge(list, EdgeKind::HIDDEN, 1, text);
        }
    }

    pub(super) fn repeat(&mut self, count: u32, make: impl Fn(&mut Self, u32) -> u32) -> Vec<u32> {
        (0..count).map(|index| make(self, index)).collect()
    }

    /// The realm that functions without a scope of their own have.
    pub(super) fn realm(&self) -> u32 {
        self.realm
    }
}

/// What is found over snapshots with so many entries each.
pub(super) fn judged(counts: &[u32], make: impl Fn(&mut Sketch, u32)) -> Vec<Suspect> {
    let mut places = Places::default();
    let mut suspects = Vec::new();
    for (number, count) in counts.iter().enumerate() {
        let mut sketch = Sketch::new();
        make(&mut sketch, *count);
        let graph = sketch.builder.graph();
        let needs = Needs { edges: true, names: true, ..Needs::default() };
        let analysis = engine::analyze(graph, needs, &Quiet).unwrap();
        let scripts = Scripts::new(&analysis.graph);
        let walk = Walk::count(&mut places, &analysis.graph, &analysis.essential, &scripts, &Quiet).unwrap();
        if number + 1 == counts.len() {
            let findings = Findings {
                analysis: &analysis,
                walk: &walk,
                scripts: &scripts,
                places: &places,
                minutes: None,
            };
            suspects = findings.suspects(8, &Quiet).unwrap();
        }
    }
    suspects
}
