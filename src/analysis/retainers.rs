//! Who holds something.

use super::load::{self, Terms};
use super::source::FileOrStdin;
use super::workers::Workers;
use crate::error::{Error, Result};
use crate::heap::engine::Needs;
use crate::heap::paths::{Paths, RetainingPath};
use crate::heap::{Host, Stage};

/// Whose paths are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The node with this id.
    Id(u64),
    /// The instances of this class.
    Class(String),
}

/// Reads a snapshot and finds up to `limit` paths. Empty: nothing holds it.
///
/// # Errors
/// `NotFound` when there is no such node or class; as [`load::load`].
pub fn find(
    place: &FileOrStdin,
    target: &Target,
    limit: usize,
    terms: Terms,
    workers: &Workers,
) -> Result<Vec<RetainingPath>> {
    let (analysis, origin) =
        load::load(place, Needs { edges: true, names: true, ..Needs::default() }, terms, workers)?;
    let name = origin.name();
    let graph = &analysis.graph;
    workers.progress(Stage::Tables, 0, 1);
    let members = match target {
        Target::Id(id) => {
            let node = graph.node_of_id(*id);
            vec![node.ok_or_else(|| Error::NotFound(format!("there is no node @{id} in {name}")))?]
        }
        Target::Class(class) => {
            let classes = analysis.classes.named(graph, class);
            let is_member = |node: &u32| classes.contains(&analysis.classes.of_node(*node));
            graph.nodes().filter(is_member).collect()
        }
    };
    if members.is_empty() {
        let Target::Class(class) = target else { return Ok(Vec::new()) };
        return Err(Error::NotFound(format!("there is no class {class:?} in {name}; `summary` lists them")));
    }
    let paths = Paths::new(&analysis, workers)?;
    Ok(match target {
        Target::Id(_) => paths.to_node(members[0], limit),
        Target::Class(_) => paths.to_class(&members, limit),
    })
}
