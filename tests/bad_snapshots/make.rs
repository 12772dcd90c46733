//! Small snapshots to be damaged, and what reading them says.

use heapwarden::error::Error;
use heapwarden::heap::{Options, Parsed, Quiet, parse};

/// The header of a snapshot with these numbers of nodes and edges.
pub fn header(nodes: u64, edges: u64) -> String {
    let meta = concat!(
        r#"{"node_fields":["type","name","id","self_size","edge_count"],"#,
        r#""node_types":[["hidden","array","string","object","code","closure","regexp","number","native","#,
        r#""synthetic"],"string","number","number","number"],"#,
        r#""edge_fields":["type","name_or_index","to_node"],"#,
        r#""edge_types":[["context","element","property","internal","hidden","shortcut","weak"],"#,
        r#""string_or_number","node"],"location_fields":["object_index","script_id","line","column"]}"#,
    );
    format!(r#"{{"snapshot":{{"meta":{meta},"node_count":{nodes},"edge_count":{edges}}},"#)
}

/// A root that holds one object through property 1.
pub fn whole() -> String {
    let rest = r#""nodes":[9,0,1,0,1,3,1,3,16,0],"edges":[2,1,5],"locations":[5,7,1,2],"strings":["","a"]}"#;
    header(2, 1) + rest
}

/// Reads it as it is.
pub fn read(bytes: impl AsRef<[u8]>) -> Result<Parsed, Error> {
    with(bytes, false)
}

/// Reads what can be read of it.
pub fn salvage(bytes: impl AsRef<[u8]>) -> Result<Parsed, Error> {
    with(bytes, true)
}

fn with(bytes: impl AsRef<[u8]>, salvage: bool) -> Result<Parsed, Error> {
    let bytes = bytes.as_ref();
    parse(bytes, Options { total: Some(bytes.len() as u64), salvage }, &Quiet)
}

/// Which byte the error names, and the whole text.
pub fn damage(bytes: impl AsRef<[u8]>) -> (usize, String) {
    match read(bytes) {
        Err(error @ Error::CorruptSnapshot(_)) => {
            assert_eq!(error.code(), "HEAPWARDEN_CORRUPT_SNAPSHOT");
            let what = error.to_string();
            let (_, rest) = what.split_once("at byte ").unwrap();
            let at = rest.split(|char: char| !char.is_ascii_digit()).next().unwrap().parse().unwrap();
            (at, what)
        }
        Err(other) => panic!("{}: {other}", other.code()),
        Ok(_) => panic!("it is read"),
    }
}
