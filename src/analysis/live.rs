//! Reports of heaps that are in no file: what is found in one, and what of it the next is compared with.
//!
//! A forked child reads the heap that it has captured, in its own memory and without a thread; what it says is a report as JSON
//! and some hundred KB of [`Known`]. The service keeps that, and the next child finds it in its copy of the service.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::estimate::{Budget, Work};
use super::load::{self, Origin, Terms};
use super::source::Source;
use super::suspects::{self, Last, Seen};
use super::workers::{self, Workers};
use crate::error::{Error, Result};
use crate::heap::engine::{self, Needs};
use crate::heap::growth::kept;
use crate::heap::growth::places::Places;
use crate::heap::growth::walk::Walk;
use crate::heap::rules::scripts::Scripts;
use crate::heap::suspects::catalogue;
use crate::heap::{Graph, Host};

/// Suspects in a report.
const SUSPECTS: usize = 8;

/// What is known of the earlier heaps of one thread.
#[derive(Clone, Debug, Default)]
pub struct Known {
    places: Places,
    seen: Vec<Seen>,
    redacted: bool,
}

impl Known {
    /// What a heap may be compared with: masked texts are others than the same ones as they are.
    fn beside(&self, about: About) -> Self {
        if self.redacted == about.redacted { self.clone() } else { Self::default() }
    }
}

/// What is known of a heap from outside.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// When it was ordered, ms since 1970.
    pub at: f64,
    /// Texts in it are masked.
    pub redacted: bool,
}

/// In front of what is kept: the report, and the heaps.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    report: String,
    seen: Vec<Seen>,
    redacted: bool,
}

/// A child that asks whether to go on; it has one thread.
struct Alone<'a>(&'a (dyn Fn() -> bool + Sync));

impl Host for Alone<'_> {
    fn cancelled(&self) -> bool {
        !(self.0)()
    }
}

/// A thread of the service's that asks the same.
struct Beside<'a> {
    workers: Workers,
    alone: Alone<'a>,
}

impl Host for Beside<'_> {
    fn both(&self, a: &mut (dyn FnMut() + Send), b: &mut (dyn FnMut() + Send)) {
        self.workers.both(a, b);
    }

    fn cancelled(&self) -> bool {
        self.alone.cancelled() || self.workers.cancelled()
    }
}

/// Reads the JSON of a heap on this thread, taking no lock. `go_on` is asked now and then.
///
/// # Errors
/// As [`load::read`].
pub fn read_here(
    json: Box<dyn Read + Send>,
    raw_bytes: u64,
    known: &Known,
    about: About,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<u8>> {
    let source = Source { path: None, header: None, json_bytes: Some(raw_bytes), damage: None, json };
    let host = Alone(go_on);
    let terms = terms(known);
    find(load::read_here(source, Work::Suspects, terms, &host)?, known, about, terms, &host)
}

/// Reads the file of a heap, beside the service, which goes first.
///
/// # Errors
/// As [`load::read`].
pub fn read_file(
    path: &Path,
    known: &Known,
    about: About,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<u8>> {
    workers::yield_to_the_service();
    let host = Beside { workers: Workers::default(), alone: Alone(go_on) };
    let terms = terms(known);
    let read = || find(load::read_file(path, Work::Suspects, terms, &host)?, known, about, terms, &host);
    read().map_err(|error| host.workers.explain(error))
}

/// Reads what must be there before a fork: in the child its lock might be held for ever.
pub fn prepare() {
    catalogue::ready();
}

fn terms(known: &Known) -> Terms {
    Terms { salvage: false, budget: Budget::new(None), held: suspects::held(&known.places) }
}

fn find(
    (graph, origin): (Graph, Origin),
    known: &Known,
    about: About,
    terms: Terms,
    host: &dyn Host,
) -> Result<Vec<u8>> {
    let needs = Needs { edges: true, names: true, ..Needs::default() };
    let analysis = engine::analyze(graph, needs, host)?;
    let Known { mut places, mut seen, .. } = known.beside(about);
    let scripts = Scripts::new(&analysis.graph);
    let walk = Walk::count(&mut places, &analysis.graph, &analysis.essential, &scripts, host)?;
    suspects::admit(&analysis.graph, Work::Suspects, &places, &origin, terms)?;
    seen.push(Seen {
        path: None,
        at: Some(about.at),
        total_size: analysis.total_size(),
        nodes: analysis.graph.node_count(),
    });
    let last = Last { analysis: &analysis, walk: &walk, scripts: &scripts, places: &places };
    let mut report = suspects::conclude(&last, seen.clone(), Vec::new(), SUSPECTS, host)?;
    report.redacted = about.redacted;
    let report = json(&report)?;
    seen.drain(..seen.len().saturating_sub(kept::HEAPS));
    let head = json(&Head { report, seen, redacted: about.redacted })?;
    let mut answer = (head.len() as u64).to_le_bytes().to_vec();
    answer.extend(head.as_bytes());
    answer.extend(kept::encode(&places));
    Ok(answer)
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::AnalysisFailed(format!("the report is no JSON: {error}")))
}

/// The report in an answer, and what the next is compared with.
///
/// # Errors
/// `AnalysisFailed`: it is none.
pub fn take(answer: &[u8]) -> Result<(String, Known)> {
    let parts = || {
        let (length, rest) = answer.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (head, kept) = rest.split_at_checked(length)?;
        let head: Head = serde_json::from_slice(head).ok()?;
        let known = Known { places: kept::decode(kept)?, seen: head.seen, redacted: head.redacted };
        Some((head.report, known))
    };
    parts().ok_or_else(|| Error::AnalysisFailed("what a child has said is no report".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// A server whose variable `sessions` holds an array of `count` objects.
    fn heap(count: usize) -> String {
        let entries: String = (0..count).map(|at| format!(",3,5,{},64,0", 100 + at * 2)).collect();
        let edges: String = (0..count).map(|at| format!(",1,{at},{}", (3 + at) * 5)).collect();
        format!(
            r#"{{"snapshot":{{"meta":{{"node_fields":["type","name","id","self_size","edge_count"],
            "node_types":[["hidden","array","string","object","code","closure","regexp","number","native","synthetic"],
            "string","number","number","number"],"edge_fields":["type","name_or_index","to_node"],
            "edge_types":[["context","element","property","internal","hidden","shortcut","weak"],"string_or_number","node"]}},
            "node_count":{},"edge_count":{}}},"nodes":[9,1,1,0,1,3,2,3,48,1,3,3,5,48,{count}{entries}],
            "edges":[5,2,5,2,4,10{edges}],"strings":["","(root)","global / server","Array","sessions","Session"]}}"#,
            3 + count,
            2 + count
        )
    }

    fn read(count: usize, known: &Known, at: f64) -> (Value, Known) {
        let json = heap(count).into_bytes();
        let bytes = json.len() as u64;
        let about = About { at, redacted: true };
        let answer = read_here(Box::new(std::io::Cursor::new(json)), bytes, known, about, &|| true).unwrap();
        let (report, known) = take(&answer).unwrap();
        (serde_json::from_str(&report).unwrap(), known)
    }

    #[test]
    fn the_second_report_speaks_of_growth() {
        let (first, known) = read(1000, &Known::default(), 60_000.0);
        assert_eq!((first["confidence"].as_str(), first["redacted"].as_bool()), (Some("size"), Some(true)));
        let (second, known) = read(3000, &known, 120_000.0);
        assert_eq!(
            (second["confidence"].as_str(), second["verdict"].as_str()),
            (Some("growth"), Some("leak"))
        );
        let growth = &second["suspects"][0]["growth"];
        assert_eq!(growth["perSnapshot"], serde_json::json!([1000, 3000]));
        assert_eq!(growth["perMinute"].as_f64(), Some(2000.0));
        let (mut last, mut known) = (second, known);
        for at in 3..9 {
            (last, known) = read(3000, &known, f64::from(at) * 60_000.0);
        }
        assert_eq!(last["verdict"], "none", "it has ended long ago");
        assert_eq!(last["snapshots"].as_array().map(Vec::len), Some(kept::HEAPS + 1));
        drop(known);
    }

    #[test]
    fn who_does_not_want_it_ends_it() {
        let json = heap(10).into_bytes();
        let bytes = json.len() as u64;
        let about = About { at: 0.0, redacted: false };
        let json = Box::new(std::io::Cursor::new(json));
        let result = read_here(json, bytes, &Known::default(), about, &|| false);
        assert_eq!(result.unwrap_err().code(), "HEAPWARDEN_ABORTED");
        assert_eq!(take(b"nothing").unwrap_err().code(), "HEAPWARDEN_ANALYSIS_FAILED");
    }
}
