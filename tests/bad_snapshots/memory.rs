//! Memory follows the bytes that are there, not the numbers they claim. Each case is measured in a process of its
//! own, by the kernel: what was asked for counts, touched or not.

use std::fmt::Write as _;
use std::process::Command;

use heapwarden::heap::engine::{Needs, analyze};
use heapwarden::heap::{Options, Quiet, parse};

use crate::make::{header, whole};

/// What reading costs whatever is read: the window, twice a block of 2 MiB, the columns of its two halves, and the
/// allocator's small change.
const FIXED: usize = 8 << 20;
/// Names the case to the process that measures it.
const CASE: &str = "HEAPWARDEN_TEST_CASE";

/// A snapshot, its length as it is said to be, and whether the rules are applied too.
struct Case {
    json: String,
    total: Option<u64>,
    rules: bool,
}

impl Case {
    fn run(&self) {
        for salvage in [false, true] {
            let parsed = parse(self.json.as_bytes(), Options { total: self.total, salvage }, &Quiet);
            if let (true, Ok(parsed)) = (self.rules, parsed) {
                drop(analyze(parsed.graph, Needs::default(), &Quiet).unwrap());
            }
        }
    }
}

/// By name, so that another process can make the same.
fn case(name: &str) -> Case {
    let (name, total) = name.rsplit_once(' ').unwrap();
    let json = made(name);
    let total = if total == "true" { Some(json.len() as u64) } else { total.parse().ok() };
    Case { json, total, rules: name == "dense" }
}

fn made(name: &str) -> String {
    let megabyte = "x".repeat(1 << 20);
    let json = whole();
    let rows = r#""nodes":[9,0,1,0,1,3,1,3,16,0],"edges":[2,1,5],"strings":[]}"#;
    match name {
        "1e9 claimed" => header(1_000_000_000, 1_000_000_000) + rows,
        "most claimed" => header(4_294_967_294, 4_294_967_294) + rows,
        "edges claimed" => header(2, 4_294_967_294) + &rows.replace("9,0,1,0,1,", "9,0,1,0,4294967294,"),
        "cut" => header(1_000_000_000, 0) + r#""nodes":["#,
        "key" => format!("{{\"{megabyte}"),
        "header" => format!("{{\"snapshot\":\"{megabyte}"),
        "skipped" => format!("{{\"other\":\"{megabyte}\",{}", &json[1..]),
        "string" => json.replacen("\"a\"", &format!("\"{megabyte}"), 1),
        "escapes" => json.replacen("\"a\"", &format!("\"{}\"", "\\u0041".repeat(1 << 18)), 1),
        "locations" => json.replacen("[5,7,1,2]", &format!("[{}5,7,1,2]", "5,7,1,2,".repeat(1 << 17)), 1),
        "strings" => json.replacen("\"strings\":[", &format!("\"strings\":[{}", "\"\",".repeat(1 << 18)), 1),
        "space" => " ".repeat(1 << 20),
        "digits" => "9".repeat(1 << 20),
        "zeros" => json.replacen("[9,0,", &format!("[9,{},", "0".repeat(1 << 20)), 1),
        "dense" | "dense, no rules" => dense(),
        other => panic!("there is no case {other}"),
    }
}

/// The densest snapshot there can be: rows of ten bytes, edges of six.
fn dense() -> String {
    let nodes = 200_000;
    let mut json = header(nodes, 2 * nodes);
    for (section, row, count) in [("nodes", "0,0,0,0,2,", nodes), ("edges", "1,0,0,", 2 * nodes)] {
        let _ = write!(json, "\"{section}\":[{}", row.repeat(count as usize));
        json.pop();
        json.push_str("],");
    }
    json + r#""strings":[""]}"#
}

/// A line of `/proc/self/status`, in bytes.
fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

/// The process that measures. Without a case it is a test that has nothing to say.
#[test]
#[cfg(target_os = "linux")]
fn measured() {
    let Ok(name) = std::env::var(CASE) else { return };
    let case = case(&name);
    let before = status("VmSize:");
    case.run();
    println!("at most {}", status("VmPeak:") - before);
}

/// The most that is held at once while the case runs: address space, and so no less than memory.
fn most(name: &str) -> usize {
    let test = ["memory::measured", "--exact", "--nocapture", "--test-threads=1"];
    // An arena of its own for the test's thread would reserve 128 MB of addresses.
    let run = Command::new(std::env::current_exe().unwrap())
        .args(test)
        .env(CASE, name)
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    let number = said.split_once("at most ").and_then(|(_, rest)| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| {
        panic!("{name}: {said}{}", String::from_utf8_lossy(&run.stderr));
    })
}

#[test]
#[cfg(target_os = "linux")]
fn a_thousand_million_nodes_in_a_kilobyte() {
    for claim in ["1e9 claimed", "most claimed", "edges claimed", "cut"] {
        let truthful = most(&format!("{claim} true"));
        assert!(truthful < FIXED, "{claim}: {truthful} bytes");
        // When nobody knows how much will come, a little is reserved in advance; never what is claimed.
        let unknown = most(&format!("{claim} unknown"));
        assert!(unknown < FIXED + (4 << 20), "{claim}: {unknown} bytes");
        // The length of what is compressed in a file is only what the file says.
        for lie in ["1048576", "1099511627776", "18446744073709551615"] {
            let held = most(&format!("{claim} {lie}"));
            assert!(held < FIXED + (100 << 20), "{claim}: {held} bytes, said to be {lie}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn endless_things() {
    for name in
        ["key", "header", "skipped", "string", "escapes", "locations", "strings", "space", "digits", "zeros"]
    {
        let held = most(&format!("{name} true"));
        assert!(held < FIXED + (12 << 20), "{name}: {held} bytes");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_small_multiple_of_the_input() {
    let input = dense().len();
    for (name, factor) in [("dense, no rules true", 3), ("dense, no rules unknown", 4), ("dense true", 4)] {
        let held = most(name);
        assert!(held < FIXED + factor * input, "{name}: {held} bytes for {input}");
    }
}
