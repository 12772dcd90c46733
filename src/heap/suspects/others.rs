//! Other holders of the same entries: who must let go as well.

use std::collections::HashMap;

use super::report::Suspect;
use crate::heap::engine::Analysis;
use crate::heap::graph::NodeKind;
use crate::heap::graph::bits::Bits;
use crate::heap::growth::walk::Walk;

/// Holders that are told of one suspect.
const MOST: usize = 4;
/// Of the entries that were looked at, the share that another holder must hold to be told.
const MOSTLY: f64 = 0.5;

/// For each suspect, ways to some of its entries through other holders, which are reached without any entry. The list
/// beside each suspect: entries of it.
pub(super) fn find(
    analysis: &Analysis,
    walk: &Walk,
    without: &Bits,
    suspects: &[(Suspect, Vec<u32>)],
) -> Vec<Vec<Vec<u32>>> {
    let graph = &analysis.graph;
    let mut suspect_of: HashMap<u32, u32> = HashMap::new();
    let mut sampled = Bits::new(graph.node_count() as usize);
    for (number, (_, entries)) in (0..).zip(suspects) {
        for entry in entries {
            sampled.set(*entry as usize);
            suspect_of.insert(*entry, number);
        }
    }
    // (suspect, the place of the holder) → entries, and an edge to one of them.
    let mut found: HashMap<(u32, u32), (u64, u32)> = HashMap::new();
    for node in graph.nodes().filter(|node| without.get(*node as usize)) {
        for edge in graph.edges(node) {
            let target = graph.target(edge);
            if !sampled.get(target as usize)
                || !analysis.essential.get(edge as usize)
                || walk.via(target) == Some(edge)
            {
                continue;
            }
            let (Some(number), Some(place)) = (suspect_of.get(&target), walk.place(node)) else { continue };
            // An array has its elements itself, and in a list of its own; a table may have been replaced by a larger one.
            let holder = walk.via(target).map(|edge| graph.source(edge));
            let inner = |node: u32| {
                walk.via(node).map(|edge| graph.source(edge)) == holder && graph.kind(node) == NodeKind::ARRAY
            };
            if holder.and_then(|holder| walk.place(holder)) != Some(place) && !inner(node) {
                found.entry((*number, place)).or_insert((0, edge)).0 += 1;
            }
        }
    }
    let mut ways = vec![Vec::new(); suspects.len()];
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|((number, place), (count, _))| (*number, std::cmp::Reverse(*count), *place));
    for ((number, _), (count, edge)) in found {
        let (Some(list), Some((_, entries))) = (ways.get_mut(number as usize), suspects.get(number as usize))
        else {
            continue;
        };
        if list.len() < MOST && count as f64 >= MOSTLY * entries.len() as f64 {
            let mut way = walk.way(graph, graph.source(edge));
            way.push(edge);
            list.push(way);
        }
    }
    ways
}
