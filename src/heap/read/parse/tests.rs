use super::*;
use crate::heap::graph::{EdgeKind, NodeKind};
use crate::heap::host::{Held, Quiet};
use crate::heap::read::cursor::BLOCK;

const META: &str = r#""meta":{"node_fields":["type","name","id","self_size","edge_count","trace_node_id","detachedness"],
"node_types":[["hidden","array","string","object"],"string","number","number","number","number","number"],
"edge_fields":["type","name_or_index","to_node"],"edge_types":[["context","element","property"],"string_or_number","node"],
"location_fields":["object_index","script_id","line","column"]}"#;

fn whole() -> String {
    format!(
        r#"{{"snapshot":{{{META},"node_count":2,"edge_count":3,"root_index":0}},
"nodes":[3,0,1,5000000000,2,0,0
,2,1,123456789012,16,1,0,2],"edges":[1,4294967294,7
,2,1,0,0,1,7],"trace_tree":[{{"a\"]":[1,2]}},[[[]]]],"samples":[],"other":-1.5e3,
"locations":[7,10,3,4,7,11,3,4],"strings":["a","b\u0041\""]}}"#
    )
}

fn read(json: &str) -> Result<Parsed> {
    parse(json.as_bytes(), Options { total: Some(json.len() as u64), salvage: false }, &Quiet)
}

#[test]
fn a_snapshot() -> Result<()> {
    let graph = read(&whole())?.graph;
    assert_eq!((graph.node_count(), graph.edge_count(), graph.root()), (2, 3, 0));
    assert_eq!([graph.kind(0), graph.kind(1)], [NodeKind::OBJECT, NodeKind::STRING]);
    assert_eq!((graph.self_size(0), graph.id(1)), (5_000_000_000, 123_456_789_012));
    assert_eq!((graph.edges(0), graph.edges(1)), (0..2, 2..3));
    assert_eq!([0, 1, 2].map(|edge| graph.target(edge)), [1, 0, 1]);
    assert_eq!(graph.edge_label(0), 4_294_967_294);
    assert_eq!([0, 1, 2].map(|edge| graph.edge_name(edge)), [None, Some(1), Some(1)]);
    assert_eq!(graph.edge_kind(2), EdgeKind::CONTEXT);
    assert_eq!(graph.strings().show(1), "bA\"");
    assert_eq!(graph.location(1).map(|location| location.script), Some(11));
    assert_eq!(graph.detachedness, Some(vec![0, 2]));
    Ok(())
}

#[test]
fn every_cut_is_an_error_with_its_byte() {
    let json = whole();
    for cut in 0..json.len() {
        match read(&json[..cut]) {
            Err(Error::CorruptSnapshot(message)) => {
                assert!(message.contains(" at byte "), "{cut}: {message}")
            }
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
}

#[test]
fn a_cut_file_gives_what_is_there() -> Result<()> {
    let json = whole();
    let cut = |end: usize| parse(&json.as_bytes()[..end], Options { total: None, salvage: true }, &Quiet);
    let edges = json.find(",0,1,7]").unwrap_or(0) + 1;
    let Parsed { graph, damage } = cut(edges)?;
    assert!(damage.is_some_and(|damage| damage.contains("at byte")));
    assert_eq!((graph.edge_count(), graph.edges(0), graph.edges(1)), (2, 0..2, 2..2));
    assert_eq!(graph.strings().show(graph.name(1)), "(lost)");
    let Parsed { graph, damage } = cut(json.find("b\\u0041").unwrap_or(0) + 1)?;
    assert!(damage.is_some());
    assert_eq!(graph.strings().show(graph.name(0)), "a");
    assert_eq!(graph.edge_name(1).map(|name| graph.strings().show(name)).as_deref(), Some("(lost)"));
    assert!(cut(json.find("16,1").unwrap_or(0)).is_err(), "without all nodes nothing can be said");
    assert!(cut(json.len())?.damage.is_none());
    Ok(())
}

#[test]
fn rows_may_use_types_that_the_list_has_not_got() {
    let graph = read(&whole().replacen("[3,0,1", "[12,0,1", 1)).unwrap().graph;
    // As DevTools shows a symbol of Node 8.
    assert_eq!(graph.kind_name(graph.kind(0)), "undefined");
}

#[test]
fn what_does_not_fit_together() {
    let json = whole();
    for (from, to, says) in [
        ("\"node_count\":2", "\"node_count\":3", "2 nodes"),
        ("\"node_count\":2", "\"node_count\":1000000000", "2 nodes"),
        ("\"edge_count\":3", "\"edge_count\":4", "3 edges"),
        ("\"edge_count\":3", "\"edge_count\":2", "more edges"),
        ("4294967294,7", "4294967294,8", "no node at 8"),
        ("4294967294,7", "4294967294,14", "no node at 14"),
        ("[3,0,1", "[32,0,1", "no node type 32"),
        ("0,1,7]", "4,1,7]", "no edge type 4"),
        ("0,1,7]", "0,2,7]", "no string 2"),
        ("[7,10", "[14,10", "no node at 14"),
        ("\"root_index\":0", "\"root_index\":1", "root_index"),
        ("\"root_index\":0", "\"root_index\":14", "root_index"),
        ("\"self_size\"", "\"size\"", "no self_size"),
        ("u0041", "u004x", "escape"),
        ("\"strings\"", "\"string\"", "no \"strings\""),
        ("\"samples\"", "\"nodes\"", "twice"),
        ("\"b\\", "\"b\\x\\", "escape"),
    ] {
        let broken = json.replacen(from, to, 1);
        assert_ne!(broken, json, "{from}");
        match read(&broken) {
            Err(Error::CorruptSnapshot(message)) => assert!(message.contains(says), "{to}: {message}"),
            other => panic!("{to}: {other:?}"),
        }
    }
    assert!(read(&(json.clone() + "x")).is_err());
    let many = json.replacen("\"node_count\":2", "\"node_count\":5000000000", 1);
    assert_eq!(read(&many).map_err(|error| error.code()).err(), Some("HEAPWARDEN_UNSUPPORTED"));
    let bytes = json.replacen("\"a\"", "\"a?\"", 1).into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'?').unwrap_or(0);
    let mut broken = bytes;
    broken[at] = 0xFF;
    let error = parse(broken.as_slice(), Options::default(), &Quiet).err();
    assert!(error.is_some_and(|error| error.to_string().contains(&format!("at byte {at}"))));
}

#[test]
fn the_host_hears_in_time_what_is_held() {
    /// Has room for 20 kB, and notes how much it was shown at last.
    #[derive(Default)]
    struct Small(std::sync::atomic::AtomicU64);
    impl Host for Small {
        fn admit(&self, held: &Held) -> Result<()> {
            let Held { nodes, edges, strings, text, locations, large_numbers } = *held;
            let all = 16 * (nodes + edges + strings + locations + large_numbers) + text;
            self.0.store(all, std::sync::atomic::Ordering::Relaxed);
            if all > 20_000 { Err(Error::MemoryBudget("too much".to_owned())) } else { Ok(()) }
        }
    }
    let json = whole();
    let many = |row: &str| format!("{row},").repeat(50_000);
    for (what, at, row) in [
        ("short strings", "\"a\",", "\"\""),
        ("one long string", "[\"a", "aaaaaaaaaaaa"),
        ("escapes", "[\"a", "\\u00e9"),
        ("locations", "\"locations\":[", "7,1,1,1"),
        ("edges", "\"edges\":[", "2,1,0"),
        ("edges with large numbers", "\"edges\":[", "1,4294967294,7"),
        ("nodes with large numbers", "\"nodes\":[", "3,0,99999999999,99999999999,0,0,0"),
    ] {
        let large = json.replacen(at, &(at.to_owned() + &many(row)), 1);
        let large = match what.split(' ').next() {
            Some("edges") => {
                large.replace("edge_count\":3", "edge_count\":50003").replace("000,2,0,0", "000,50002,0,0")
            }
            Some("nodes") => large.replace("node_count\":2", "node_count\":50002"),
            _ => large,
        };
        let small = Small::default();
        let error = parse(large.as_bytes(), Options::default(), &small).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_MEMORY_BUDGET", "{what}: {error}");
        let held = small.0.load(std::sync::atomic::Ordering::Relaxed);
        // Rows come by blocks.
        assert!(held < 20_000 + 16 * BLOCK as u64, "{what}: {held}");
    }
    let twice = json.replacen("\"nodes\":[", &("\"nodes\":[".to_owned() + &many("3,0,1,1,0,0,0")), 1);
    let error = read(&twice).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("more nodes than the header says"), "{error}");
}

#[test]
fn a_host_that_wants_an_end() {
    struct Impatient;
    impl Host for Impatient {
        fn cancelled(&self) -> bool {
            true
        }
    }
    let error = parse(whole().as_bytes(), Options::default(), &Impatient).err();
    assert_eq!(error.map(|error| error.code()), Some("HEAPWARDEN_ABORTED"));
}
