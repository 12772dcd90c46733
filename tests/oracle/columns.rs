//! What the engine makes of a snapshot, for `__test__/oracle/oracle.test.js` to compare with DevTools' numbers.
//!
//! `columns FILE` writes to standard output: the length of a JSON text (u32), the text (its `nodes` says how many
//! nodes there are), and then a number a node, in the order of the file, for each of: id, shallow size, retained
//! size (f64), distance (i32), immediate dominator, place of its class in `classes`, hash of its name (u32). All
//! little-endian. `columns BEFORE AFTER` writes the rows of the comparison as JSON.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write, stdout};

use heapwarden::analysis::workers::Workers;
use heapwarden::heap::engine::{self, Analysis, Needs};
use heapwarden::heap::tables::aggregates::Namesakes;
use heapwarden::heap::tables::diff::{self, DiffRow, Same};
use heapwarden::heap::{Graph, Options, parse};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    match &std::env::args().skip(1).collect::<Vec<_>>()[..] {
        [file] => numbers(file),
        [before, after] => Ok(serde_json::to_writer(stdout(), &changes(before, after)?)?),
        _ => Err("usage: columns FILE | BEFORE AFTER".into()),
    }
}

fn graph(file: &str) -> Result<Graph> {
    Ok(parse(File::open(file)?, Options::default(), &Workers::default())?.graph)
}

fn changes(before: &str, after: &str) -> Result<Vec<DiffRow>> {
    let count = |file| -> Result<_> { Ok(engine::count(graph(file)?, &Workers::default())?) };
    let (base, now) = (count(before)?, count(after)?);
    Ok(diff::diff(&base.census, &now.census, &now.definitions, Same::Ids, Namesakes::Last))
}

fn numbers(file: &str) -> Result<()> {
    let analyze = |edges| -> Result<_> {
        let needs = Needs { edges, tables: true, ..Needs::default() };
        Ok(engine::analyze(graph(file)?, needs, &Workers::default())?)
    };
    let analysis = analyze(false)?;
    // Whatever is kept for later, the numbers are the same.
    let other = analyze(true)?;
    let (one, two) = (&analysis.dominators, &other.dominators);
    if (&one.idom, &one.retained, &analysis.distances) != (&two.idom, &two.retained, &other.distances) {
        return Err("with the edges kept the numbers are others".into());
    }
    print(&analysis)
}

fn print(analysis: &Analysis) -> Result<()> {
    let Analysis { graph, distances, dominators, classes, names, duplicates, .. } = analysis;
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
        "ranking": sums.ranking(graph, classes, Namesakes::Last),
        "duplicates": duplicates.rows(graph, names, usize::MAX),
    })
    .to_string();

    let mut out = BufWriter::new(stdout().lock());
    out.write_all(&(text.len() as u32).to_le_bytes())?;
    out.write_all(text.as_bytes())?;
    let ids = graph.nodes().map(|node| graph.id(node));
    let sizes = graph.nodes().map(|node| graph.self_size(node));
    for number in ids.chain(sizes).chain(dominators.retained.iter().copied()) {
        out.write_all(&(number as f64).to_le_bytes())?;
    }
    for distance in distances {
        out.write_all(&distance.to_le_bytes())?;
    }
    let class_of = graph.nodes().map(|node| classes.of_node(node));
    let hashes = graph.nodes().map(|node| hash(&units(&names.text(graph, classes, node))));
    for number in dominators.idom.iter().copied().chain(class_of).chain(hashes) {
        out.write_all(&number.to_le_bytes())?;
    }
    out.flush()?;
    Ok(())
}

/// FNV-1a, a code unit at a time.
fn hash(units: &[u16]) -> u32 {
    units.iter().fold(0x811C_9DC5, |hash, unit| (hash ^ u32::from(*unit)).wrapping_mul(0x0100_0193))
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
