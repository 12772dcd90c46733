//! Valid snapshots out of any bytes.

use std::fmt::Write as _;

/// Names that some rule knows, and some that none does.
const STRINGS: &[&str] = &[
    "",
    "Object",
    "Map",
    "Array",
    "Foo",
    "global",
    "system / Context",
    "system / NativeContext",
    "system / ExternalStringData",
    "system / JSArrayBufferData",
    "(Document DOM trees)",
    "(map descriptors)",
    "(GC roots)",
    "(concatenated string)",
    "Detached Foo",
    "<div id=\\\"a\\\">",
    "__proto__",
    "table",
    "context",
    "elements",
    "first",
    "second",
    "sloppy_function_map",
    "shared",
    "script",
    "a",
    "b,'\\\"{}",
    "1",
    "2",
    "5",
    "14",
    "\\ud83d",
    "\\ude00x",
    "Module",
    "filename",
    "/a/b.js",
    "parameters_and_registers",
    "scope_info",
    "previous",
    "system / SourceTextModule",
];
const KINDS: u8 = 15;
const EDGE_KINDS: u8 = 7;
const FIELDS: usize = 6;

/// Bytes one after the other; zeros when there are no more.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }
}

/// A snapshot with up to 255 nodes; five bytes make an edge.
pub fn from_bytes(bytes: &[u8]) -> String {
    let mut bytes = Cursor(bytes);
    let count = usize::from(bytes.next()).max(1);
    let mut nodes = Vec::new();
    for node in 0..count {
        let (kind, name, size, state) = (bytes.next() % KINDS, bytes.next(), bytes.next(), bytes.next());
        // Node 0 is the root; ids are odd, and known to the names of ephemeron edges below.
        let kind = if node == 0 { 9 } else { kind };
        let size = if size == 255 { 1 << 33 } else { u64::from(size) };
        nodes.push((kind, usize::from(name) % STRINGS.len(), node * 2 + 1, size, state % 3));
    }
    let mut edges: Vec<Vec<String>> = vec![Vec::new(); count];
    let mut strings: Vec<String> = STRINGS.iter().map(|text| (*text).to_owned()).collect();
    while !bytes.0.is_empty() {
        let (from, kind) = (usize::from(bytes.next()) % count, bytes.next());
        let (label, to, table) = (bytes.next(), usize::from(bytes.next()) % count, bytes.next());
        let label = if kind == 255 {
            // One entry of a WeakMap, as V8 writes it.
            let (key, table) = (from * 2 + 1, usize::from(table) % count * 2 + 1);
            let value = to * 2 + 1;
            strings.push(format!(
                "{label} / part of key (K @{key}) -> value (V @{value}) pair in WeakMap (table @{table})"
            ));
            strings.len() - 1
        } else {
            usize::from(label) % STRINGS.len()
        };
        let kind = if kind == 255 { 3 } else { kind % EDGE_KINDS };
        edges[from].push(format!("{kind},{label},{}", to * FIELDS));
    }
    let mut json = String::from(concat!(
        r#"{"snapshot":{"meta":{"#,
        r#""node_fields":["type","name","id","self_size","edge_count","detachedness"],"#,
        r#""node_types":[["hidden","array","string","object","code","closure","regexp","number","native","#,
        r#""synthetic","concatenated string","sliced string","symbol","bigint","object shape"],"#,
        r#""string","number","number","number","number"],"#,
        r#""edge_fields":["type","name_or_index","to_node"],"#,
        r#""edge_types":[["context","element","property","internal","hidden","shortcut","weak"],"#,
        r#""string_or_number","node"],"location_fields":["object_index","script_id","line","column"]},"#,
    ));
    let total: usize = edges.iter().map(Vec::len).sum();
    let _ = write!(json, r#""node_count":{count},"edge_count":{total},"extra_native_bytes":9}},"nodes":["#);
    let rows = nodes.iter().zip(&edges).map(|((kind, name, id, size, state), edges)| {
        format!("{kind},{name},{id},{size},{},{state}", edges.len())
    });
    json.push_str(&rows.collect::<Vec<_>>().join(","));
    json.push_str(r#"],"edges":["#);
    json.push_str(&edges.concat().join(","));
    json.push_str(r#"],"locations":["#);
    // Every third object or function has a place; some share it.
    let placed = nodes.iter().enumerate().filter(|(at, node)| at % 3 == 1 && matches!(node.0, 3 | 5));
    let rows = placed.map(|(at, _)| format!("{},{},{},4", at * FIELDS, at % 4, at % 2));
    json.push_str(&rows.collect::<Vec<_>>().join(","));
    json.push_str(r#"],"strings":["#);
    let quoted: Vec<String> = strings.iter().map(|text| format!("\"{text}\"")).collect();
    json.push_str(&quoted.join(","));
    json.push_str("]}");
    json
}
