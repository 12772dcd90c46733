//! Where a program begins: ways are walked from here first.
//!
//! A variable of a module, what a module exports, `process` and `global` are what developers know things by. How these
//! are reached from V8's roots differs from version to version of Node and from moment to moment: through a handle of the
//! server, a timer of Node's, the list of modules. So they are where ways begin, and what lies before them is known once.

use std::collections::{HashMap, HashSet};

use super::functions::Function;
use super::step::{Step, Steps};
use super::words::is_masked;
use crate::heap::graph::{EdgeKind, Graph, NodeKind};
use crate::heap::paths::known;
use crate::heap::rules::scripts::{Scripts, is_below};

/// Scopes that are climbed to the outermost.
const DEEP: usize = 32;

/// Nodes where ways begin, each with how that reads; in the order in which they are asked.
pub(super) fn find(
    graph: &Graph,
    scripts: &Scripts,
    functions: &[Function],
    steps: &Steps,
) -> Vec<(u32, Step)> {
    let mut found = scopes(graph, scripts, functions, steps, false);
    let watchers = scripts.watchers(graph);
    let mut modules = Vec::new();
    let mut process = None;
    for node in graph.nodes().filter(|node| graph.kind(*node) == NodeKind::OBJECT) {
        match graph.strings().raw(graph.name(node)) {
            b"Module" if known::file(graph, node).is_some_and(|file| !is_below(&watchers, &file)) => {
                modules.push(node);
            }
            // Its prototype is called so, too.
            b"process" if known::inside(graph, node, EdgeKind::PROPERTY, "versions").is_some() => {
                process.get_or_insert(node);
            }
            _ => {}
        }
    }
    let mut by_file: HashMap<u64, Vec<u32>> = HashMap::new();
    for module in modules {
        by_file.entry(steps.seed("module", steps.module(module)).hash).or_default().push(module);
    }
    // A file that was loaded several times is no beginning: who holds its modules is the question.
    let mut modules: Vec<(u32, Step)> = by_file
        .into_values()
        .filter_map(|list| if let [one] = list.as_slice() { Some(*one) } else { None })
        .map(|module| (module, steps.seed("module", steps.module(module))))
        .collect();
    modules.sort_unstable_by_key(|(node, _)| *node);
    found.extend(modules);
    found.extend(process.map(|node| (node, steps.seed("process", 0))));
    for edge in graph.edges(graph.root()).filter(|edge| graph.edge_kind(*edge) == EdgeKind::SHORTCUT) {
        let target = graph.target(edge);
        // Since Node 26 the root has the realm instead of its global object.
        let inner = |edge: u32| Some(graph.target(edge)).filter(|node| known::is_global_object(graph, *node));
        let global = if known::is_native_context(graph, target) {
            graph.edges(target).find_map(inner).unwrap_or(target)
        } else {
            target
        };
        found.push((global, steps.seed("global", 0)));
    }
    let mut seen = HashSet::new();
    found.retain(|(node, _)| *node != graph.root() && seen.insert(*node));
    found
}

/// The outermost scope of each of Node's own scripts. Ways from here are walked last, and from here in any case: else it
/// would depend on chance which function of Node's leads to them.
pub(super) fn of_node(
    graph: &Graph,
    scripts: &Scripts,
    functions: &[Function],
    steps: &Steps,
) -> Vec<(u32, Step)> {
    scopes(graph, scripts, functions, steps, true)
}

/// The outermost scope of each script of the program, or of Node, if there is one only: those of what comes from
/// `node_modules` after the others, so that of two equally short ways the one through the program's own variable is
/// taken.
fn scopes(
    graph: &Graph,
    scripts: &Scripts,
    functions: &[Function],
    steps: &Steps,
    nodes_own: bool,
) -> Vec<(u32, Step)> {
    let mut by_script: HashMap<u32, Option<u32>> = HashMap::new();
    let mut outermost: HashMap<u32, u32> = HashMap::new();
    let mut last = None;
    for Function { script, scope, .. } in functions.iter().filter(|function| function.is_nodes == nodes_own) {
        // Many functions are made in one scope.
        if last.replace((script, scope)) == Some((script, scope)) {
            continue;
        }
        let outer = outer(graph, *scope, &mut outermost);
        by_script
            .entry(*script)
            .and_modify(|one| {
                if *one != Some(outer) {
                    *one = None
                }
            })
            .or_insert(Some(outer));
    }
    let mut list: Vec<(bool, u32, Step)> = by_script
        .into_iter()
        .filter_map(|(script, scope)| {
            let name = scripts.index(script)?;
            let text = graph.strings().show_start(name, 1024);
            if is_masked(text.as_bytes()) {
                return None;
            }
            // Code that was made at run time has no name of its own.
            let step = steps.seed("scope", steps.text_of(&text));
            (!text.is_empty()).then_some((text.contains("node_modules"), scope?, step))
        })
        .collect();
    list.sort_unstable_by_key(|(theirs, scope, _)| (*theirs, *scope));
    // Two scripts of one name.
    let mut seen = HashMap::new();
    for (_, _, step) in &list {
        *seen.entry(step.hash).or_insert(0) += 1;
    }
    list.into_iter()
        .filter(|(.., step)| seen.get(&step.hash) == Some(&1))
        .map(|(_, scope, step)| (scope, step))
        .collect()
}

/// The outermost scope around this one that is not V8's.
fn outer(graph: &Graph, scope: u32, known_ones: &mut HashMap<u32, u32>) -> u32 {
    if let Some(outer) = known_ones.get(&scope) {
        return *outer;
    }
    let mut at = scope;
    for _ in 0..DEEP {
        match known::inside(graph, at, EdgeKind::INTERNAL, "previous")
            .filter(|node| known::is_context(graph, *node))
        {
            Some(previous) => at = previous,
            None => break,
        }
    }
    known_ones.insert(scope, at);
    at
}
