//! What is wrong, and where.

use heapwarden::error::Error;

use crate::make::{damage, header, read, salvage, whole};

#[test]
fn what_is_no_snapshot_at_all() {
    for bytes in [
        b"".as_slice(),
        b" ",
        b"null",
        b"[]",
        b"{}",
        b"{",
        b"}",
        b"\"snapshot\"",
        b"\x28\xB5\x2F\xFD\x00",
        b"PK\x03\x04",
        b"\xEF\xBB\xBF{}",
        b"\0\0\0\0",
        b"<html></html>",
        b"{\"snapshot\":",
        b"{\"snapshot\":null}",
        b"{\"snapshot\":{}}",
        b"{\"snapshot\":[]}",
        b"{\"nodes\":[]}",
        b"{\"edges\":[]}",
        b"{\"locations\":[]}",
        b"{\"strings\":[]}",
        b"{:}",
        b"{\"a\":}",
        b"{\"a\":1,}",
        b"{\"a\" 1}",
    ] {
        let (at, what) = damage(bytes);
        assert!(at <= bytes.len(), "{what}");
        assert!(salvage(bytes).is_err());
    }
}

#[test]
fn counts_that_do_not_fit() {
    let json = whole();
    for (from, to) in [
        (r#""node_count":2"#, r#""node_count":1"#),
        (r#""node_count":2"#, r#""node_count":3"#),
        (r#""node_count":2"#, r#""node_count":0"#),
        (r#""edge_count":1"#, r#""edge_count":0"#),
        (r#""edge_count":1"#, r#""edge_count":2"#),
        // More edges than all nodes have; fewer; a number of edges that wraps around in 32 bits.
        ("9,0,1,0,1,", "9,0,1,0,2,"),
        ("9,0,1,0,1,", "9,0,1,0,0,"),
        ("9,0,1,0,1,", "9,0,1,0,4294967297,"),
        ("9,0,1,0,1,", "9,0,1,0,18446744073709551615,"),
        ("[2,1,5]", "[]"),
        ("[2,1,5]", "[2,1,5,2,1,5]"),
        ("[2,1,5]", "[2,1]"),
        ("3,1,3,16,0]", "3,1,3,16]"),
        (r#""node_count":2"#, r#""node_count":-2"#),
        (r#""node_count":2"#, r#""node_count":2.5"#),
        (r#""node_count":2"#, r#""node_count":"2""#),
        (r#""node_count":2,"#, ""),
    ] {
        assert!(json.contains(from), "{from}");
        let (at, what) = damage(json.replacen(from, to, 1));
        assert!(at <= json.len() + to.len(), "{what}");
    }
    let many = json.replacen(r#""node_count":2"#, r#""node_count":4294967296"#, 1);
    assert!(matches!(read(many), Err(Error::Unsupported(_))));
}

#[test]
fn indexes_out_of_range() {
    let json = whole();
    // What is put in place of what, and behind which text the error has to be.
    for (from, to, section) in [
        // Ten is a type that the list has not got, as DevTools takes it; more than a byte holds is none.
        ("3,1,3,16,0]", "256,1,3,16,0]", "nodes"),
        ("3,1,3,16,0]", "3,2,3,16,0]", "nodes"),
        ("3,1,3,16,0]", "3,18446744073709551615,3,16,0]", "nodes"),
        ("[2,1,5]", "[8,1,5]", "edges"),
        ("[2,1,5]", "[2,2,5]", "edges"),
        ("[2,1,5]", "[2,4294967296,5]", "edges"),
        ("[2,1,5]", "[2,1,10]", "edges"),
        ("[2,1,5]", "[2,1,6]", "edges"),
        ("[2,1,5]", "[2,1,21474836485]", "edges"),
        ("[2,1,5]", "[2,1,18446744073709551615]", "edges"),
        ("[5,7,1,2]", "[6,7,1,2]", "locations"),
        ("[5,7,1,2]", "[10,7,1,2]", "locations"),
        ("[5,7,1,2]", "[5,7,1]", "locations"),
    ] {
        assert!(json.contains(from), "{from}");
        let (at, what) = damage(json.replacen(from, to, 1));
        let begin = json.find(&format!("\"{section}\"")).unwrap();
        assert!(at > begin && at < begin + 60, "{to}: not in {section}: {what}");
    }
    for root in ["1", "10", "5000000000", "18446744073709551615"] {
        let (at, what) =
            damage(json.replacen(r#""node_count":2"#, &format!(r#""root_index":{root},"node_count":2"#), 1));
        assert!(at > 0, "{what}");
    }
    // Numbers of elements are not names.
    assert!(read(json.replacen("[2,1,5]", "[1,18446744073709551615,5]", 1)).is_ok());
}

#[test]
fn a_layout_that_says_nothing() {
    let json = whole();
    for (from, to) in [
        (r#""type","name","id""#, r#""type","id","id""#),
        (r#"["type","name","id","self_size","edge_count"]"#, "[]"),
        (r#"["type","name","id","self_size","edge_count"]"#, "null"),
        (r#"["type","name_or_index","to_node"]"#, r#"["type","to_node"]"#),
        (r#"["type","name_or_index","to_node"]"#, "[1,2,3]"),
        (r#"["object_index","script_id","line","column"]"#, r#"["line"]"#),
        (r#"[["hidden","#, r#"["hidden",["#),
        (r#"[["hidden","#, r#"[[7,"#),
        (r#"[["context","#, "[[{},"),
    ] {
        assert!(json.contains(from), "{from}");
        let (at, what) = damage(json.replacen(from, to, 1));
        assert!(at <= json.find("\"nodes\"").unwrap() + to.len(), "{what}");
    }
    let fields: Vec<String> = (0..1000).map(|number| format!("\"f{number}\"")).collect();
    damage(json.replacen(r#""type","name","id""#, &format!(r#"{},"type","name","id""#, fields.join(",")), 1));
    let types: Vec<String> = (0..1000).map(|number| format!("\"t{number}\"")).collect();
    damage(json.replacen(r#"[["hidden""#, &format!(r#"[[{},"hidden""#, types.join(",")), 1));
    damage(json.replacen(r#"[["context""#, &format!(r#"[[{},"context""#, types.join(",")), 1));
}

#[test]
fn text_that_is_none() {
    let json = whole();
    let strings = json.find("\"strings\"").unwrap();
    for text in
        [b"\xFF".as_slice(), b"\xC3", b"\xE2\x82", b"\xF8\x88\x80\x80\x80", b"\xC0\x80", b"a\xF4\x90\x80\x80"]
    {
        let mut bytes = json.clone().into_bytes();
        let at = json.rfind("\"a\"").unwrap() + 1;
        bytes.splice(at..=at, text.iter().copied());
        let (said, what) = damage(&bytes);
        assert!((at..at + text.len()).contains(&said), "{what}");
    }
    for text in [r"\u12", r"\u12g4", r"\x", r"\", r"\u", "\\u{41}"] {
        let (at, what) = damage(json.replacen("\"a\"", &format!("\"{text}\""), 1));
        assert!(at > strings, "{what}");
    }
    // Names of sections that are no text are not known names.
    assert!(read([&b"{\"\xFF\":1,"[..], &json.as_bytes()[1..]].concat()).is_ok());
    // Lone surrogates are text to V8.
    assert!(read(json.replacen("\"a\"", "\"\\ud800\"", 1)).is_ok());
}

#[test]
fn what_follows_and_what_comes_twice() {
    let json = whole();
    let (at, _) = damage(json.clone() + "x");
    assert_eq!(at, json.len());
    let (at, _) = damage(json.clone() + " \n " + &json);
    assert_eq!(at, json.len() + 3);
    assert!(read(json.clone() + "\n").is_ok());
    for section in [r#""nodes":[],"#, r#""edges":[],"#, r#""strings":[],"#] {
        damage(json.replacen(r#""locations""#, &format!(r#"{section}"locations""#), 1));
    }
    damage(json.replacen("{\"snapshot\"", &header(2, 1).replacen(",\"nodes\"", "", 1), 1) + &json);
}

#[test]
fn cut_behind_the_edges_it_still_says_something() {
    let json = whole();
    let strings = json.find("\"strings\"").unwrap();
    for end in strings..json.len() {
        let parsed = salvage(&json[..end]).unwrap();
        let what = parsed.damage.unwrap();
        assert!(what.contains(&format!("byte {end} ")), "{end}: {what}");
        assert_eq!((parsed.graph.node_count(), parsed.graph.edge_count()), (2, 1));
        assert_eq!(parsed.graph.self_size(1), 16);
    }
    assert_eq!(salvage(&json).unwrap().damage, None);
    let nodes = json.find("\"nodes\"").unwrap();
    assert!(salvage(&json[..nodes + 20]).is_err(), "half the nodes are nothing to go by");
}
