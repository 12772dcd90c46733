//! Functions, and the captured variable that carries the weight: also one that only another function of the same scope
//! needs.

use super::finding::{Finding, MOSTLY, named};
use crate::heap::graph::{EdgeKind, NodeKind};
use crate::heap::paths::known;
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

pub(super) fn find(case: &Case) -> Option<Finding> {
    let graph = case.graph();
    let is_function = |entry: u32| graph.kind(entry) == NodeKind::CLOSURE;
    let functions = case.share(is_function) >= MOSTLY;
    // A chain of scopes: each entry is a variable of the scope before it.
    let captured = |entry: u32| {
        case.walk.via(entry).is_some_and(|edge| {
            graph.edge_kind(edge) == EdgeKind::CONTEXT && known::is_context(graph, graph.source(edge))
        })
    };
    let chained = case.share(|entry| captured(entry) || known::is_context(graph, entry)) >= MOSTLY;
    if !functions && !chained {
        return None;
    }
    let name = named(case, "closures");
    let function = case.most_frequent(|entry| {
        if is_function(entry) {
            Some(case.unbound(entry))
        } else {
            // The function on the way to the scope.
            case.walk
                .via(entry)
                .map(|edge| graph.source(edge))
                .and_then(|scope| case.walk.via(scope))
                .map(|edge| graph.source(edge))
                .filter(|node| is_function(*node))
        }
    });
    let (of, at) = function.map(|node| case.function(node)).unwrap_or_default();
    let of = if of.is_empty() { "an anonymous function".to_owned() } else { format!("`{of}`") };
    let place = at.as_ref().and_then(|at| at.text()).map_or_else(String::new, |place| format!(" ({place})"));
    let variable = function.and_then(|node| heaviest(case, node));
    let carries = variable.map_or_else(String::new, |variable| {
        format!(" Most of it hangs from the captured variable `{variable}`.")
    });
    let (what, signs) = if functions {
        (
            format!("{} closures held by `{name}`", number(case.count)),
            format!("Most are {of}{place}; each keeps the scope it was made in.{carries}"),
        )
    } else {
        (
            format!("a chain of {} scopes that hangs from `{name}`", number(case.count)),
            format!(
                "{of}{place} keeps its scope, and in the scope a variable leads to the function before it, and so on. All functions \
                 made in one scope share it: a variable is kept by each of them, though only one uses it.{carries}"
            ),
        )
    };
    Some(Finding {
        kind: Kind::Closure,
        what,
        name,
        at: at.filter(|at| !at.is_builtin() && chained && !functions),
        signs,
        cure: "Let the function capture only what it needs: make it outside of the scope that has the large value, or set the \
               variable to `null` when it is done; let go of functions that were called.",
        sure: 0.85,
    })
}

/// The captured variable of a function's scope that retains most.
fn heaviest(case: &Case, function: u32) -> Option<String> {
    let graph = case.graph();
    let scope = case.inside(function, EdgeKind::INTERNAL, "context")?;
    let edge =
        graph.edges(scope).take(256).filter(|edge| graph.edge_kind(*edge) == EdgeKind::CONTEXT).max_by_key(
            |edge| {
                (case.analysis.dominators.retained[graph.target(*edge) as usize], std::cmp::Reverse(*edge))
            },
        )?;
    graph.edge_name(edge).map(|name| graph.strings().show_start(name, 60))
}
