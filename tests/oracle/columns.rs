//! What the engine makes of a snapshot, for `__test__/oracle.test.js` to compare with DevTools' numbers.
//!
//! `columns FILE` writes to standard output: the length of a JSON text (u32), the text (its `nodes` says how many
//! nodes there are), and then a number a node, in the order of the file, for each of: id, shallow size, retained
//! size (f64), distance (i32), immediate dominator, place of its class in `classes` (u32).
//! All little-endian.

use std::error::Error;
use std::io::{Write, stdout};

use heapwarden::analysis::crew::Crew;
use heapwarden::analysis::estimate::{Budget, Work};
use heapwarden::analysis::load::{self, Terms};
use heapwarden::analysis::source::Place;
use heapwarden::heap::aggregates::{Aggregates, Twins};
use heapwarden::heap::classes::Classes;
use heapwarden::heap::engine::Analysis;
use heapwarden::heap::statistics::Statistics;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let [file] = &std::env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("usage: columns FILE".into());
    };
    let terms = Terms { salvage: false, budget: Budget::new(Some(u64::MAX)), held: 0 };
    let loaded = load::load(&Place::Path(file.into()), Work::Paths, terms, &Crew::default())?;
    print(&loaded.analysis)
}

fn print(analysis: &Analysis) -> Result<(), Box<dyn Error>> {
    let Analysis { graph, distances, dominators, .. } = analysis;
    let classes = Classes::of(graph);
    let sums = Aggregates::of(graph, &classes, &dominators.idom, &dominators.retained, distances);
    let rows: Vec<Value> = (0..classes.len() as u32)
        .map(|class| {
            let sum = sums.get(class);
            json!({
                "name": units(&classes.text(graph, class)),
                "place": classes.place(class),
                "count": sum.count,
                "self": sum.shallow,
                "retained": sum.retained,
                "distance": sum.distance,
                "first": if sum.count > 0 { Some(sum.first) } else { None },
            })
        })
        .collect();
    let text = json!({
        "nodes": graph.node_count(),
        "edges": graph.edge_count(),
        "statistics": Statistics::of(graph),
        "classes": rows,
        "ranking": sums.ranking(graph, &classes, Twins::Last),
    })
    .to_string();

    let mut out = Vec::new();
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
    for node in graph.nodes() {
        out.extend((graph.id(node) as f64).to_le_bytes());
    }
    for node in graph.nodes() {
        out.extend((graph.self_size(node) as f64).to_le_bytes());
    }
    for size in &dominators.retained {
        out.extend((*size as f64).to_le_bytes());
    }
    for distance in distances {
        out.extend(distance.to_le_bytes());
    }
    for idom in &dominators.idom {
        out.extend(idom.to_le_bytes());
    }
    for node in graph.nodes() {
        out.extend(classes.of_node(node).to_le_bytes());
    }
    stdout().write_all(&out)?;
    Ok(())
}

/// WTF-8 as UTF-16: JSON in Rust has no lone surrogates, JavaScript's strings may.
fn units(text: &[u8]) -> Vec<u16> {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.first() {
        let length = match first {
            0xF0.. => 4,
            0xE0.. => 3,
            0xC0.. => 2,
            _ => 1,
        };
        let (one, more) = rest.split_at(length.min(rest.len()));
        rest = more;
        let lead = u32::from(*first) & (0xFF >> if length == 1 { 0 } else { length + 1 });
        let code = one[1..].iter().fold(lead, |code, byte| code << 6 | u32::from(byte & 0x3F));
        match code.checked_sub(0x1_0000) {
            None => units.push(code as u16),
            Some(above) => units.extend([0xD800 | (above >> 10) as u16, 0xDC00 | (above & 0x3FF) as u16]),
        }
    }
    units
}
