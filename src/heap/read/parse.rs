//! JSON → [`Graph`], in one pass over the bytes and with memory in proportion to what was read, whatever the
//! preamble claims.

use std::io::Read;

use super::blocks::Blocks;
use super::columns::{Edges, Nodes};
use super::cursor::{After, Cursor, corrupt};
use super::layout::{EdgeLayout, LocationLayout, NodeLayout};
use super::references::{LargestName, NodeIndex};
use super::{salvage, section};
use crate::error::{Error, Result};
use crate::heap::graph::Graph;
use crate::heap::host::Host;
use crate::json::meta::{FIELDS, Preamble};

/// Numbers of nodes have 32 bits, and `dominators` needs one of a node's. Their JSON would have 50 GB and more.
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
        cursor: Cursor::new(source, options.total, host),
        graph: Graph::default(),
        layout: None,
        nodes: false,
        edges: false,
        strings: false,
        largest_name: LargestName::default(),
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

/// What the snapshot says before its rows begin.
struct Claims {
    nodes: u64,
    edges: u64,
    /// Index into the flat list of nodes.
    root: u64,
    extra_native_bytes: u64,
}

impl Claims {
    fn of(preamble: &Preamble) -> Result<Self, String> {
        let missing = |name| move || format!("missing field `{name}`");
        Ok(Self {
            nodes: preamble.node_count()?.ok_or_else(missing("node_count"))?,
            edges: preamble.edge_count()?.ok_or_else(missing("edge_count"))?,
            root: preamble.root_index()?.unwrap_or(0),
            extra_native_bytes: preamble.extra_native_bytes()?.unwrap_or(0),
        })
    }
}

struct Layout {
    claims: Claims,
    nodes: NodeLayout,
    edges: EdgeLayout,
    locations: Option<LocationLayout>,
}

struct Parser<'a, R> {
    cursor: Cursor<'a, R>,
    graph: Graph,
    layout: Option<Layout>,
    nodes: bool,
    edges: bool,
    strings: bool,
    largest_name: LargestName,
}

impl<R: Read> Parser<'_, R> {
    fn snapshot(&mut self) -> Result<()> {
        self.cursor.expect(b'{')?;
        loop {
            let at = self.cursor.offset();
            let name = section::key(&mut self.cursor)?;
            self.cursor.expect(b':')?;
            match name.as_slice() {
                b"snapshot" => self.preamble()?,
                b"nodes" => self.nodes(at)?,
                b"edges" => self.edges(at)?,
                b"locations" => self.locations(at)?,
                b"strings" => self.strings()?,
                _ => section::skip(&mut self.cursor)?,
            }
            if self.cursor.after(b'}')? == After::End {
                break;
            }
        }
        if let found @ Some(_) = self.cursor.token()? {
            return Err(self.cursor.unexpected(found, "the end"));
        }
        for (there, name) in [(self.nodes, "nodes"), (self.edges, "edges"), (self.strings, "strings")] {
            if !there {
                return Err(self.cursor.corrupt(format_args!("it has no \"{name}\"")));
            }
        }
        Ok(())
    }

    fn preamble(&mut self) -> Result<()> {
        let at = self.cursor.offset();
        if self.layout.is_some() {
            return Err(corrupt(at, "\"snapshot\" stands there twice"));
        }
        let bytes = section::value(&mut self.cursor)?;
        let unclear = |what: String| corrupt(at, format_args!("\"snapshot\" cannot be understood: {what}"));
        let preamble = Preamble::read(&bytes).map_err(unclear)?;
        let claims = Claims::of(&preamble).map_err(unclear)?;
        let wrong = |what: String| corrupt(at, what);
        let meta = &preamble.meta;
        let (nodes, edges) = (NodeLayout::of(meta).map_err(wrong)?, EdgeLayout::of(meta).map_err(wrong)?);
        let locations = LocationLayout::of(meta).map_err(wrong)?;
        if claims.nodes > MOST_NODES || claims.edges > MOST_EDGES {
            return Err(Error::Unsupported(format!(
                "the snapshot says it has {} nodes and {} edges: at most {MOST_NODES} and {MOST_EDGES} can be read",
                claims.nodes, claims.edges
            )));
        }
        self.graph.kind_names.clone_from(&nodes.kind_names);
        self.graph.edge_kind_names.clone_from(&edges.kind_names);
        self.graph.extra_native_bytes = claims.extra_native_bytes;
        self.layout = Some(Layout { claims, nodes, edges, locations });
        Ok(())
    }

    fn nodes(&mut self, at: u64) -> Result<()> {
        let Some(layout) = self.layout.as_ref().filter(|_| !self.nodes) else {
            return Err(corrupt(at, "\"nodes\" stands before \"snapshot\", or twice"));
        };
        let (cursor, graph, of) = (&mut self.cursor, &mut self.graph, &layout.nodes);
        let claimed = layout.claims.nodes;
        let room = room(claimed, of.fields, cursor.left());
        graph.kinds.reserve_exact(room);
        graph.names.reserve_exact(room);
        graph.ids.reserve(room);
        graph.self_sizes.reserve(room);
        graph.first_edges.reserve_exact(room + 1);
        graph.detachedness = of.detachedness.map(|_| Vec::with_capacity(room));
        let mut row = [0; FIELDS];
        let mut edges = 0_u64;
        let mut more = section::open(cursor)?;
        let mut blocks = Blocks::<Nodes>::default();
        while more {
            let at = cursor.offset();
            cursor.weigh(|| graph.held())?;
            if graph.kinds.len() as u64 >= claimed {
                return Err(corrupt(
                    at,
                    format_args!("there are more nodes than the header says: {claimed}"),
                ));
            }
            let most = layout.claims.edges;
            if let Some(after) = blocks.next(cursor, of, graph, &mut self.largest_name, &mut edges, most)? {
                more = after == After::Comma;
                continue;
            }
            more = cursor.row(&mut row[..of.fields])? == After::Comma;
            let Some(kind) = of.kinds.get(row[of.kind % FIELDS] as usize) else {
                return Err(corrupt(at, format_args!("there is no node type {}", row[of.kind])));
            };
            let name = row[of.name % FIELDS];
            self.largest_name.see(name, at);
            graph.kinds.push(*kind);
            graph.names.push(name as u32);
            graph.ids.push(row[of.id % FIELDS]);
            graph.self_sizes.push(row[of.self_size % FIELDS]);
            graph.first_edges.push(edges as u32);
            if let (Some(field), Some(states)) = (of.detachedness, &mut graph.detachedness) {
                states.push((row[field % FIELDS] & 3) as u8);
            }
            edges += row[of.edge_count % FIELDS].min(1 << 32);
            if edges > layout.claims.edges {
                return Err(corrupt(at, "the nodes have more edges than \"edge_count\" says"));
            }
        }
        graph.first_edges.push(edges as u32);
        count(cursor, "nodes", graph.kinds.len(), claimed)?;
        if edges != layout.claims.edges {
            let said = layout.claims.edges;
            return Err(
                cursor.corrupt(format_args!("the nodes have {edges} edges, \"edge_count\" says {said}"))
            );
        }
        let root = layout.claims.root;
        graph.root = (root / of.fields as u64) as u32;
        if root % of.fields as u64 != 0 || root / of.fields as u64 >= claimed {
            return Err(cursor.corrupt(format_args!("there is no node at \"root_index\" {root}")));
        }
        self.nodes = true;
        Ok(())
    }

    fn edges(&mut self, at: u64) -> Result<()> {
        let Some(layout) = self.layout.as_ref().filter(|_| self.nodes && !self.edges) else {
            return Err(corrupt(at, "\"edges\" stands before \"nodes\", or twice"));
        };
        let (cursor, graph, of) = (&mut self.cursor, &mut self.graph, &layout.edges);
        let claimed = layout.claims.edges;
        graph.reserve_edges(room(claimed, of.fields, cursor.left()));
        let node = NodeIndex::new(layout.nodes.fields as u64, u64::from(graph.node_count()));
        let mut row = [0; FIELDS];
        let mut more = section::open(cursor)?;
        let terms = (of.clone(), node);
        let node = &terms.1;
        let mut blocks = Blocks::<Edges>::default();
        let mut edges = 0;
        while more {
            let at = cursor.offset();
            cursor.weigh(|| graph.held())?;
            if let Some(after) =
                blocks.next(cursor, &terms, graph, &mut self.largest_name, &mut edges, claimed)?
            {
                more = after == After::Comma;
                continue;
            }
            more = cursor.row(&mut row[..of.fields])? == After::Comma;
            let Some(kind) = of.kinds.get(row[of.kind % FIELDS] as usize) else {
                return Err(corrupt(at, format_args!("there is no edge type {}", row[of.kind])));
            };
            let label = row[of.label % FIELDS];
            if !kind.is_numbered() {
                self.largest_name.see(label, at);
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
        count(cursor, "edges", graph.targets.len(), claimed)?;
        self.edges = true;
        Ok(())
    }

    fn locations(&mut self, at: u64) -> Result<()> {
        let Some(layout) = self.layout.as_ref().filter(|_| self.nodes) else {
            return Err(corrupt(at, "\"locations\" stands before \"nodes\""));
        };
        let Some(of) = &layout.locations else { return section::skip(&mut self.cursor) };
        let node = NodeIndex::new(layout.nodes.fields as u64, u64::from(self.graph.node_count()));
        section::locations(&mut self.cursor, of, &mut self.graph, |index| node.of(index))
    }

    fn strings(&mut self) -> Result<()> {
        if self.strings {
            return Err(self.cursor.corrupt("\"strings\" stands there twice"));
        }
        section::strings(&mut self.cursor, &mut self.graph)?;
        let (LargestName { index, at }, count) = (&self.largest_name, self.graph.strings.len());
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

fn count<R: Read>(cursor: &Cursor<R>, what: &str, found: usize, claimed: u64) -> Result<()> {
    if found as u64 == claimed {
        return Ok(());
    }
    Err(cursor.corrupt(format_args!("there are {found} {what}, the header says {claimed}")))
}

#[cfg(test)]
mod tests;
