use proptest::prelude::*;

use super::*;
use crate::error::{Error, Result};
use crate::heap::graph::Graph;
use crate::heap::host::Quiet;
use crate::heap::read::cursor::BLOCK;
use crate::heap::read::parse::{Options, Parsed, parse};

/// Rows as they are read one by one: each field a number, and nothing but numbers.
#[derive(Debug, Default, PartialEq)]
struct Plain(Vec<(Vec<u64>, usize)>);

impl Columns for Plain {
    type Layout = usize;

    fn push(&mut self, row: &[u64; FIELDS], at: usize, fields: &usize) -> bool {
        self.0.push((row[..*fields].to_vec(), at));
        row[0] != 13
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

fn text(rows: &[Vec<u64>], line_ends: bool) -> String {
    let rows = rows.iter().map(|row| {
        row.iter().map(u64::to_string).collect::<Vec<_>>().join(",") + if line_ends { "\n" } else { "" }
    });
    rows.collect::<Vec<_>>().join(",")
}

fn halves(text: &str, before: usize, fields: usize) -> (usize, [Plain; 2]) {
    let window = ["7".repeat(before).as_bytes(), text.as_bytes(), &[0; 8]].concat();
    let mut columns = [Plain::default(), Plain::default()];
    let used = read(&window, before..before + text.len(), fields, &fields, &Quiet, &mut columns);
    (used, columns)
}

proptest! {
    #[test]
    fn the_rows_that_are_there(
        fields in prop_oneof![Just(3_usize), Just(5), Just(6), Just(7)],
        numbers in prop::collection::vec(prop_oneof![0..10_u64, 14..100_000_u64, 0..999_999_999_999_999_u64], 100..400),
        line_ends: bool,
        before in 0..20_usize,
        broken in prop::option::of((any::<prop::sample::Index>(), prop::sample::select(b",\n ]-x0".to_vec()))),
    ) {
        let rows: Vec<Vec<u64>> = numbers.chunks_exact(fields).map(<[u64]>::to_vec).collect();
        let mut text = text(&rows, line_ends);
        let whole = broken.is_none() && rows.iter().all(|row| row[0] != 13);
        if let Some((at, byte)) = broken {
            let mut bytes = text.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            text = String::from_utf8(bytes).unwrap_or_default();
        }
        let (used, columns) = halves(&text, before, fields);
        // The last row may go on.
        prop_assert!(!whole || used >= text.len() - fields * 20);
        prop_assert!(!whole || columns.iter().all(|half| !half.0.is_empty()));
        let found: Vec<_> = columns.iter().flat_map(|half| &half.0).collect();
        prop_assert_eq!(used == 0, found.is_empty());
        if used > 0 {
            prop_assert_eq!(text.as_bytes()[used], b',');
            let mut at = before;
            let expected = text[..used].split(',').collect::<Vec<_>>().chunks(fields).map(|row| {
                let begin = at;
                at += row.iter().map(|field| field.len() + 1).sum::<usize>();
                let last = row.len() - 1;
                let number = |(i, field): (usize, &&str)| {
                    let field = if i == last { field.strip_suffix('\n').unwrap_or(field) } else { field };
                    field.parse::<u64>().ok()
                };
                (row.iter().enumerate().map(number).collect::<Option<Vec<_>>>(), begin)
            }).collect::<Vec<_>>();
            let found: Vec<_> = found.into_iter().map(|(row, at)| (Some(row.clone()), *at)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

/// A snapshot of some blocks. Each node has three edges.
fn snapshot(nodes: u32, line_ends: bool) -> String {
    let kinds = r#"["hidden","array","string","object"]"#;
    let node_rows: Vec<Vec<u64>> = (0..u64::from(nodes))
        .map(|i| vec![i % 4, i % 3, 2 * i + 1, if i == WIDE { 5_000_000_000 } else { i % 777 }, 3])
        .collect();
    let edge_rows: Vec<Vec<u64>> = (0..3 * u64::from(nodes))
        .map(|i| {
            let label = if i == LONG { 1 << 30 } else { i % 3 };
            vec![i % 2 + 1, if i % 2 == 0 { label } else { i % 3 }, (i * 7919) % u64::from(nodes) * 5]
        })
        .collect();
    format!(
        r#"{{"snapshot":{{"meta":{{"node_fields":["type","name","id","self_size","edge_count"],
"node_types":[{kinds},"string","number","number","number"],"edge_fields":["type","name_or_index","to_node"],
"edge_types":[["context","element","property"],"string_or_number","node"]}},"node_count":{nodes},"edge_count":{}}},
"nodes":[{}],"edges":[{}],"strings":["a","b","c"]}}"#,
        3 * nodes,
        text(&node_rows, line_ends),
        text(&edge_rows, line_ends)
    )
}

fn read_all(json: &str, salvage: bool) -> Result<Parsed> {
    parse(json.as_bytes(), Options { total: Some(json.len() as u64), salvage }, &Quiet)
}

fn assert_same(one: &Graph, other: &Graph) {
    // Not as a whole: a difference would fill the screen.
    assert!(one.kinds == other.kinds && one.names == other.names, "kinds or names");
    assert!(one.ids.iter().eq(other.ids.iter()), "ids");
    assert!(one.self_sizes.iter().eq(other.self_sizes.iter()), "self sizes");
    assert!(one.first_edges == other.first_edges, "first edges");
    assert!(one.targets == other.targets && one.labels == other.labels, "edges");
    assert!(one.long_labels == other.long_labels, "long labels");
}

/// The same with white space behind V8's line ends, with which there are no halves.
fn row_by_row(json: &str) -> String {
    json.replace("\n,", "\n ,")
}

/// Where a byte of `json` stands in `row_by_row(json)`.
fn moved(json: &str, at: usize) -> usize {
    at + json.match_indices("\n,").filter(|(line_end, _)| *line_end < at).count()
}

#[test]
fn with_white_space_there_are_no_halves() {
    let rows: Vec<_> = (20..300).map(|i| vec![i, i, i]).collect();
    let plain = text(&rows, true);
    assert!(halves(&plain, 9, 3).0 > 0);
    assert_eq!(halves(&row_by_row(&plain), 9, 3).0, 0);
}

const NODES: u32 = 12_000;
/// What does not fit into halves: a size, the name of an edge.
const WIDE: u64 = 9_000;
const LONG: u64 = 20_002;

#[test]
fn by_halves_and_row_by_row_it_is_the_same_graph() {
    let plain = snapshot(NODES, false);
    assert!(plain.len() > 4 * BLOCK, "{}", plain.len());
    let graph = read_all(&plain, false).unwrap().graph;
    assert_eq!((graph.node_count(), graph.edge_count()), (NODES, 3 * NODES));
    assert_eq!((graph.self_size(WIDE as u32), graph.edge_label(LONG as u32)), (5_000_000_000, 1 << 30));
    assert_same(&graph, &read_all(&snapshot(NODES, true), false).unwrap().graph);
    // A space behind every comma is another way to write the same.
    let spaced = snapshot(NODES, false).replace(',', ", ");
    assert_same(&graph, &read_all(&spaced, false).unwrap().graph);
    assert_same(&graph, &read_all(&row_by_row(&snapshot(NODES, true)), false).unwrap().graph);
}

#[test]
fn what_is_wrong_is_told_as_if_there_were_no_halves() {
    let good = snapshot(NODES, true);
    let [nodes, edges] = ["\"nodes\":[", "\"edges\":["].map(|name| good.find(name).unwrap() + name.len());
    let length = good.len();
    for at in
        [nodes + 9, nodes + BLOCK, nodes + 2 * BLOCK + 77, edges + 5, edges + 2 * BLOCK, length - 20_000]
    {
        // The beginning of a row.
        let at = at + good[at..].find("\n,").unwrap() + 2;
        // V8's line end, and no comma behind it.
        let comma = format!("{}7{}", &good[..at - 1], &good[at..]);
        assert!(read_all(&comma, false).is_err(), "at {at}");
        for wrong in ["x", "99", "99999999999999999999", "1,", "1]"] {
            let text = |json: &str, at: usize| format!("{}{wrong}{}", &json[..at], &json[at + 1..]);
            let broken = text(&good, at);
            let told = match read_all(&broken, false) {
                Err(Error::CorruptSnapshot(message)) => message,
                other => panic!("{wrong} at {at}: {other:?}"),
            };
            let expected = match read_all(&row_by_row(&broken), false) {
                Err(Error::CorruptSnapshot(message)) => message,
                other => panic!("{wrong} at {at}: {other:?}"),
            };
            let byte = |message: &str| {
                let number = message.split(" at byte ").nth(1).and_then(|rest| rest.split(' ').next());
                number.and_then(|number| number.parse::<usize>().ok())
            };
            let (told_at, expected_at) = (byte(&told).unwrap(), byte(&expected).unwrap());
            assert_eq!(expected_at, moved(&broken, told_at), "{wrong} at {at}: {told} / {expected}");
            assert_eq!(
                told.replace(&told_at.to_string(), ""),
                expected.replace(&expected_at.to_string(), "")
            );
        }
    }
}

#[test]
fn a_cut_file_gives_the_rows_before_the_cut() {
    let good = snapshot(NODES, true);
    let edges = good.find("\"edges\":[").unwrap();
    for cut in [edges + 20_000, edges + 3 * BLOCK + 12_345] {
        let by_halves = read_all(&good[..cut], true).unwrap();
        let by_rows = read_all(&row_by_row(&good[..cut]), true).unwrap();
        assert!(by_halves.damage.is_some());
        assert!(by_halves.graph.edge_count() > 1_000);
        assert_same(&by_halves.graph, &by_rows.graph);
    }
}

#[test]
fn a_name_that_is_no_string_is_placed() {
    // Of the largest name the first row counts.
    let good = snapshot(NODES, true);
    let sections = ["\"nodes\":[", "\"edges\":["];
    for (section, behind) in
        sections.iter().flat_map(|section| [(section, BLOCK / 4), (section, 3 * BLOCK / 2)])
    {
        let far = good.find(section).unwrap() + behind;
        let at = far + good[far..].find("\n,").unwrap() + 2;
        let row_end = at + good[at..].find('\n').unwrap();
        let row = good[at..row_end].split(',').collect::<Vec<_>>();
        let kind = if section.contains("nodes") { row[0] } else { "2" };
        let wrong = format!("{}{kind},9,{}{}", &good[..at], row[2..].join(","), &good[row_end..]);
        let error = read_all(&wrong, false).unwrap_err().to_string();
        assert!(error.contains(&format!("at byte {at} ")) && error.contains("no string 9"), "{error} / {at}");
    }
}

#[test]
fn more_edges_than_were_claimed_are_seen_where_they_begin() {
    let good = snapshot(NODES, false);
    let fewer = good.replace("\"edge_count\":36000", "\"edge_count\":15000");
    let row = read_all(&fewer, false).unwrap_err().to_string();
    // The nodes come first. Of theirs, the five thousand and first has one too many.
    let nodes = fewer.find("\"nodes\":[").unwrap() + 9;
    let at = nodes + fewer[nodes..].match_indices(',').nth(5 * 5_000 - 1).unwrap().0 + 1;
    assert!(row.contains(&format!("at byte {at} ")) && row.contains("more edges"), "{row} / {at}");
}
