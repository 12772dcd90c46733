//! Everything the heap room can be asked about some bytes, for the fuzz targets and for `tests/fuzz_corpus.rs`.

use std::io::Read;

use heapwarden::error::{Error, Result};
use heapwarden::heap::engine::{Analysis, Needs, analyze, count};
use heapwarden::heap::graph::bits::Bits;
use heapwarden::heap::growth::places::Places;
use heapwarden::heap::growth::walk::Walk;
use heapwarden::heap::paths::Paths;
use heapwarden::heap::rules::scripts::Scripts;
use heapwarden::heap::suspects::find::Findings;
use heapwarden::heap::tables::aggregates::Namesakes;
use heapwarden::heap::tables::diff::{Same, diff};
use heapwarden::heap::tables::growth::growth;
use heapwarden::heap::tables::retained_tree::{self, Bounds, tree};
use heapwarden::heap::{Graph, Options, Parsed, Quiet, parse};

/// Nodes and classes of one snapshot that paths are asked to.
const ASKED: u32 = 30;

/// Reads the bytes as they are and as a file to be salvaged, and analyses what comes of it.
///
/// # Panics
/// If something does not hold that always should.
pub fn exercise(bytes: &[u8]) {
    let strict = read(bytes, false);
    let salvaged = read(bytes, true);
    match (&strict, &salvaged) {
        (Ok(strict), Ok(salvaged)) => {
            assert_eq!((&strict.damage, &salvaged.damage), (&None, &None), "a whole file needs no salvage");
            assert_eq!(strict.graph.node_count(), salvaged.graph.node_count());
        }
        (Err(error), Ok(salvaged)) => {
            assert_eq!(salvaged.damage.as_ref(), Some(&error.to_string()), "it says what is wrong");
        }
        (Err(strict), Err(salvaged)) => assert_eq!(strict, salvaged),
        (Ok(_), Err(error)) => panic!("a whole file cannot be salvaged: {error}"),
    }
    // Two readings of the same: one is analysed, the other counted.
    let first = strict.or(salvaged);
    if let (Ok(first), Ok(second)) = (first, read(bytes, true)) {
        everything(first.graph, second.graph);
    }
}

/// Parses; a failure must be one that is promised.
///
/// # Panics
/// If it is another.
pub fn read(bytes: &[u8], salvage: bool) -> Result<Parsed> {
    // In pieces that are never whole: rows and strings break at every place.
    let parsed = parse(Pieces(bytes), Options { total: Some(bytes.len() as u64), salvage }, &Quiet);
    match &parsed {
        Err(Error::CorruptSnapshot(what)) => assert!(names_a_byte(what, bytes.len()), "{what}"),
        Err(Error::Unsupported(_)) | Ok(_) => {}
        Err(other) => panic!("{}: {other}", other.code()),
    }
    parsed
}

/// Whether the message says at which byte of the file something is wrong.
pub fn names_a_byte(what: &str, len: usize) -> bool {
    let number = what.split_once("byte ").map(|(_, rest)| rest.split(|char: char| !char.is_ascii_digit()));
    let at = number.and_then(|mut rest| rest.next()?.parse::<usize>().ok());
    at.is_some_and(|at| at <= len)
}

/// A source that gives 7 bytes at a time.
struct Pieces<'a>(&'a [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let most = out.len().min(7);
        self.0.read(&mut out[..most])
    }
}

/// Applies all rules and asks for all that can be asked. `again`: the same graph.
///
/// # Panics
/// If the numbers contradict each other.
pub fn everything(graph: Graph, again: Graph) {
    let (nodes, edges) = (graph.node_count(), graph.edge_count());
    let needs = Needs { edges: true, tables: true, ..Needs::default() };
    let analysis = asked(analyze(graph, needs, &Quiet));
    assert_eq!((analysis.graph.node_count(), analysis.graph.edge_count()), (nodes, edges));
    consistent(&analysis);
    retainers(&analysis);
    suspects(&analysis);
    tables(&analysis);
    let counted = asked(count(again, &Quiet));
    assert_eq!((counted.nodes, counted.total_size), (nodes, analysis.total_size()));
    for same in [Same::Ids, Same::Totals] {
        let rows = diff(&counted.census, &counted.census, &counted.definitions, same, Namesakes::Keep);
        assert!(rows.is_empty(), "nothing changed: {rows:?}");
    }
}

/// The result of work that nobody wants an end of.
fn asked<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{}: {error}", error.code()),
    }
}

/// Alone, behind an empty snapshot (all has come), and behind itself (nothing has).
fn suspects(analysis: &Analysis) {
    let graph = &analysis.graph;
    let scripts = Scripts::new(graph);
    for before in [&[][..], &[(&Graph::default(), &Bits::new(0))], &[(graph, &analysis.essential)]] {
        let mut places = Places::default();
        for (graph, essential) in before {
            asked(Walk::count(&mut places, graph, essential, &Scripts::new(graph), &Quiet));
        }
        let walk = asked(Walk::count(&mut places, graph, &analysis.essential, &scripts, &Quiet));
        let findings =
            Findings { analysis, walk: &walk, scripts: &scripts, places: &places, minutes: Some(1.0) };
        let found = asked(findings.suspects(usize::MAX, &Quiet));
        let all = found.iter().map(|suspect| u128::from(suspect.retained_size)).sum::<u128>();
        assert!(all <= u128::from(analysis.total_size()), "no byte is counted twice");
        for suspect in &found {
            assert!(suspect.fingerprint.len() == 16 && !suspect.title.is_empty());
            assert!((0.0..=1.0).contains(&suspect.confidence), "{}", suspect.confidence);
        }
        let same = before.first().is_some_and(|(graph, _)| graph.node_count() > 0);
        assert!(!same || found.is_empty(), "nothing grew: {found:?}");
    }
}

fn retainers(analysis: &Analysis) {
    let graph = &analysis.graph;
    let paths = asked(Paths::new(analysis, &Quiet));
    for node in graph.nodes().take(ASKED as usize) {
        for path in paths.to_node(node, 3) {
            assert_eq!(path.target.id, graph.id(node));
            assert!(path.steps.len() + path.omitted < graph.node_count() as usize, "no node comes twice");
        }
    }
    for class in 0..(analysis.classes.len() as u32).min(ASKED) {
        let members: Vec<u32> =
            graph.nodes().filter(|node| analysis.classes.of_node(*node) == class).collect();
        let found = paths.to_class(&members, 100);
        let own: u64 = found.iter().filter(|path| !path.also).filter_map(|path| path.count).sum();
        assert!(own <= members.len() as u64);
        assert!(found.iter().all(|path| path.count <= Some(members.len() as u64)));
    }
}

fn tables(analysis: &Analysis) {
    let Analysis { graph, classes, names, duplicates, .. } = analysis;
    let aggregates = analysis.aggregates();
    for namesakes in [Namesakes::Keep, Namesakes::Last] {
        let table = aggregates.table(graph, classes, namesakes);
        assert!(!growth(&[table.clone(), table]).iter().any(|row| row.grows_every_time));
    }
    let rows = duplicates.rows(graph, names, usize::MAX);
    let rows: u64 = rows.iter().map(|row| row.count).sum();
    assert!(rows <= u64::from(graph.node_count()));
    for bounds in [Bounds::default(), Bounds { rows: 5, depth: 2, parts: u64::MAX }] {
        retained(analysis, bounds);
    }
}

/// The tree of retained sizes: parents first, each with a share of its own parent's.
fn retained(analysis: &Analysis, bounds: Bounds) {
    let Analysis { graph, classes, names, dominators, .. } = analysis;
    let (idom, retained) = (&dominators.idom, &dominators.retained);
    let rows = tree(&retained_tree::Heap { graph, classes, names, idom, retained }, bounds);
    assert!(rows.len() <= bounds.rows);
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(row.parent.is_none(), number == 0);
        let parent = row.parent.map(|parent| (parent as usize, rows.get(parent as usize)));
        if let Some((at, parent)) = parent {
            let parent = parent.map_or(0, |parent| parent.retained_size);
            assert!(at < number && (row.retained_size <= parent || parent == u64::MAX));
        }
        assert_eq!(row.id.is_none(), row.smaller.is_some());
        assert!(row.of_that_class <= row.smaller);
    }
}

/// What holds for any snapshot.
fn consistent(analysis: &Analysis) {
    let graph = &analysis.graph;
    let (idom, retained) = (&analysis.dominators.idom, &analysis.dominators.retained);
    let all = graph.nodes().fold(0, |sum: u64, node| sum.saturating_add(graph.self_size(node)));
    assert!(retained[graph.root() as usize] <= all);
    for node in graph.nodes() {
        let up = idom[node as usize];
        assert!(up < graph.node_count());
        assert!(retained[node as usize] >= graph.self_size(node) || all == u64::MAX);
        assert!(
            retained[up as usize] >= retained[node as usize] || all == u64::MAX,
            "more than its dominator"
        );
        assert!(up != node || node == graph.root(), "only the root dominates itself");
    }
}
