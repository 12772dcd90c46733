//! What an entry looks like, and what the keys have in common.

use std::collections::{HashMap, HashSet};

use super::case::Case;
use super::report::Keys;
use crate::heap::graph::{EdgeKind, NodeKind};
use crate::heap::growth::words::is_masked;

/// Names of properties that are written.
const NAMES: usize = 6;
/// Characters of a name, and of a key.
const NAME: usize = 40;
const KEY: usize = 60;
/// Keys that are looked at.
const SAMPLE: usize = 60;

/// `{url, body}`, `Session {id, user, …}`, `string`.
pub(super) fn entry(case: &Case) -> Option<String> {
    let graph = case.graph();
    let mut counts: HashMap<String, u32> = HashMap::new();
    for node in case.sample() {
        let text = match graph.kind(node) {
            NodeKind::OBJECT => object(case, node),
            NodeKind::CLOSURE => format!("{}()", case.name(case.unbound(node))),
            _ => case.name(node),
        };
        *counts.entry(text).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(text, count)| (*count, std::cmp::Reverse(text.clone())))
        .map(|(text, _)| text)
}

fn object(case: &Case, node: u32) -> String {
    let graph = case.graph();
    let class = case.name(node);
    let mut names = Vec::new();
    let mut more = false;
    for edge in graph.edges(node).filter(|edge| graph.edge_kind(*edge) == EdgeKind::PROPERTY).take(NAMES * 8)
    {
        let Some(name) = graph.edge_name(edge) else { continue };
        let name = graph.strings().show_start(name, NAME);
        if name == "__proto__" || name.starts_with("<symbol ") {
            continue;
        }
        if names.len() == NAMES {
            more = true;
            break;
        }
        names.push(name);
    }
    let list = format!("{}{}", names.join(", "), if more { ", …" } else { "" });
    match (class.as_str(), names.is_empty()) {
        (_, true) => class,
        ("Object", false) => format!("{{{list}}}"),
        (_, false) => format!("{class} {{{list}}}"),
    }
}

/// Of a Map, a Set of texts, a plain object.
pub(super) fn keys(case: &Case) -> Option<Keys> {
    let graph = case.graph();
    let mut texts: Vec<String> = case
        .keys(SAMPLE)
        .into_iter()
        .filter(|key| graph.kind(*key) == NodeKind::STRING)
        .map(|key| graph.strings().show_start(graph.name(key), KEY))
        .collect();
    if texts.is_empty() && case.is_one_of(case.holder, &["Object"]) {
        let edges: Vec<u32> =
            graph.edges(case.holder).filter(|edge| graph.edge_kind(*edge) == EdgeKind::PROPERTY).collect();
        let step = edges.len().div_ceil(SAMPLE).max(1);
        texts = edges
            .into_iter()
            .step_by(step)
            .filter_map(|edge| graph.edge_name(edge))
            .map(|name| graph.strings().show_start(name, KEY))
            .filter(|name| name != "__proto__")
            .collect();
    }
    if texts.len() < 3 {
        return None;
    }
    let different: HashSet<&String> = texts.iter().collect();
    let distinct = (case.count as f64 * different.len() as f64 / texts.len() as f64).round() as u64;
    // A mask has a number of its own for each different text: how many there are is true, what they look like is not.
    if texts.iter().filter(|text| is_masked(text.as_bytes())).count() * 2 > texts.len() {
        return Some(Keys { pattern: "masked".to_owned(), distinct, examples: Vec::new() });
    }
    let pattern = pattern(&texts);
    texts.dedup();
    texts.truncate(3);
    Some(Keys { pattern: pattern.to_owned(), distinct, examples: texts })
}

/// Keys of which this share is alike are said to be so.
const ALIKE: f64 = 0.8;
/// Epoch milliseconds of 2001 to 2096, or seconds of the same.
const EPOCH: [std::ops::Range<u64>; 2] = [1_000_000_000_000..4_000_000_000_000, 1_000_000_000..4_000_000_000];

fn pattern(keys: &[String]) -> &'static str {
    let share =
        |is: &dyn Fn(&str) -> bool| keys.iter().filter(|key| is(key)).count() as f64 / keys.len() as f64;
    let number = |key: &str| key.parse::<u64>().ok();
    if share(&|key| number(key).is_some()) >= ALIKE {
        let is_time =
            |key: &str| number(key).is_some_and(|number| EPOCH.iter().any(|epoch| epoch.contains(&number)));
        if share(&is_time) >= ALIKE {
            return "times";
        }
        let mut numbers: Vec<u64> = keys.iter().filter_map(|key| number(key)).collect();
        numbers.sort_unstable();
        return if is_sequential(&numbers) { "sequential numbers" } else { "numbers" };
    }
    let hex =
        |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_uuid = |key: &str| {
        let parts: Vec<&str> = key.split('-').collect();
        parts.len() == 5 && parts.iter().zip([8, 4, 4, 4, 12]).all(|(part, length)| hex(part, length))
    };
    if share(&is_uuid) >= ALIKE {
        return "uuids";
    }
    let is_ip = |key: &str| {
        key.split('.').count() == 4 && key.split('.').all(|part| part.parse::<u8>().is_ok())
            || key.starts_with("::ffff:")
    };
    if share(&is_ip) >= ALIKE {
        return "ip addresses";
    }
    if share(&|key| key.starts_with("http://") || key.starts_with("https://") || key.starts_with('/'))
        >= ALIKE
    {
        return "urls";
    }
    if share(&|key| key.starts_with('{') || key.starts_with('[')) >= ALIKE {
        return "json";
    }
    let numbered = |key: &str| {
        key.bytes().last().is_some_and(|byte| byte.is_ascii_digit())
            && !key.bytes().all(|byte| byte.is_ascii_digit())
    };
    if share(&numbered) >= ALIKE {
        return "texts with a number";
    }
    if share(&|key| key.len() >= 24) >= ALIKE { "long different texts" } else { "different texts" }
}

/// Most gaps are small.
fn is_sequential(sorted: &[u64]) -> bool {
    // Of many keys a few were looked at: then all gaps are about the same.
    let gaps: Vec<u64> = sorted.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut ordered = gaps.clone();
    ordered.sort_unstable();
    let Some(middle) = ordered.get(ordered.len() / 2).copied() else { return false };
    let even = gaps.iter().filter(|gap| **gap <= middle.saturating_mul(2) + 1).count();
    even as f64 >= 0.7 * gaps.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let keys = |texts: &[&str]| pattern(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(keys(&["1764316800000", "1764316800123", "1764316999999"]), "times");
        assert_eq!(keys(&["1", "2", "3", "5"]), "sequential numbers");
        assert_eq!(keys(&["1", "2", "90000", "12345678"]), "numbers");
        assert_eq!(keys(&["/a?x=1", "/b", "/c"]), "urls");
        assert_eq!(keys(&["10.0.0.1", "10.0.0.2", "::ffff:1.2.3.4"]), "ip addresses");
        assert_eq!(keys(&["123e4567-e89b-12d3-a456-426614174000"; 3]), "uuids");
        assert_eq!(keys(&["user1", "user2", "user3"]), "texts with a number");
        assert_eq!(keys(&["alice", "bob", "carol"]), "different texts");
        assert_eq!(keys(&["a", "b", "3"]), "different texts");
    }
}
