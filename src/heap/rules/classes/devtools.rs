//! Interfaces and matching as DevTools does them, node by node and state by state, to compare with.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// Names in UTF-16, whose order is JavaScript's.
pub(super) type Js = Vec<u16>;

pub(super) fn js(text: &str) -> Js {
    text.encode_utf16().collect()
}

fn formatted(name: &str) -> String {
    if !name.contains([',', '\'', '"', '{', '}']) {
        return name.to_owned();
    }
    let json = serde_json::json!({ name: 0 }).to_string();
    json[1..json.len() - 3].to_owned()
}

/// (name, properties), by falling count.
pub(super) fn infer(objects: &[Vec<&str>]) -> Vec<(String, Vec<String>)> {
    let mut order = Vec::new();
    let mut counts: HashMap<String, (Vec<String>, usize)> = HashMap::new();
    for object in objects {
        let mut name = "{".to_owned();
        let mut properties = Vec::new();
        for property in object.iter().filter(|name| **name != "__proto__") {
            let shown = formatted(property);
            if js(&name).len() > 1 && js(&name).len() + js(&shown).len() > 120 {
                break;
            }
            if js(&name).len() != 1 {
                name += ", ";
            }
            name += &shown;
            properties.push((*property).to_owned());
        }
        if properties.is_empty() {
            continue;
        }
        name += "}";
        let candidate = counts.entry(name.clone()).or_insert_with(|| {
            order.push(name);
            (properties, 0)
        });
        candidate.1 += 1;
    }
    let least = f64::max(2.0, objects.len() as f64 / 1000.0);
    let mut sorted: Vec<_> =
        order.into_iter().map(|name| (counts[&name].1, name.clone(), counts[&name].0.clone())).collect();
    sorted.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    sorted
        .into_iter()
        .filter(|(count, ..)| *count as f64 >= least)
        .map(|(_, name, list)| (name, list))
        .collect()
}

#[derive(Default)]
struct Tree {
    next: BTreeMap<Js, usize>,
    /// (property count, index of the definition)
    found: Option<(usize, usize)>,
}

fn better(a: (usize, usize), b: Option<(usize, usize)>) -> (usize, usize) {
    match b {
        Some(b) if b.0 > a.0 || (b.0 == a.0 && b.1 < a.1) => b,
        _ => a,
    }
}

/// The definition an object is shown as.
pub(super) fn best(definitions: &[Vec<Js>], object: &[Js]) -> Option<usize> {
    let mut trees = vec![Tree::default()];
    for (index, definition) in definitions.iter().enumerate() {
        let mut sorted = definition.clone();
        sorted.sort();
        let mut at = 0;
        for property in sorted {
            let new = trees.len();
            let next = *trees[at].next.entry(property).or_insert(new);
            if next == new {
                trees.push(Tree::default());
            }
            at = next;
        }
        trees[at].found.get_or_insert((definition.len(), index));
    }
    let trees = Rc::new(trees);
    let mut sorted = object.to_vec();
    sorted.sort();
    let initial = (0, usize::MAX);
    let mut found = better(initial, trees[0].found);
    // A JavaScript Set: in order of insertion.
    let mut states = vec![0];
    for property in sorted {
        for state in states.clone() {
            let greatest = trees[state].next.keys().next_back();
            if greatest.is_none_or(|greatest| property >= *greatest) {
                states.retain(|other| *other != state);
            }
            if let Some(next) = trees[state].next.get(&property) {
                if !states.contains(next) {
                    states.push(*next);
                }
                found = better(found, trees[*next].found);
            }
        }
    }
    (found != initial).then_some(found.1)
}
