//! What can be made of a file that was cut behind its nodes.

use crate::heap::graph::Graph;

/// The name of everything whose name was cut off.
const LOST: &[u8] = b"(lost)";

/// Closes a graph whose edges or strings are not all there: edges that are missing are left out, names that are
/// missing become [`LOST`].
pub(super) fn complete(graph: &mut Graph, edges_complete: bool) {
    let there = graph.edge_count();
    if !edges_complete {
        for first in &mut graph.first_edges {
            *first = (*first).min(there);
        }
    }
    // A string that was being read is not one.
    graph.strings.drop_open_text();
    let known = graph.strings.len() as u64;
    let lost = graph.strings.add_raw(&[LOST]);
    for name in &mut graph.names {
        if u64::from(*name) >= known {
            *name = lost;
        }
    }
    for edge in 0..there {
        let kind = graph.edge_kind(edge);
        if !kind.is_numbered() && graph.edge_label(edge) >= known {
            graph.relabel(edge, kind, u64::from(lost));
        }
    }
    graph.locations.retain({
        let mut last = None;
        move |location| last.replace(location.node).is_none_or(|last| last < location.node)
    });
}
