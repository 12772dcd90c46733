//! A section's rows block by block, as far as they can be read so, into the graph.

use std::io::Read;

use super::columns::Section;
use super::cursor::{After, BLOCK, Cursor};
use super::references::LargestName;
use crate::error::Result;
use crate::heap::graph::Graph;

/// A section on its way into the graph.
#[derive(Default)]
pub(super) struct Blocks<S> {
    columns: [S; 2],
    /// From which byte on it is tried again, where it did not go.
    again: u64,
}

impl<S: Section> Blocks<S> {
    /// Takes the rows that come next, if there are no more than `most` edges with theirs; what stands behind the last.
    /// `None`: the next row is to be read alone.
    pub(super) fn next<R: Read>(
        &mut self,
        cursor: &mut Cursor<R>,
        of: &S::Layout,
        graph: &mut Graph,
        largest_name: &mut LargestName,
        edges: &mut u64,
        most: u64,
    ) -> Result<Option<After>> {
        let at = cursor.offset();
        if at < self.again {
            return Ok(None);
        }
        let used = cursor.rows_in_parallel(S::fields(of), of, &mut self.columns)?;
        if used == 0 || *edges + self.columns.iter().map(S::edges).sum::<u64>() > most {
            self.again = at + BLOCK as u64;
            return Ok(None);
        }
        for half in &self.columns {
            half.append(graph, *edges);
            *edges += half.edges();
            largest_name.see_all(half.largest_name(), cursor.base());
        }
        cursor.advance(used);
        cursor.after(b']').map(Some)
    }
}
