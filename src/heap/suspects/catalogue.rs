//! Leaks that are published: data in `catalogue.json`, matched against a suspect's way and entries.

use std::sync::LazyLock;

use serde::Deserialize;

use super::case::Case;
use super::report::{Kind, Known};
use crate::heap::graph::NodeKind;

#[derive(Debug, Deserialize)]
struct Published {
    id: String,
    name: String,
    versions: String,
    url: String,
    #[serde(rename = "match")]
    signs: AnyOf,
    cure: String,
}

/// One leak may show in several ways.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum AnyOf {
    One(Signs),
    Several(Vec<Signs>),
}

impl AnyOf {
    fn list(&self) -> &[Signs] {
        match self {
            Self::One(signs) => std::slice::from_ref(signs),
            Self::Several(list) => list,
        }
    }
}

/// All that are given must hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signs {
    #[serde(default)]
    kinds: Vec<Kind>,
    /// In this order on the way from the root to an entry: `class:MemoryStore`, `edge:sessions`, `function:compile`; an
    /// edge of an object of a class `property:process._events`.
    #[serde(default)]
    path: Vec<String>,
    /// Constructors of the entries.
    #[serde(default)]
    entry: Vec<String>,
    /// Ends of names of scripts, one of which a function or constructor on the way, or an entry's, must stand in.
    #[serde(default)]
    script: Vec<String>,
}

static CATALOGUE: LazyLock<Vec<Published>> =
    LazyLock::new(|| serde_json::from_str(include_str!("catalogue.json")).unwrap_or_default());

/// Reads it, once.
pub fn ready() {
    LazyLock::force(&CATALOGUE);
}

/// The first that fits.
pub(super) fn find(case: &Case, kind: Kind) -> Option<Known> {
    let found = CATALOGUE.iter().find(|one| one.signs.list().iter().any(|signs| fits(case, kind, signs)))?;
    Some(Known {
        id: found.id.clone(),
        name: found.name.clone(),
        url: found.url.clone(),
        versions: found.versions.clone(),
        cure: found.cure.clone(),
    })
}

fn fits(case: &Case, kind: Kind, signs: &Signs) -> bool {
    let nothing = signs.path.is_empty() && signs.entry.is_empty() && signs.script.is_empty();
    if nothing || !(signs.kinds.is_empty() || signs.kinds.contains(&kind)) {
        return false;
    }
    if !signs.entry.is_empty()
        && case.share(|entry| signs.entry.iter().any(|name| case.name(entry) == *name)) < 0.5
    {
        return false;
    }
    // On to one of the entries, if that is how it is held.
    let entry = case.entries.first().map(|entry| case.walk.way(case.graph(), *entry));
    let end = case.entries.first().copied().filter(|_| entry.is_some_and(|full| full.starts_with(&case.way)));
    let way = case.walk.way_of_program(case.graph(), end.unwrap_or(case.owner));
    follows(case, &way, &signs.path) && (signs.script.is_empty() || stands_in(case, &signs.script))
}

/// Whether the signs come in this order on the way.
fn follows(case: &Case, way: &[u32], signs: &[String]) -> bool {
    let graph = case.graph();
    let mut left = signs.iter().peekable();
    for edge in way {
        let node = graph.target(*edge);
        // An edge and the node it leads to are two steps.
        for step in 0..2 {
            let Some(sign) = left.peek() else { return true };
            let fits = match (sign.split_once(':'), step) {
                (Some(("edge", name)), 0) => graph
                    .edge_name(*edge)
                    .is_some_and(|index| *graph.strings().text(index) == *name.as_bytes()),
                (Some(("property", name)), 0) => {
                    let (class, property) = name.split_once('.').unwrap_or(("", name));
                    *graph.strings().text(graph.name(graph.source(*edge))) == *class.as_bytes()
                        && graph
                            .edge_name(*edge)
                            .is_some_and(|index| *graph.strings().text(index) == *property.as_bytes())
                }
                (Some(("class", name)), 1) => {
                    graph.kind(node) != NodeKind::CLOSURE
                        && *graph.strings().text(graph.name(node)) == *name.as_bytes()
                }
                (Some(("function", name)), 1) => {
                    graph.kind(node) == NodeKind::CLOSURE
                        && *graph.strings().text(graph.name(node)) == *name.as_bytes()
                }
                _ => false,
            };
            if fits {
                left.next();
            }
        }
    }
    left.peek().is_none()
}

fn stands_in(case: &Case, ends: &[String]) -> bool {
    let graph = case.graph();
    let way = &case.way;
    let nodes = way.iter().map(|edge| graph.target(*edge)).chain(case.sample().take(8));
    let named = nodes
        .filter_map(|node| graph.location(node))
        .filter_map(|place| case.scripts.name(graph, place.script));
    named.into_iter().any(|name| {
        let name = name.replace('\\', "/");
        ends.iter().any(|end| name.ends_with(end.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_can_be_read_and_each_says_what_to_look_for() {
        let list: Vec<Published> = serde_json::from_str(include_str!("catalogue.json")).unwrap();
        assert!(list.len() >= 15);
        for one in &list {
            assert!(!one.signs.list().is_empty(), "{}", one.id);
            for Signs { path, entry, script, .. } in one.signs.list() {
                assert!(!(path.is_empty() && entry.is_empty() && script.is_empty()), "{}", one.id);
            }
            assert!(one.url.starts_with("https://") && !one.cure.is_empty(), "{}", one.id);
        }
        assert_eq!(CATALOGUE.len(), list.len());
    }
}
