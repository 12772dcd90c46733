//! How much memory an analysis will take, and whether there is that much. Asked before it starts, and again
//! while it reads: what a header claims need not be so.

use std::io::{self, Read};

use crate::error::{Error, Result};
use crate::file::fault;
use crate::heap::Held;
use crate::heap::engine::Analysis;
use crate::json::outline;
use crate::probe::cgroup::Cgroup;
use crate::probe::limits;
use crate::units::print_bytes;

/// What is done with a snapshot once it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Who is there, to be compared.
    Compare,
    /// Classes, sizes, statistics.
    Summary,
    /// The same, and the names of edges are kept.
    Paths,
    /// Suspects and a summary of one reading.
    Report,
    /// The ways on which everything is held, to be compared with a later snapshot's.
    Growth,
    /// As for paths, with these ways, and who holds what on them.
    Suspects,
}

/// Bytes at the peak, per node and per edge, strings apart. Measured: 30 and 8 for a comparison, 45 and 8 for a summary,
/// 48 and 12 for paths, on snapshots of 1.7 to 17 million nodes (the summary: the peak rss of `heapwarden summary` less an
/// empty Node's, at 2.8 and 17 million); here a tenth more. Ways alone, of 2.2 and 2.8 million nodes: 27 to 30 and 8. Suspects,
/// of 2.4 and 3.1 million: 50 and 8, and up to 12 where few edges are the first to reach a node.
impl Work {
    const fn per_node(self) -> u64 {
        match self {
            Self::Compare => 34,
            Self::Summary => 50,
            // Groups of instances take 8 on top, for as long as they are told apart.
            Self::Paths => 60,
            // What waits to be visited has eight at most, and half of that again while there is more of it.
            Self::Growth => 38,
            Self::Suspects => 55,
            Self::Report => 64,
        }
    }

    const fn per_edge(self) -> u64 {
        match self {
            Self::Compare | Self::Summary | Self::Growth => 9,
            Self::Paths | Self::Report | Self::Suspects => 13,
        }
    }

    /// Where each ends, and what is noted of it by number. Measured on ten million empty ones: 10.7, and 14.7 for a summary,
    /// which looks for texts that are there twice.
    const fn per_string(self) -> u64 {
        match self {
            Self::Compare | Self::Paths | Self::Growth | Self::Suspects => 12,
            Self::Summary | Self::Report => 16,
        }
    }
}

/// Sixteen, and half of that again to sort them.
const LOCATION: u64 = 24;
/// A hash table's entry, which is there twice while the table grows.
const LARGE_NUMBER: u64 = 48;

/// Blocks read ahead, zstd's window, tables.
const BASE: u64 = 16 << 20;
/// JSON bytes of a node's and an edge's row: less than V8 writes for a heap worth looking at (21 and 14), so that
/// what is left for strings is not thought too little.
const NODE_ROW: u64 = 20;
const EDGE_ROW: u64 = 13;
/// The shortest rows there can be: `0,` for each field. More of them than fit are not believed.
const SHORTEST_NODE: u64 = 10;
const SHORTEST_EDGE: u64 = 6;
/// JSON bytes per node where nobody says how many there are, edges and strings included.
const JSON_PER_NODE: u64 = 70;
const EDGES_PER_NODE: u64 = 3;

/// What is known of a snapshot before it is parsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Nodes, as the JSON's head claims.
    pub nodes: Option<u64>,
    /// Edges, as the JSON's head claims.
    pub edges: Option<u64>,
    /// Bytes of JSON.
    pub json: Option<u64>,
}

impl Extent {
    /// From the JSON's first bytes.
    pub fn of(head: &[u8], json: Option<u64>) -> Self {
        let head = &head[..head.len().min(outline::HEAD)];
        Self { nodes: outline::node_count(head), edges: outline::edge_count(head), json }
    }

    /// Bytes at the peak. With nothing known at all: those that any snapshot needs.
    pub fn need(&self, work: Work) -> u64 {
        let most = |row: u64| self.json.map_or(u64::MAX, |json| json / row);
        let by_size = self.json.unwrap_or(0) / JSON_PER_NODE;
        let nodes = self.nodes.unwrap_or(by_size).min(most(SHORTEST_NODE));
        let edges =
            self.edges.unwrap_or_else(|| nodes.saturating_mul(EDGES_PER_NODE)).min(most(SHORTEST_EDGE));
        let rows = nodes.saturating_mul(NODE_ROW).saturating_add(edges.saturating_mul(EDGE_ROW));
        // How many strings there are is seen when they come.
        let text = self.json.unwrap_or(0).saturating_sub(rows);
        exact(&Held { nodes, edges, text, ..Held::default() }, work)
    }
}

/// Bytes at the peak for counts that are known.
pub fn exact(held: &Held, work: Work) -> u64 {
    let Held { nodes, edges, strings, text, locations, large_numbers } = *held;
    [
        (nodes, work.per_node()),
        (edges, work.per_edge()),
        (strings, work.per_string()),
        (text, 1),
        (locations, LOCATION),
        (large_numbers, LARGE_NUMBER),
    ]
    .iter()
    .fold(BASE, |sum, (count, each)| sum.saturating_add(count.saturating_mul(*each)))
}

/// Bytes that `count` places of growth take, with what `snapshots` have in each.
pub fn places(count: u64, snapshots: u64) -> u64 {
    count.saturating_mul(PLACE.saturating_add(PLACE_COUNT.saturating_mul(snapshots)))
}

/// A place's step, and an entry of the table they are found by, which is half empty or there twice while it grows.
const PLACE: u64 = 100;
/// Objects, their own bytes, and those of all that hangs from them.
const PLACE_COUNT: u64 = 20;

/// Bytes of a class's row: as it is made, as JSON, and in JavaScript. Not all at once, but never less than two of them.
pub const ROW: u64 = 240;

/// Bytes that the rows of all classes take, on their way to the caller. A snapshot may have a class for each of its nodes.
pub fn rows(analysis: &Analysis) -> u64 {
    let Analysis { graph, classes, .. } = analysis;
    let names = (0..classes.len() as u32).map(|class| classes.text(graph, class).len() as u64);
    names.map(|name| ROW + 2 * name).sum()
}

/// What an analysis may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    // `None`: nobody knows.
    most: Option<u64>,
    given: bool,
}

impl Budget {
    /// `most`: the caller's `maxMemory`. Without it, nine tenths of what the container or the machine has left:
    /// the service goes on allocating meanwhile.
    pub fn new(most: Option<u64>) -> Self {
        let left = || limits::room(Cgroup::detect().as_ref()).map(|left| left.bytes / 10 * 9);
        Self { most: most.or_else(left), given: most.is_some() }
    }

    /// # Errors
    /// `MemoryBudget` with the figures.
    pub fn admit(&self, need: u64, what: &str) -> Result<()> {
        let Some(most) = self.most.filter(|most| *most < need) else { return Ok(()) };
        let whose = if self.given {
            "maxMemory allows"
        } else {
            "nine tenths of what the container or the machine has left are"
        };
        Err(Error::MemoryBudget(format!(
            "the analysis of {what} needs about {}, and {whose} {}; raise the limit or maxMemory, or analyse it \
             on another machine",
            print_bytes(need),
            print_bytes(most)
        )))
    }
}

/// Passes bytes on until they are more than the budget's.
pub struct Guard<R> {
    inner: R,
    extent: Extent,
    work: Work,
    budget: Budget,
    // Held by other snapshots of the same comparison.
    held: u64,
    what: String,
    bytes: u64,
    next: u64,
}

/// Bytes of JSON between two looks.
const STEP: u64 = 4 << 20;

impl<R: Read> Guard<R> {
    /// Admits what `extent` says, at once.
    ///
    /// # Errors
    /// `MemoryBudget`.
    pub fn new(inner: R, extent: Extent, work: Work, budget: Budget, held: u64, what: &str) -> Result<Self> {
        budget.admit(extent.need(work).saturating_add(held), what)?;
        let what = what.to_owned();
        Ok(Self { inner, extent, work, budget, held, what, bytes: 0, next: STEP })
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.bytes += n as u64;
        if self.bytes >= self.next {
            self.next = self.bytes + STEP;
            let json = Some(self.bytes.max(self.extent.json.unwrap_or(0)));
            let need = Extent { json, ..self.extent }.need(self.work).saturating_add(self.held);
            self.budget.admit(need, &self.what).map_err(fault::wrap)?;
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = br#"{"snapshot":{"meta":{},"node_count":1000000,"edge_count":3000000,"#;
    const MIB: u64 = 1 << 20;

    #[test]
    fn counts_say_more_than_the_size() {
        let known = Extent::of(HEAD, Some(80 * MIB));
        assert_eq!((known.nodes, known.edges), (Some(1_000_000), Some(3_000_000)));
        let need = known.need(Work::Summary);
        assert!((60 * MIB..120 * MIB).contains(&need), "{}", print_bytes(need));
        assert!(known.need(Work::Paths) > need);
        assert!(known.need(Work::Suspects) > known.need(Work::Growth));
        let unknown = Extent { json: Some(80 * MIB), ..Extent::default() }.need(Work::Summary);
        assert!((need / 2..need * 2).contains(&unknown), "{}", print_bytes(unknown));
    }

    #[test]
    fn claims_that_cannot_be_are_left_to_the_parser() {
        let lie = Extent { nodes: Some(1_000_000_000), edges: Some(u64::MAX), json: Some(1024) };
        assert!(lie.need(Work::Summary) < BASE + MIB);
        assert_eq!(Extent { json: None, ..lie }.need(Work::Summary), u64::MAX);
    }

    #[test]
    fn a_refusal_has_the_figures() {
        let error = Budget::new(Some(100_000_000)).admit(200_000_000, "x.heapsnapshot").unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_MEMORY_BUDGET");
        let text = error.to_string();
        assert!(text.contains("x.heapsnapshot") && text.contains("maxMemory allows"), "{text}");
        assert!(Budget::new(Some(100)).admit(100, "x").is_ok());
        // Whatever this machine has left, it has not got this much.
        #[cfg(target_os = "linux")]
        assert!(Budget::new(None).admit(u64::MAX, "x").is_err());
    }

    #[test]
    fn a_stream_that_goes_on_is_stopped_where_it_passes_the_budget() {
        let budget = Budget::new(Some(BASE + 50 * MIB));
        let extent = Extent { nodes: Some(10), edges: Some(10), json: None };
        let endless = io::repeat(b' ');
        let mut guard = Guard::new(endless, extent, Work::Summary, budget, 0, "stdin").unwrap();
        let mut read = 0;
        let error = loop {
            match guard.read(&mut [0; 65536]) {
                Ok(n) => read += n as u64,
                Err(error) => break fault::unwrap(error),
            }
        };
        assert_eq!(error.code(), "HEAPWARDEN_MEMORY_BUDGET");
        assert!((40 * MIB..60 * MIB).contains(&read), "{read}");
        assert!(Guard::new(io::empty(), extent, Work::Summary, budget, 60 * MIB, "stdin").is_err());
    }
}
