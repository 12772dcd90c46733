//! Whether the ids of two snapshots mean the same objects. V8 numbers objects anew in each process, and in one
//! process too unless it goes on tracking them; then the same number is somebody else.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::file::info::Header;
use crate::heap::{Graph, NodeKind};

/// Nodes looked at, at most.
const SAMPLE: usize = 100_000;
/// With fewer ids in common nothing can be said, unless that is a tenth of those looked at.
const LEAST: usize = 200;
/// Part of the common ids that must look the same. In two snapshots of one process that goes on tracking it is 99 to
/// 100%, in others 0 to 30%.
const SAME: f64 = 0.9;

/// Nodes to tell by: they live long and are of many kinds. Ids of what dies young tell less even in one process: V8
/// gives the id of a dead object to one that comes to lie in its place before the next snapshot.
fn is_telling(graph: &Graph, node: u32) -> bool {
    match graph.kind(node) {
        NodeKind::CLOSURE | NodeKind::REGEXP => true,
        kind => matches!(graph.kind_name(kind), "object shape" | "symbol"),
    }
}

/// What is remembered of a snapshot to tell its objects by.
#[derive(Debug)]
pub struct Identity {
    header: Option<Header>,
    // Ids are looked at that divide by it.
    stride: u64,
    // By id: type and name.
    looks: HashMap<u64, u64>,
}

/// The answer, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Objects with the same id are the same.
    pub comparable: bool,
    /// For the reader.
    pub reason: String,
}

impl Verdict {
    fn new(comparable: bool, reason: impl Into<String>) -> Self {
        Self { comparable, reason: reason.into() }
    }
}

impl Identity {
    /// Remembers the earlier snapshot.
    pub fn of(graph: &Graph, header: Option<Header>) -> Self {
        let telling = |node: &u32| is_telling(graph, *node);
        let stride = (graph.nodes().filter(telling).count() / SAMPLE + 1) as u64;
        let looks = sample(graph, stride).filter(telling).map(|node| (graph.id(node), look(graph, node)));
        let looks = looks.collect();
        Self { header, stride, looks }
    }

    /// Compares it with the later one. `forced`: what the caller knows.
    pub fn judge(&self, graph: &Graph, header: Option<&Header>, forced: Option<bool>) -> Verdict {
        match forced {
            Some(true) => return Verdict::new(true, "ids: true was given"),
            Some(false) => return Verdict::new(false, "ids: false was given"),
            None => {}
        }
        match (&self.header, header) {
            (Some(before), Some(after)) => match differs(before, after) {
                Some(reason) => Verdict::new(false, reason),
                None => match self.contradicted(graph) {
                    Some(reason) => Verdict::new(false, reason),
                    None => {
                        Verdict::new(true, format!("both are of process {}, taken with stableIds", after.pid))
                    }
                },
            },
            (None, None) => self.evidence(graph),
            _ => Verdict::new(false, "only one of the files tells which process it is of"),
        }
    }

    /// How many ids both have, and how many of them look the same.
    fn count(&self, graph: &Graph) -> (usize, usize) {
        let mut counts = (0, 0);
        for node in sample(graph, self.stride) {
            if let Some(known) = self.looks.get(&graph.id(node)) {
                counts.0 += 1;
                counts.1 += usize::from(*known == look(graph, node));
            }
        }
        counts
    }

    /// The metadata may lie: containers give the same process id to all.
    fn contradicted(&self, graph: &Graph) -> Option<String> {
        let (common, same) = self.count(graph);
        let share = share(same, common);
        (common > 0 && share < SAME).then(|| {
            let percent = (share * 100.0).floor();
            format!("the files say that they are of one process, but {percent:.0}% only of what has the same id looks the same")
        })
    }

    fn evidence(&self, graph: &Graph) -> Verdict {
        let (common, same) = self.count(graph);
        let percent = (share(same, common) * 100.0).floor();
        if common < LEAST.min(self.looks.len() / 10).max(1) {
            return Verdict::new(false, "the files do not tell, and hardly an id is in both");
        }
        if share(same, common) < SAME {
            return Verdict::new(
                false,
                format!(
                    "the files do not tell, and only {percent:.0}% of what has the same id looks the same"
                ),
            );
        }
        Verdict::new(
            true,
            format!(
                "judged by evidence: of functions and the like with the same id, {percent:.0}% have the same name; \
                 another process of the same program might look alike"
            ),
        )
    }
}

/// Why two files of ours are not of one numbering.
fn differs(before: &Header, after: &Header) -> Option<String> {
    if before.pid != after.pid {
        return Some(format!("they are of two processes, {} and {}", before.pid, after.pid));
    }
    if before.thread_id != after.thread_id {
        return Some(format!("they are of two threads, {} and {}", before.thread_id, after.thread_id));
    }
    if before.node_version != after.node_version {
        let (before, after) = (&before.node_version, &after.node_version);
        return Some(format!("they are of two Node.js versions, {before} and {after}"));
    }
    let missing = match (before.stable_ids, after.stable_ids) {
        (true, true) => return None,
        (true, false) => "the later one was",
        (false, true) => "the earlier one was",
        (false, false) => "they were",
    };
    Some(format!("{missing} taken without stableIds"))
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The nodes with these ids, whichever snapshot they are in. V8's are odd, so they are halved first.
fn sample(graph: &Graph, stride: u64) -> impl Iterator<Item = u32> + '_ {
    graph.nodes().filter(move |node| (graph.id(*node) >> 1).is_multiple_of(stride))
}

fn look(graph: &Graph, node: u32) -> u64 {
    let mut hasher = DefaultHasher::new();
    graph.kind(node).hash(&mut hasher);
    graph.strings().text(graph.name(node)).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::info::Mode;
    use crate::heap::{Options, Quiet, parse};

    /// `changed` of 1000 nodes have another name; ids begin at `first`.
    fn graph(changed: usize, first: u64) -> Graph {
        let mut json = r#"{"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count"],
            "node_types":[["hidden","array","string","object","code","closure"],"string","number","number","number"],
            "edge_fields":["type","name_or_index","to_node"],"edge_types":[["context"],"string_or_number","node"]},
            "node_count":1000,"edge_count":0},"nodes":["#
            .to_owned();
        let rows: Vec<String> = (0..1000_usize)
            .map(|node| format!("5,{},{},8,0", usize::from(node < changed), first + node as u64 * 2))
            .collect();
        json += &rows.join(",");
        json += r#"],"edges":[],"strings":["a","b"]}"#;
        parse(json.as_bytes(), Options::default(), &Quiet).unwrap().graph
    }

    fn header(change: impl FnOnce(&mut Header)) -> Option<Header> {
        let mut header = Header::new(1.0, Mode::Fork, "t");
        header.stable_ids = true;
        header.pid = 7;
        change(&mut header);
        Some(header)
    }

    fn judge(before: Option<Header>, after: Option<&Header>, graph: &Graph) -> Verdict {
        Identity::of(&self::graph(0, 1), before).judge(graph, after, None)
    }

    #[test]
    fn the_files_own_words() {
        let same = graph(0, 1);
        let verdict = judge(header(|_| {}), header(|_| {}).as_ref(), &same);
        assert!(verdict.comparable && verdict.reason.contains("process 7"), "{verdict:?}");
        for (change, says) in [
            ((|h| h.pid = 8) as fn(&mut Header), "two processes, 7 and 8"),
            (|h| h.thread_id = 3, "two threads"),
            (|h| h.node_version = "v99".into(), "two Node.js versions"),
            (|h| h.stable_ids = false, "the later one was taken without stableIds"),
        ] {
            let verdict = judge(header(|_| {}), header(change).as_ref(), &same);
            assert!(!verdict.comparable && verdict.reason.contains(says), "{verdict:?}");
        }
        assert!(!judge(header(|_| {}), None, &same).comparable);
    }

    #[test]
    fn containers_number_processes_alike() {
        let verdict = judge(header(|_| {}), header(|_| {}).as_ref(), &graph(500, 1));
        assert!(!verdict.comparable && verdict.reason.contains("50% only"), "{verdict:?}");
    }

    #[test]
    fn without_words_the_evidence() {
        for (changed, first, comparable, says) in [
            (0, 1, true, "100% have the same name"),
            (99, 1, true, "90% have"),
            (101, 1, false, "only 89%"),
            (0, 1801, true, "judged by evidence"),
            (0, 1901, false, "hardly an id"),
            (0, 100_001, false, "hardly an id"),
        ] {
            let verdict = judge(None, None, &graph(changed, first));
            assert!(verdict.comparable == comparable && verdict.reason.contains(says), "{verdict:?}");
        }
    }

    #[test]
    fn who_knows_better_is_believed() {
        let identity = Identity::of(&graph(0, 1), header(|_| {}));
        assert!(identity.judge(&graph(900, 1), None, Some(true)).comparable);
        assert!(!identity.judge(&graph(0, 1), header(|_| {}).as_ref(), Some(false)).comparable);
    }
}
