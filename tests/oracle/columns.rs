//! What the engine makes of a snapshot, for `__test__/oracle.test.js` to compare with DevTools' numbers.
//!
//! `columns FILE` writes to standard output: the length of a JSON text (u32), the text (its `nodes` says how many
//! nodes there are), and then a number a node, in the order of the file, for each of: id, shallow size, retained
//! size (f64), distance (i32), immediate dominator, place of its class in `classes`, hash of its name (u32). All
//! little-endian.

use std::error::Error;
use std::io::{BufWriter, Write, stdout};

use heapwarden::analysis::crew::Crew;
use heapwarden::analysis::estimate::{Budget, Work};
use heapwarden::analysis::load::{self, Terms};
use heapwarden::analysis::source::Place;
use heapwarden::heap::aggregates::Twins;
use heapwarden::heap::classes::Sorts;
use heapwarden::heap::engine::Analysis;
use heapwarden::heap::names::Names;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let [file] = &std::env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("usage: columns FILE".into());
    };
    let load = |work| {
        let terms = Terms { salvage: false, budget: Budget::new(Some(u64::MAX)), held: 0 };
        load::load(&Place::Path(file.into()), work, terms, &Crew::default()).map(|loaded| loaded.analysis)
    };
    // Whatever is asked for afterwards, the numbers are the same.
    let (short, long) = (load(Work::Summary)?, load(Work::Paths)?);
    let numbers = |one: &Analysis| {
        (one.distances.clone(), one.dominators.idom.clone(), one.dominators.retained.clone(), one.statistics)
    };
    if numbers(&short) != numbers(&long) {
        return Err("with the edges kept the numbers are others".into());
    }
    print(&short, &names(&long))
}

/// A hash of each node's name.
fn names(analysis: &Analysis) -> Vec<u32> {
    let Analysis { graph, classes, .. } = analysis;
    let names = Names::of(graph, &Sorts::of(graph));
    graph.nodes().map(|node| hash(&units(&names.text(graph, classes, node)))).collect()
}

/// FNV-1a, a code unit at a time.
fn hash(units: &[u16]) -> u32 {
    units.iter().fold(0x811C_9DC5, |hash, unit| (hash ^ u32::from(*unit)).wrapping_mul(0x0100_0193))
}

fn print(analysis: &Analysis, names: &[u32]) -> Result<(), Box<dyn Error>> {
    let Analysis { graph, distances, dominators, classes, .. } = analysis;
    let sums = analysis.aggregates();
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
                "first": sum.first,
            })
        })
        .collect();
    let text = json!({
        "nodes": graph.node_count(),
        "statistics": analysis.statistics,
        "classes": rows,
        "ranking": sums.ranking(graph, classes, Twins::Last),
    })
    .to_string();

    let mut out = BufWriter::new(stdout().lock());
    out.write_all(&(text.len() as u32).to_le_bytes())?;
    out.write_all(text.as_bytes())?;
    for number in graph
        .nodes()
        .map(|node| graph.id(node))
        .chain(graph.nodes().map(|node| graph.self_size(node)))
        .chain(dominators.retained.iter().copied())
    {
        out.write_all(&(number as f64).to_le_bytes())?;
    }
    for distance in distances {
        out.write_all(&distance.to_le_bytes())?;
    }
    let class_of = graph.nodes().map(|node| classes.of_node(node));
    for number in dominators.idom.iter().copied().chain(class_of).chain(names.iter().copied()) {
        out.write_all(&number.to_le_bytes())?;
    }
    out.flush()?;
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
