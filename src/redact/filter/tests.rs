//! Against a twin that has the whole document in its hands.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn redact(input: &[u8], cuts: impl Iterator<Item = usize>) -> Result<Vec<u8>> {
    let (mut redactor, mut out, mut rest) = (Redactor::new(), Vec::new(), input);
    for cut in cuts {
        let (piece, after) = rest.split_at(cut.min(rest.len()));
        redactor.push(piece, &mut out)?;
        rest = after;
    }
    redactor.push(rest, &mut out)?;
    redactor.finish()?;
    Ok(out)
}

/// Written out, as V8 writes them: a test does not ask what it tests.
const NODE_TYPES: [&str; 15] = [
    "hidden",
    "array",
    "string",
    "object",
    "code",
    "closure",
    "regexp",
    "number",
    "native",
    "synthetic",
    "concatenated string",
    "sliced string",
    "symbol",
    "bigint",
    "object shape",
];
const EDGE_TYPES: [&str; 7] = ["context", "element", "property", "internal", "hidden", "shortcut", "weak"];

/// As V8 writes it: (type, name, id) and (type, name).
fn snapshot(nodes: &[(&str, &str, u64)], edges: &[(&str, &str)], unused: &[&str]) -> Value {
    let mut strings = vec!["<dummy>".to_owned()];
    let mut place = |text: &str| {
        let found = strings.iter().position(|known| known == text);
        found.unwrap_or_else(|| {
            strings.push(text.to_owned());
            strings.len() - 1
        })
    };
    let kind = |kinds: &[&str], kind: &str| kinds.iter().position(|known| *known == kind);
    let mut flat_nodes = Vec::new();
    for (node_kind, name, id) in nodes {
        let row = [kind(&NODE_TYPES, node_kind).unwrap(), place(name), *id as usize, 16, 1, 0];
        flat_nodes.extend(row);
    }
    let mut flat_edges = Vec::new();
    for (edge_kind, name) in edges {
        let name =
            if ["element", "hidden"].contains(edge_kind) { name.parse().unwrap() } else { place(name) };
        flat_edges.extend([kind(&EDGE_TYPES, edge_kind).unwrap(), name, 0]);
    }
    unused.iter().for_each(|text| {
        place(text);
    });
    json!({
        "snapshot": {
            "meta": {
                "node_fields": ["type", "name", "id", "self_size", "edge_count", "detachedness"],
                "node_types": [NODE_TYPES, "string", "number", "number", "number", "number"],
                "edge_fields": ["type", "name_or_index", "to_node"],
                "edge_types": [EDGE_TYPES, "string_or_number", "node"],
                "trace_function_info_fields": ["function_id", "name", "script_name", "script_id", "line", "column"],
            },
            "node_count": nodes.len(), "edge_count": edges.len(),
        },
        "nodes": flat_nodes, "edges": flat_edges,
        "trace_function_infos": [], "trace_tree": [1, 0, [2, 1, []]], "samples": [], "locations": [0, 1, 2, 3],
        "strings": strings,
    })
}

/// In V8's order of sections, with its line breaks.
fn write(snapshot: &Value) -> String {
    let order = [
        "snapshot",
        "nodes",
        "edges",
        "trace_function_infos",
        "trace_tree",
        "samples",
        "locations",
        "scopes",
        "strings",
    ];
    let sections = order.iter().filter(|name| snapshot.get(**name).is_some()).map(|name| {
        let value = snapshot[*name].to_string();
        // V8 breaks lines before commas in rows and behind them in `strings`.
        let value = if *name == "nodes" { value.replacen(",", "\n,", 1) } else { value };
        format!("\"{name}\":{value}")
    });
    format!("{{{}}}", sections.collect::<Vec<_>>().join(",\n"))
}

/// The texts after redaction, by the rules of the module's documentation.
fn twin(snapshot: &Value) -> Vec<String> {
    let list = |name: &str| snapshot[name].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize);
    let (nodes, edges): (Vec<_>, Vec<_>) = (list("nodes").collect(), list("edges").collect());
    let mut used: HashMap<usize, HashSet<&str>> = HashMap::new();
    let mut values = HashSet::new();
    for node in nodes.chunks(6) {
        let is_value =
            ["string", "regexp", "number", "concatenated string", "sliced string", "symbol", "bigint"]
                .contains(&NODE_TYPES[node[0]]);
        used.entry(node[1]).or_default().insert(if is_value { "value" } else { "name" });
        if is_value {
            values.insert(node[2]);
        }
    }
    for edge in edges.chunks(3) {
        let kind = EDGE_TYPES[edge[0]];
        if !["element", "hidden"].contains(&kind) {
            let is_slot = ["internal", "weak"].contains(&kind);
            used.entry(edge[1]).or_default().insert(if is_slot { "slot" } else { "key" });
        }
    }
    let labels = [
        "",
        "<dummy>",
        "(concatenated string)",
        "(sliced string)",
        "bigint",
        "heap number",
        "smi number",
        "symbol",
    ];
    let text = |(index, text): (usize, &Value)| {
        let text = text.as_str().unwrap();
        // What serde_json writes is what the redactor counts.
        let written = text.to_owned();
        let length = written.chars().count();
        let is = |what| used.get(&index).is_some_and(|used| used.contains(what));
        let mask = format!("(redacted #{index}, length {length})");
        if is("slot") && text.contains(" / part of key (") {
            let Some(parts) = pair(text) else { return mask };
            let [number, key, key_id, value, value_id, table] = parts;
            let show = |name: String, id: &str| {
                if values.contains(&id.parse().unwrap()) { "(redacted)".to_owned() } else { name }
            };
            let (key, value) = (show(key, &key_id), show(value, &value_id));
            return format!(
                "{number} / part of key ({key} @{key_id}) -> value ({value} @{value_id}) pair in WeakMap (table @{table})"
            );
        }
        let secret = is("value") && length >= 4 && text.bytes().all(|b| b.is_ascii_digit());
        let keep = labels.contains(&text)
            || is("name") && length <= 1000
            || is("key") && length <= 120
            || is("slot") && length <= 120 && !secret;
        if keep { written } else { mask }
    };
    snapshot["strings"].as_array().unwrap().iter().enumerate().map(text).collect()
}

/// Its parts, cut by the words between them.
fn pair(text: &str) -> Option<[String; 6]> {
    let words = [" / part of key (", " @", ") -> value (", " @", ") pair in WeakMap (table @", ")"];
    let mut rest = text;
    let mut parts = Vec::new();
    for word in words {
        let (part, after) = rest.split_once(word)?;
        parts.push(part.to_owned());
        rest = after;
    }
    parts.try_into().ok()
}

fn texts(json: &[u8]) -> Vec<String> {
    let parsed: Value = serde_json::from_slice(json).unwrap();
    parsed["strings"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn values_are_masked_and_names_stay() {
    let pair = |key: &str, value: &str| {
        format!("1 / part of key ({key}) -> value ({value}) pair in WeakMap (table @3)")
    };
    let (open, secret, regexp) = (
        pair("Session @5", "Account @7"),
        pair("Session @5", "my secret @9"),
        pair("to.*ken @11", "Account @7"),
    );
    let odd = pair("Session @5", "x @1) -> value (y @7");
    let long = "k".repeat(121);
    let document = snapshot(
        &[
            ("synthetic", "(GC roots)", 1),
            ("object", "Session", 5),
            ("object", "Account", 7),
            ("string", "my secret", 9),
            ("regexp", "to.*ken", 11),
            ("string", "4711", 13),
            ("string", "42", 15),
            ("string", "email", 17),
            ("concatenated string", "(concatenated string)", 19),
            ("string", "caf\u{e9} \"\u{1F600}\"\n", 21),
            ("closure", "handler", 23),
            ("array", "", 25),
        ],
        &[
            ("property", "email"),
            ("context", "counter"),
            ("property", &long),
            ("internal", "4711"),
            ("internal", "42"),
            ("internal", "4712"),
            ("element", "3"),
            ("weak", &open),
            ("internal", &secret),
            ("internal", &regexp),
            ("internal", &odd),
        ],
        &["nobody's"],
    );
    let input = write(&document);
    let output = redact(input.as_bytes(), std::iter::empty()).unwrap();
    let masked = pair("Session @5", "(redacted) @9");
    let masked_regexp = pair("(redacted) @11", "Account @7");
    let masked_odd = pair("(redacted) @5", "(redacted) @7");
    let expected = [
        "<dummy>",
        "(GC roots)",
        "Session",
        "Account",
        "(redacted #4, length 9)",
        "(redacted #5, length 7)",
        "(redacted #6, length 4)",
        "42",
        "email",
        "(concatenated string)",
        "(redacted #10, length 9)",
        "handler",
        "",
        "counter",
        "(redacted #14, length 121)",
        "4712",
        &open,
        &masked,
        &masked_regexp,
        &masked_odd,
        "(redacted #20, length 8)",
    ];
    assert_eq!(texts(&output), expected);
    // All before the texts is the same to the byte.
    let head = input.find("\"strings\"").unwrap();
    assert_eq!(&output[..head], &input.as_bytes()[..head]);
}

#[test]
fn texts_of_unknown_types_and_sections_do_not_pass() {
    let mut document =
        snapshot(&[("object", "thing", 1), ("hidden", "other", 3)], &[("context", "edge")], &[]);
    let meta = &mut document["snapshot"]["meta"];
    meta["node_types"][0][3] = json!("rope string");
    meta["edge_types"][0][0] = json!("mystery");
    document["scopes"] = json!([{ "name": "a \"secret\"" }, -1.5e3, true, null, "bare"]);
    let output = redact(write(&document).as_bytes(), std::iter::empty()).unwrap();
    let text = String::from_utf8(output).unwrap();
    for secret in ["thing", "edge\"", "secret", "bare"] {
        assert!(!text.split("\"nodes\"").nth(1).unwrap().contains(secret), "{secret} in {text}");
    }
    assert_eq!(texts(text.as_bytes())[2], "other");
}

#[test]
fn functions_of_the_allocation_trace_stay() {
    let mut document =
        snapshot(&[("string", "run", 1), ("string", "/app.js", 3), ("string", "secret", 5)], &[], &[]);
    document["trace_function_infos"] = json!([1, 1, 2, 3, 4, 5]);
    let output = redact(write(&document).as_bytes(), std::iter::empty()).unwrap();
    assert_eq!(texts(&output)[1..3], ["run", "/app.js"]);
    assert!(texts(&output)[3].starts_with("(redacted"));
}

/// What `finish` or `push` says of it.
fn refusal(input: &str) -> String {
    match redact(input.as_bytes(), std::iter::repeat_n(1, input.len())) {
        Err(Error::CaptureFailed(message)) => message,
        other => panic!("{input} gave {other:?}"),
    }
}

#[test]
fn what_is_no_snapshot_is_refused_at_its_byte() {
    let good = write(&snapshot(&[("string", "secret", 1)], &[("property", "key")], &[]));
    let at = |needle: &str, offset: usize| format!("at byte {} ", good.find(needle).unwrap() + offset);
    assert!(refusal("").contains("at byte 0 "));
    assert!(refusal("nonsense").contains("at byte 0 "));
    assert!(refusal("{}").contains("at byte 1 "));
    assert!(refusal("{\"strings\":[\"secret\"]}").contains("at byte 11 "));
    assert!(refusal(&good.replace("\"nodes\":[", "\"nodes\":[x")).contains(&at("\"nodes\"", 9)));
    assert!(refusal(&good.replace("\"nodes\":[", "\"nodes\":[1 2")).contains(&at("\"nodes\"", 11)));
    assert!(
        refusal(&good.replace("\"nodes\":[", "\"nodes\":[99999999999999999999,"))
            .contains(&at("\"nodes\"", 28))
    );
    assert!(refusal(&good.replace("\"edges\":[2,", "\"edges\":[2,99999999,")).contains("impossible number"));
    assert!(refusal(&good.replace("\"edges\":[2,", "\"edges\":[2,2,")).contains("row too early"));
    assert!(refusal(&good.replace("\"edges\"", "\"hedges\"")).contains(&at("\"strings\"", 11)));
    assert!(refusal(&good.replace("\"edges\"", "\"nodes\"")).contains("out of its order"));
    assert!(refusal(&good.replace("\"name_or_index\"", "\"what\"")).contains("meta"));
    assert!(refusal(&good.replace("secret", "sec\\ret\\x")).contains("escape"));
    assert!(refusal(&good.replace("\"key\"", "\"k\ney\"")).contains("control character"));
    assert!(refusal(&format!("{good}x")).contains(&format!("at byte {} ", good.len())));
    // Wherever it breaks off.
    for end in 0..good.len() {
        assert!(refusal(&good[..end]).contains(&format!("at byte {end} ")), "broken off at {end}");
    }
}

#[test]
fn it_stays_refused() {
    let (mut redactor, mut out) = (Redactor::new(), Vec::new());
    let first = redactor.push(b"{!", &mut out).unwrap_err();
    assert_eq!(redactor.push(b"\"secret\"", &mut out), Err(first.clone()));
    assert_eq!(redactor.finish(), Err(first));
    assert_eq!(out, b"{");
}

const POOL: [&str; 16] = [
    "",
    "a",
    "Session",
    "my secret",
    "4711",
    "17",
    "\u{e9}t\u{e9}",
    "\u{1F600}\n\t\u{1}",
    "\"quoted\\",
    "(sliced string)",
    "symbol",
    "1 / part of key (Session @5) -> value (my secret @7) pair in WeakMap (table @9)",
    "2 / part of key (my secret @7) -> value (Session @11) pair in WeakMap (table @9)",
    "3 / part of key (cut @7) -> val",
    "a property name that is so long that it can only have been made from data, for nobody would ever want to write one like it",
    "(redacted #1, length 1)",
];

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![8 => prop::sample::select(&POOL[..]).prop_map(str::to_owned), 1 => ".{0,40}", 1 => "[0-9]{1,6}",
        1 => (990..1010_usize).prop_map(|length| "n".repeat(length)), 1 => Just("v".repeat(9000))]
}

proptest! {
    #[test]
    fn as_the_twin_says(
        nodes in prop::collection::vec((prop::sample::select(&NODE_TYPES[..]), any_text()), 0..12),
        edges in prop::collection::vec((prop::sample::select(&EDGE_TYPES[..]), any_text()), 0..12),
        unused in prop::collection::vec(any_text(), 0..3),
        cuts in prop::collection::vec(0..200_usize, 0..40),
    ) {
        // As in V8, odd ids and as many bits as nodes: none is shared.
        let nodes: Vec<_> =
            nodes.iter().enumerate().map(|(at, (kind, name))| (*kind, &name[..], 2 * at as u64 + 1)).collect();
        let edges: Vec<_> = edges
            .iter()
            .map(|(kind, name)| (*kind, if ["element", "hidden"].contains(kind) { "3" } else { &name[..] }))
            .collect();
        let unused: Vec<_> = unused.iter().map(String::as_str).collect();
        let mut document = snapshot(&nodes, &edges, &unused);
        let input = write(&document);
        document["strings"] = json!(twin(&document));
        let output = redact(input.as_bytes(), cuts.into_iter()).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Value>(&output).unwrap(), document);
        prop_assert_eq!(redact(input.as_bytes(), std::iter::repeat_n(1, input.len())).unwrap(), output);
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0..600_usize, cut in 0..700_usize) {
        let mut input = write(&snapshot(&[("string", "secret", 1)], &[("internal", POOL[11])], &[])).into_bytes();
        let at = at.min(input.len());
        input.splice(at..(at + 20).min(input.len()), bytes);
        let _ = redact(&input, std::iter::once(cut));
    }
}
