//! Realms that are kept: contexts of `vm`, windows of jsdom. Each has builtins of its own, some 150 kB.

use super::finding::{Finding, MOSTLY, named};
use crate::heap::graph::NodeKind;
use crate::heap::paths::known;
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

/// Objects near an entry among which a realm is looked for.
const NEAR: usize = 300;
/// Steps to it.
const DEEP: usize = 5;

pub(super) fn find(case: &Case) -> Option<Finding> {
    let is_window = |entry: u32| case.is_one_of(entry, &["Window", "JSDOM", "ContextifyContext"]);
    let windows = case.share(is_window) >= MOSTLY;
    let is_sandbox = |entry: u32| {
        case.parts(entry).any(|(name, _)| name.contains("contextify:context")) || has_realm(case, entry)
    };
    if !windows && case.share(is_sandbox) < MOSTLY {
        return None;
    }
    let name = named(case, "contexts");
    let word = if windows { "windows" } else { "contexts of `vm`" };
    Some(Finding {
        kind: Kind::Context,
        what: format!("{} {word} held by `{name}`", number(case.count)),
        name,
        at: None,
        signs: "Each has a global object and builtins of its own, and keeps all code that ran in it."
            .to_owned(),
        cure: "Let go of the sandbox and of everything that came out of it when the work is done (jsdom: `window.close()`), \
               or use one context again and again.",
        sure: 0.9,
    })
}

/// Whether an entry has a realm of its own.
fn has_realm(case: &Case, entry: u32) -> bool {
    let graph = case.graph();
    let is_realm = |node: u32| known::is_native_context(graph, node);
    let main = |node: u32| case.walk.place(node).is_none();
    let mut seen = vec![entry];
    let mut level = vec![entry];
    for _ in 0..DEEP {
        let mut next = Vec::new();
        for node in level {
            if is_realm(node) && !main(node) {
                return true;
            }
            for edge in graph.edges(node).take(64) {
                let target = graph.target(edge);
                let passes = matches!(graph.kind(target), NodeKind::OBJECT | NodeKind::HIDDEN | NodeKind::ARRAY | NodeKind::NATIVE)
                    && case.analysis.essential.get(edge as usize)
                    // Only what hangs from the entry: every object leads to the realm it was made in.
                    && (case.walk.via(target) == Some(edge));
                if passes && seen.len() < NEAR && !seen.contains(&target) {
                    seen.push(target);
                    next.push(target);
                }
            }
        }
        level = next;
    }
    false
}
