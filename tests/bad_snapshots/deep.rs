//! Depth is no recursion: everything here runs on a stack of 256 KiB, and in time that grows like the input.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use heapwarden::heap::Quiet;
use heapwarden::heap::engine::{Needs, analyze};
use heapwarden::heap::paths::Paths;

use crate::make::{damage, header, read, whole};

/// Far more than any of these takes on a slow and busy machine, far less than quadratic time would.
const PATIENCE: Duration = Duration::from_secs(60);

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let begin = Instant::now();
    std::thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap().join().unwrap();
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
}

#[test]
fn a_million_brackets() {
    on_a_small_stack(|| {
        let json = whole();
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = open.repeat(1_000_000) + "1" + &close.repeat(1_000_000);
            for section in ["trace_tree", "scopes", "snapshots"] {
                let with = format!("{{\"{section}\":{nested},{}", &json[1..]);
                assert!(read(with).is_ok());
            }
            let (at, _) = damage(format!("{{\"scopes\":{}", open.repeat(1_000_000)));
            assert_eq!(at, 10 + open.len() * 1_000_000);
            // In the header it is not skipped but refused.
            damage(json.replacen("\"meta\"", &format!("\"more\":{nested},\"meta\""), 1));
            damage(json.replacen("[9,0,1,0,1,", &format!("[{nested},"), 1));
        }
    });
}

/// A snapshot of `nodes` objects; `edges` gives the edges of each: type, name or index, target.
fn snapshot(nodes: u64, strings: &str, mut edges: impl FnMut(u64) -> Vec<[u64; 3]>) -> String {
    let (mut rows, mut links, mut count) = (String::new(), String::new(), 0);
    for node in 0..nodes {
        let out = edges(node);
        let kind = if node == 0 { 9 } else { 3 };
        let _ = write!(rows, "{kind},{},{},8,{},", u64::from(node > 0), node * 2 + 1, out.len());
        for [kind, label, target] in out {
            let _ = write!(links, "{kind},{label},{},", target * 5);
            count += 1;
        }
    }
    rows.pop();
    links.pop();
    header(nodes, count) + &format!("\"nodes\":[{rows}],\"edges\":[{links}],\"strings\":[{strings}]}}")
}

/// All rules, and the paths to the first, the middle and the last node and to the largest class.
fn everything(json: &str) {
    let graph = read(json).unwrap().graph;
    let count = graph.node_count();
    let analysis = analyze(graph, Needs { edges: true, tables: true, ..Needs::default() }, &Quiet).unwrap();
    let paths = Paths::new(&analysis, &Quiet).unwrap();
    for node in [0, 1, count / 2, count - 1] {
        assert!(paths.to_node(node, 5).len() <= 5);
    }
    let members: Vec<u32> = (1..count).collect();
    let found = paths.to_class(&members, 5);
    let found: u64 = found.iter().filter(|path| !path.also).filter_map(|path| path.count).sum();
    assert!(found < u64::from(count));
    assert!(analysis.total_size() >= analysis.dominators.retained[0]);
}

/// Ten minutes of quadratic time, a second of any other.
const MANY: u64 = 200_001;

#[test]
fn a_long_list() {
    on_a_small_stack(|| {
        everything(&snapshot(MANY, r#""","Node","next""#, |node| match node {
            node if node + 1 < MANY => vec![[2, 2, node + 1]],
            _ => Vec::new(),
        }));
        // The same in the other direction: a walk in the order of the nodes meets nothing it knows.
        everything(&snapshot(MANY, r#""","Node","next""#, |node| match node {
            0 => vec![[2, 2, MANY - 1]],
            1 => Vec::new(),
            node => vec![[2, 2, node - 1]],
        }));
    });
}

#[test]
fn a_ring_that_nothing_holds() {
    on_a_small_stack(|| {
        everything(&snapshot(MANY, r#""","Node","next""#, |node| match node {
            0 => Vec::new(),
            node => vec![[2, 2, node % (MANY - 1) + 1]],
        }));
    });
}

#[test]
fn many_rings_that_nothing_holds() {
    on_a_small_stack(|| {
        everything(&snapshot(MANY, r#""","Node","next""#, |node| match node {
            0 => Vec::new(),
            node => vec![[2, 2, ((node - 1) ^ 1) + 1]],
        }));
    });
}

#[test]
fn one_with_all_the_edges() {
    on_a_small_stack(|| {
        everything(&snapshot(MANY, r#""","Node","next""#, |node| match node {
            0 => (1..MANY).map(|target| [1, target, target]).collect(),
            node => vec![[2, 2, 1], [2, 2, node]],
        }));
    });
}

/// The ladder on which dominators by iteration take quadratic time.
#[test]
fn a_ladder() {
    on_a_small_stack(|| {
        let half = MANY / 2;
        everything(&snapshot(2 * half + 1, r#""","Node","next""#, |node| match node {
            0 => vec![[1, 0, 1], [1, 1, 2 * half]],
            node if node <= half => {
                let mut out = vec![[2, 2, half + node]];
                if node < half {
                    out.push([2, 2, node + 1]);
                }
                out
            }
            node if node > half + 1 => vec![[2, 2, node - 1]],
            _ => Vec::new(),
        }));
    });
}

/// A concatenated string that is its own half, prototypes in a ring, and scopes in a ring.
#[test]
fn rings_where_a_tree_should_be() {
    on_a_small_stack(|| {
        let names = r#""","system / Context","first","second","__proto__","previous","table","(concatenated string)""#;
        let json = snapshot(40, names, |node| match node {
            0 => vec![[5, 1, 1]],
            node => (2..7).map(|name| [3, name, (node * name) % 39 + 1]).chain([[2, 4, node]]).collect(),
        });
        everything(&json);
        let types = json.replace("\"synthetic\"]", "\"synthetic\",\"concatenated string\"]");
        let ropes = types.replace(",3,1,", ",10,7,");
        everything(&ropes);
    });
}
