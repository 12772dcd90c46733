//! Retaining paths: why something is still in memory.
//!
//! It sees `super::graph`, `super::host`, `super::rules::scripts`, and of the engine's answers what [`Facts`] asks for.
//!
//! Only edges that retain count: a path says why something cannot be collected. Ways through user roots come
//! before ways through the system's, shorter ones before longer ones.
//!
//! **Architecture invariant:** a path decides nothing about the heap: which edge retains, which class a node is in, how far
//! it is, come from [`Facts`], so that tests can say them by hand. What V8 has in between and nobody wrote is left out of
//! the text only, never out of the steps.
//!
//! | file | what it does |
//! |---|---|
//! | `facts`, `analysed` | what is asked of an analysis, and the engine's answers |
//! | `readability` | which of two equally short ways reads better |
//! | `tree` | the shortest way to every node |
//! | `several` | other ways to one node |
//! | `pattern`, `way_patterns`, `merge`, `nest` | the ways to all instances of a class, counted by what they have in common |
//! | `known`, `parts`, `text` | paths in a developer's words |
//! | `step` | paths as data |
//!
//! What would tell: `tests` (small graphs in V8's manner, random ones against a naive twin), `__test__/analysis`.

mod analysed;
mod facts;
pub(super) mod known;
mod merge;
mod nest;
pub(super) mod parts;
mod pattern;
mod readability;
mod several;
mod step;
mod text;
mod tree;
mod way_patterns;

pub use facts::Facts;
pub use step::{NodeRef, RetainingPath, ScriptPlace, Step};

use self::readability::NameKinds;
use self::text::Writer;
pub(in crate::heap) use self::tree::Parents;
use self::tree::Tree;
use crate::error::Result;
use crate::heap::host::Host;
use crate::heap::rules::scripts::Scripts;

/// Paths that are given when nobody says how many.
pub const LIMIT: usize = 5;
/// Groups that are looked at for each path that is wanted: some may read alike.
const TRIES: usize = 4;

/// Finds paths; holds 8 bytes per node for it.
#[derive(Debug)]
pub struct Paths<'a, F: ?Sized> {
    facts: &'a F,
    name_kinds: NameKinds,
    tree: Tree,
    scripts: Scripts,
}

impl<'a, F: Facts + ?Sized> Paths<'a, F> {
    /// Walks the graph once.
    ///
    /// # Errors
    /// `Aborted` when the host wants an end.
    pub fn new(facts: &'a F, host: &dyn Host) -> Result<Self> {
        let name_kinds = NameKinds::new(facts.graph());
        let tree = Tree::new(facts, &name_kinds, host)?;
        Ok(Self { facts, name_kinds, tree, scripts: Scripts::new(facts.graph()) })
    }

    /// Up to `limit` paths to a node. The first is as short as any; the others differ from it as near to the node
    /// as possible, no two of the same pattern, the shorter ones first. None if nothing retains the node.
    pub fn to_node(&self, node: u32, limit: usize) -> Vec<RetainingPath> {
        let graph = self.facts.graph();
        if node >= graph.node_count() {
            return Vec::new();
        }
        let text = |way: &[u32]| self.writer().text(way, true, &|_| false);
        let ways = several::ways(self.facts, &self.tree, &self.name_kinds, &text, node, limit);
        ways.iter().map(|way| self.path(node, way, false, &|_| false)).collect()
    }

    /// The paths to `members`, the instances of one class, merged by pattern: the edges' types and names and the
    /// nodes' classes without indexes, keys and repetitions, and without names from a holder that has more than 16
    /// of them for one class. What retains most comes first; then the most instances; then the shortest. Steps and
    /// target are those of one instance. Instances that nothing retains are left out.
    ///
    /// Each instance is counted in one path, its shortest. If these are fewer than `limit`, then paths follow by
    /// which other holders hold instances *also*; what is held by another instance is no news.
    pub fn to_class(&self, members: &[u32], limit: usize) -> Vec<RetainingPath> {
        let groups =
            merge::groups(self.facts, &self.tree, &self.name_kinds, members, limit.saturating_mul(TRIES));
        let mut paths: Vec<RetainingPath> = Vec::new();
        for group in groups {
            if paths.len() >= limit {
                break;
            }
            let graph = self.facts.graph();
            let target = group.way.last().map_or(graph.root(), |edge| graph.target(*edge));
            let path = self.path(target, &group.way, true, &|edge| group.general.contains(&edge));
            // What is told apart by edges that nobody reads is not told twice.
            if !(group.also && paths.iter().any(|other| other.text == path.text)) {
                let (count, retained_size) = (Some(group.count), Some(group.retained));
                paths.push(RetainingPath { count, retained_size, also: group.also, ..path });
            }
        }
        paths
    }

    /// What there is to say of a node.
    pub fn node(&self, node: u32) -> NodeRef {
        NodeRef::new(self.facts, &self.scripts, node)
    }

    fn writer(&self) -> Writer<'_, F> {
        Writer {
            facts: self.facts,
            parents: &self.tree,
            name_kinds: &self.name_kinds,
            scripts: &self.scripts,
        }
    }

    fn path(&self, target: u32, way: &[u32], merged: bool, general: &dyn Fn(u32) -> bool) -> RetainingPath {
        let (steps, omitted) = step::steps(self.facts, &self.scripts, way, general);
        let text = self.writer().text(way, merged, general);
        RetainingPath {
            target: self.node(target),
            count: None,
            retained_size: None,
            also: false,
            steps,
            omitted,
            text,
        }
    }
}

/// Writes ways that were found elsewhere.
pub(in crate::heap) struct Written<'a, F: ?Sized> {
    facts: &'a F,
    name_kinds: NameKinds,
    scripts: &'a Scripts,
    parents: &'a dyn Parents,
}

impl<'a, F: Facts + ?Sized> Written<'a, F> {
    pub(in crate::heap) fn new(facts: &'a F, scripts: &'a Scripts, parents: &'a dyn Parents) -> Self {
        Self { facts, name_kinds: NameKinds::new(facts.graph()), scripts, parents }
    }

    /// All steps of a way; and as one would write it, from the step `from` on.
    pub(in crate::heap) fn way(&self, way: &[u32], from: usize) -> (Vec<Step>, String) {
        let (steps, _) = step::steps(self.facts, self.scripts, way, &|_| false);
        let Self { facts, name_kinds, scripts, parents } = self;
        let writer = Writer { facts: *facts, parents: *parents, name_kinds, scripts };
        (steps, writer.text(way.get(from..).unwrap_or(way), true, &|_| false))
    }
}

#[cfg(test)]
mod tests;
