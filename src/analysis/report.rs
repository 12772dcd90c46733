//! What a report shows: its suspects, and of the last snapshot a summary's tables and who retains what as a tree. Each file is
//! read once.

use serde::Serialize;

use super::estimate::{self, Work};
use super::load::{Origin, Terms};
use super::source::FileOrStdin;
use super::summary::{self, HeapSummary, Which};
use super::suspects::{self, LeakReport};
use super::workers::Workers;
use crate::error::Result;
use crate::heap::engine::{Analysis, Needs};
use crate::heap::tables::retained_tree::{self, Bounds, TreeRow};

/// The tables of a report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportTables {
    /// As `summary` has it, but of the classes the largest only.
    pub summary: HeapSummary,
    /// How many classes there are.
    pub class_count: usize,
    /// Who retains what.
    pub tree: Vec<TreeRow>,
}

/// All of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The tables.
    #[serde(flatten)]
    pub tables: ReportTables,
    /// The suspects.
    pub report: LeakReport,
}

/// Suspects that are shown.
const SUSPECTS: usize = 8;

/// What an analysis must have been made with.
pub const NEEDS: Needs<'static> = Needs { edges: true, names: true, tables: true, definitions: None };

/// Reads snapshots for a report, oldest first. `top`: rows of each table.
///
/// # Errors
/// As [`suspects::find`].
pub fn read(places: &[FileOrStdin], top: usize, terms: Terms, workers: &Workers) -> Result<Report> {
    let tables = |analysis: &Analysis, origin: &Origin| {
        let need = estimate::exact(&analysis.graph.held(), Work::Report) + estimate::rows(analysis);
        terms.budget.admit(need, &origin.name())?;
        Ok(of(analysis, origin, top))
    };
    let (report, tables) = suspects::look(places, SUSPECTS, (NEEDS, Work::Report), terms, workers, tables)?;
    Ok(Report { tables, report })
}

/// The same of an analysis that is there, made with [`NEEDS`]. Without edges the tree does not say how its rows are held.
pub fn of(analysis: &Analysis, origin: &Origin, top: usize) -> ReportTables {
    let mut summary = summary::tables(analysis, origin, top, &Which::All);
    let class_count = summary.classes.len();
    summary.classes.truncate(top);
    let Analysis { graph, classes, names, dominators, .. } = analysis;
    let heap =
        retained_tree::Heap { graph, classes, names, idom: &dominators.idom, retained: &dominators.retained };
    ReportTables { summary, class_count, tree: retained_tree::tree(&heap, Bounds::default()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::estimate::Budget;

    const SNAPSHOT: &str = r#"{"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count"],
        "node_types":[["hidden","array","string","object","code","closure","regexp","number","native","synthetic"],
        "string","number","number","number"],"edge_fields":["type","name_or_index","to_node"],
        "edge_types":[["context","element","property","internal","hidden","shortcut","weak"],"string_or_number","node"]},
        "node_count":3,"edge_count":2},"nodes":[9,0,1,0,1, 3,1,3,48,1, 3,2,5,16,0],"edges":[2,3,5, 2,4,10],
        "strings":["","Foo","Bar","foo","bar"]}"#;

    #[test]
    fn the_summary_s_tables_and_the_tree() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.heapsnapshot");
        std::fs::write(&path, SNAPSHOT).unwrap();
        let place = FileOrStdin::Path(path);
        let terms = Terms { salvage: false, budget: Budget::new(None), held: 0 };
        let json = |value: &HeapSummary| serde_json::to_value(value).unwrap();
        let summary = summary::summarize(&place, 20, &Which::All, terms, &Workers::default()).unwrap();
        let all = read(std::slice::from_ref(&place), 20, terms, &Workers::default()).unwrap();
        assert_eq!(json(&all.tables.summary), json(&summary));
        let held: Vec<_> =
            all.tables.tree.iter().map(|row| (row.edge.as_deref(), row.retained_size)).collect();
        assert_eq!(held, [(None, 64), (Some("foo"), 64), (Some("bar"), 16)]);
        let cut = read(std::slice::from_ref(&place), 1, terms, &Workers::default()).unwrap();
        let (cut, all) = (cut.tables, all.tables);
        assert_eq!((cut.summary.classes.len(), cut.class_count, cut.tree.len()), (1, all.class_count, 3));
        assert!(all.class_count > 1);
        assert!(read(&[], 1, terms, &Workers::default()).is_err());
    }
}
