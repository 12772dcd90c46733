//! JSON → [`Graph`], in one pass over the bytes and with memory in proportion to what was read, whatever the
//! header claims.

use std::io::Read;

use super::columns::{Edges, Nodes};
use super::cursor::{After, Scan, corrupt};
use super::meta::{EdgeLayout, FIELDS, Header, LocationLayout, NodeLayout};
use super::parallel::Halves;
use super::{salvage, section};
use crate::error::{Error, Result};
use crate::heap::graph::Graph;
use crate::heap::host::Host;

/// Ordinals have 32 bits, and `dominators` needs one of a node's. Their JSON would have 50 GB and more.
const MOST_NODES: u64 = (1 << 31) - 2;
const MOST_EDGES: u64 = u32::MAX as u64 - 1;
/// Rows are not reserved for beyond this many unless the bytes for them are known to be there.
const TRUSTED: u64 = 1 << 16;
/// Nor beyond this many at all, which is some 70 MB: the length of a compressed file's content is what the file
/// says it is. Longer columns double as they fill.
const RESERVED: u64 = 1 << 22;

/// How to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Bytes of JSON there will be, when that is known: better reservations, and progress in percent.
    pub total: Option<u64>,
    /// A file that is cut behind its nodes gives what is there, see [`Parsed::damage`].
    pub salvage: bool,
}

/// A snapshot that was read.
#[derive(Debug)]
pub struct Parsed {
    /// Its nodes and edges.
    pub graph: Graph,
    /// Only when salvaging: what is wrong with the file, and at which byte.
    pub damage: Option<String>,
}

/// Reads a snapshot.
///
/// # Errors
/// `CorruptSnapshot` names the byte of the JSON that cannot stand there, `Unsupported` a snapshot with more than
/// 2³¹ − 2 nodes or 2³² − 2 edges, `Aborted` when the host wants an end, and what it says where too much is held.
pub fn parse(source: impl Read, options: Options, host: &dyn Host) -> Result<Parsed> {
    let mut parser = Parser {
        scan: Scan::new(source, options.total, host),
        graph: Graph::default(),
        layout: None,
        nodes: false,
        edges: false,
        strings: false,
        widest: Widest::default(),
    };
    let damage = match parser.snapshot() {
        Ok(()) => None,
        Err(Error::CorruptSnapshot(what)) if options.salvage && parser.nodes => {
            salvage::complete(&mut parser.graph, parser.edges);
            Some(what)
        }
        Err(error) => return Err(error),
    };
    Ok(Parsed { graph: parser.graph, damage })
}

/// The largest string index seen, and where: strings come last.
#[derive(Debug, Default)]
pub(super) struct Widest {
    index: u64,
    at: u64,
}

impl Widest {
    #[inline]
    pub(super) fn see(&mut self, index: u64, at: u64) {
        if index > self.index {
            *self = Self { index, at };
        }
    }

    /// What was seen in bytes that begin at `base`.
    pub(super) fn see_all(&mut self, other: &Self, base: u64) {
        self.see(other.index, base + other.at);
    }
}

struct Layout {
    header: Header,
    nodes: NodeLayout,
    edges: EdgeLayout,
    locations: Option<LocationLayout>,
}

struct Parser<'a, R> {
    scan: Scan<'a, R>,
    graph: Graph,
    layout: Option<Layout>,
    nodes: bool,
    edges: bool,
    strings: bool,
    widest: Widest,
}

impl<R: Read> Parser<'_, R> {
    fn snapshot(&mut self) -> Result<()> {
        self.scan.expect(b'{')?;
        loop {
            let at = self.scan.offset();
            let name = section::key(&mut self.scan)?;
            self.scan.expect(b':')?;
            match name.as_slice() {
                b"snapshot" => self.header()?,
                b"nodes" => self.nodes(at)?,
                b"edges" => self.edges(at)?,
                b"locations" => self.locations(at)?,
                b"strings" => self.strings()?,
                _ => section::skip(&mut self.scan)?,
            }
            if self.scan.after(b'}')? == After::End {
                break;
            }
        }
        if let found @ Some(_) = self.scan.token()? {
            return Err(self.scan.unexpected(found, "the end"));
        }
        for (there, name) in [(self.nodes, "nodes"), (self.edges, "edges"), (self.strings, "strings")] {
            if !there {
                return Err(self.scan.corrupt(format_args!("it has no \"{name}\"")));
            }
        }
        Ok(())
    }

    fn header(&mut self) -> Result<()> {
        let at = self.scan.offset();
        if self.layout.is_some() {
            return Err(corrupt(at, "\"snapshot\" stands there twice"));
        }
        let bytes = section::value(&mut self.scan)?;
        let header: Header = serde_json::from_slice(&bytes)
            .map_err(|error| corrupt(at, format_args!("\"snapshot\" cannot be understood: {error}")))?;
        let wrong = |what: String| corrupt(at, what);
        let (nodes, edges) = (header.nodes().map_err(wrong)?, header.edges().map_err(wrong)?);
        let locations = header.locations().map_err(wrong)?;
        if header.node_count > MOST_NODES || header.edge_count > MOST_EDGES {
            return Err(Error::Unsupported(format!(
                "the snapshot says it has {} nodes and {} edges: at most {MOST_NODES} and {MOST_EDGES} can be read",
                header.node_count, header.edge_count
            )));
        }
        self.graph.kind_names.clone_from(&nodes.kind_names);
        self.graph.edge_kind_names.clone_from(&edges.kind_names);
        self.graph.extra_native_bytes = header.extra_native_bytes;
        self.layout = Some(Layout { header, nodes, edges, locations });
        Ok(())
    }

    fn nodes(&mut self, at: u64) -> Result<()> {
        let Some(layout) = self.layout.as_ref().filter(|_| !self.nodes) else {
            return Err(corrupt(at, "\"nodes\" stands before \"snapshot\", or twice"));
        };
        let (scan, graph, of) = (&mut self.scan, &mut self.graph, &layout.nodes);
        let claimed = layout.header.node_count;
        let room = room(claimed, of.fields, scan.left());
        graph.kinds.reserve_exact(room);
        graph.names.reserve_exact(room);
        graph.ids.reserve(room);
        graph.self_sizes.reserve(room);
        graph.first_edges.reserve_exact(room + 1);
        graph.detachedness = of.detachedness.map(|_| Vec::with_capacity(room));
        let mut row = [0; FIELDS];
        let mut edges = 0_u64;
        let mut more = section::open(scan)?;
        let mut halves = Halves::<Nodes>::default();
        while more {
            let at = scan.offset();
            scan.weigh(|| graph.held())?;
            if graph.kinds.len() as u64 >= claimed {
                return Err(corrupt(
                    at,
                    format_args!("there are more nodes than the header says: {claimed}"),
                ));
            }
            let most = layout.header.edge_count;
            if let Some(after) = halves.next(scan, of, graph, &mut self.widest, &mut edges, most)? {
                more = after == After::Comma;
                continue;
            }
            more = scan.row(&mut row[..of.fields])? == After::Comma;
            let Some(kind) = of.kinds.get(row[of.kind % FIELDS] as usize) else {
                return Err(corrupt(at, format_args!("there is no node type {}", row[of.kind])));
            };
            let name = row[of.name % FIELDS];
            self.widest.see(name, at);
            graph.kinds.push(*kind);
            graph.names.push(name as u32);
            graph.ids.push(row[of.id % FIELDS]);
            graph.self_sizes.push(row[of.self_size % FIELDS]);
            graph.first_edges.push(edges as u32);
            if let (Some(field), Some(states)) = (of.detachedness, &mut graph.detachedness) {
                states.push((row[field % FIELDS] & 3) as u8);
            }
            edges += row[of.edge_count % FIELDS].min(1 << 32);
            if edges > layout.header.edge_count {
                return Err(corrupt(at, "the nodes have more edges than \"edge_count\" says"));
            }
        }
        graph.first_edges.push(edges as u32);
        count(scan, "nodes", graph.kinds.len(), claimed)?;
        if edges != layout.header.edge_count {
            let said = layout.header.edge_count;
            return Err(
                scan.corrupt(format_args!("the nodes have {edges} edges, \"edge_count\" says {said}"))
            );
        }
        let root = layout.header.root_index;
        graph.root = (root / of.fields as u64) as u32;
        if root % of.fields as u64 != 0 || root / of.fields as u64 >= claimed {
            return Err(scan.corrupt(format_args!("there is no node at \"root_index\" {root}")));
        }
        self.nodes = true;
        Ok(())
    }

    fn edges(&mut self, at: u64) -> Result<()> {
        let Some(layout) = self.layout.as_ref().filter(|_| self.nodes && !self.edges) else {
            return Err(corrupt(at, "\"edges\" stands before \"nodes\", or twice"));
        };
        let (scan, graph, of) = (&mut self.scan, &mut self.graph, &layout.edges);
        let claimed = layout.header.edge_count;
        graph.reserve_edges(room(claimed, of.fields, scan.left()));
        let node = Ordinal::new(layout.nodes.fields as u64, u64::from(graph.node_count()));
        let mut row = [0; FIELDS];
        let mut more = section::open(scan)?;
        let terms = (of.clone(), node);
        let node = &terms.1;
        let mut halves = Halves::<Edges>::default();
        let mut edges = 0;
        while more {
            let at = scan.offset();
            scan.weigh(|| graph.held())?;
            if let Some(after) = halves.next(scan, &terms, graph, &mut self.widest, &mut edges, claimed)? {
                more = after == After::Comma;
                continue;
            }
            more = scan.row(&mut row[..of.fields])? == After::Comma;
            let Some(kind) = of.kinds.get(row[of.kind % FIELDS] as usize) else {
                return Err(corrupt(at, format_args!("there is no edge type {}", row[of.kind])));
            };
            let label = row[of.label % FIELDS];
            if !kind.is_numbered() {
                self.widest.see(label, at);
            }
            let Some(target) = node.of(row[of.target % FIELDS]) else {
                return Err(corrupt(at, format_args!("there is no node at {}", row[of.target])));
            };
            graph.push_edge(*kind, label, target);
            edges += 1;
            if edges > claimed {
                return Err(corrupt(at, "there are more edges than \"edge_count\" says"));
            }
        }
        count(scan, "edges", graph.targets.len(), claimed)?;
        self.edges = true;
        Ok(())
    }

    fn locations(&mut self, at: u64) -> Result<()> {
        let Some(layout) = self.layout.as_ref().filter(|_| self.nodes) else {
            return Err(corrupt(at, "\"locations\" stands before \"nodes\""));
        };
        let Some(of) = &layout.locations else { return section::skip(&mut self.scan) };
        let node = Ordinal::new(layout.nodes.fields as u64, u64::from(self.graph.node_count()));
        section::locations(&mut self.scan, of, &mut self.graph, |index| node.of(index))
    }

    fn strings(&mut self) -> Result<()> {
        if self.strings {
            return Err(self.scan.corrupt("\"strings\" stands there twice"));
        }
        section::strings(&mut self.scan, &mut self.graph)?;
        let (Widest { index, at }, count) = (&self.widest, self.graph.strings.len());
        if self.nodes && *index >= count as u64 {
            return Err(corrupt(*at, format_args!("there is no string {index}, only {count} are there")));
        }
        self.strings = true;
        Ok(())
    }
}

/// How many rows to reserve for: what is claimed, if the bytes that can still come could hold it.
fn room(claimed: u64, fields: usize, left: Option<u64>) -> usize {
    // A digit and a comma for each field.
    let possible = left.map_or(TRUSTED, |left| left / (2 * fields as u64) + 1);
    claimed.min(possible).min(RESERVED) as usize
}

fn count<R: Read>(scan: &Scan<R>, what: &str, found: usize, claimed: u64) -> Result<()> {
    if found as u64 == claimed {
        return Ok(());
    }
    Err(scan.corrupt(format_args!("there are {found} {what}, the header says {claimed}")))
}

/// Index into the flat array of nodes → ordinal, without a division for each edge.
pub(super) struct Ordinal {
    fields: u64,
    nodes: u64,
    magic: u64,
}

impl Ordinal {
    fn new(fields: u64, nodes: u64) -> Self {
        Self { fields, nodes, magic: u64::MAX / fields.max(1) + 1 }
    }

    #[inline]
    pub(super) fn of(&self, index: u64) -> Option<u32> {
        // Exact for multiples: magic × fields is at most `fields` above 2⁶⁴.
        let ordinal = if self.fields == 1 {
            index
        } else {
            ((u128::from(index) * u128::from(self.magic)) >> 64) as u64
        };
        (ordinal < self.nodes && ordinal * self.fields == index).then_some(ordinal as u32)
    }
}

#[cfg(test)]
mod tests;
