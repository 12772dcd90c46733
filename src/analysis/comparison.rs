//! What has changed from snapshot to snapshot.

use serde::Serialize;

use super::estimate::{self, Work};
use super::identity::{Identity, Verdict};
use super::load::{self, Origin, Terms};
use super::source::FileOrStdin;
use super::workers::Workers;
use crate::error::Result;
use crate::heap::engine::{self, Analysis, Needs};
use crate::heap::tables::aggregates::Namesakes;
use crate::heap::tables::diff::{self, DiffRow, Same};
use crate::heap::tables::growth::{self, GrowthRow};
use crate::heap::{Host, Stage};

/// What came and what went. Sizes are bytes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeapDiff {
    /// Objects are told apart by id; else only the totals of classes are.
    pub comparable_ids: bool,
    /// Why.
    pub reason: String,
    /// All of it, in both.
    pub total_size: BeforeAfter,
    /// Classes that changed, by falling growth.
    pub classes: Vec<DiffRow>,
    /// False: of at least one there is only what could be salvaged.
    pub complete: bool,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
}

/// The same of two snapshots.
#[derive(Debug, Serialize)]
pub struct BeforeAfter {
    /// Of the earlier one.
    pub before: u64,
    /// Of the later one.
    pub after: u64,
}

/// Classes over three snapshots or more. Sizes are bytes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeapTrend {
    /// In their order.
    pub snapshots: Vec<Brief>,
    /// Always false: classes are compared by their totals.
    pub comparable_ids: bool,
    /// Those that grow every time first.
    pub classes: Vec<GrowthRow>,
    /// False: of at least one there is only what could be salvaged.
    pub complete: bool,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
}

/// One of several snapshots.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Brief {
    /// The file; `None`: standard input.
    pub path: Option<String>,
    /// All of it.
    pub total_size: u64,
    /// Number of nodes.
    pub nodes: u32,
}

/// Bytes a census takes for each node, and what comes with it.
const CENSUS_NODE: u64 = 10;
/// And for each class, its name and its row in the answer included.
const CENSUS_ENTRY: u64 = 120 + estimate::ROW;
const CENSUS_BASE: u64 = 4 << 20;

/// Compares two. `ids`: what the caller knows of them.
///
/// # Errors
/// As [`load::read`].
pub fn compare(
    before: &FileOrStdin,
    after: &FileOrStdin,
    ids: Option<bool>,
    terms: Terms,
    workers: &Workers,
) -> Result<HeapDiff> {
    workers.begin(1, 2);
    let (graph, first) = load::read(before, Work::Compare, terms, workers)?;
    let identity = Identity::of(&graph, first.header.clone());
    let base = engine::count(graph, workers)?;

    workers.begin(2, 2);
    let held =
        CENSUS_BASE + CENSUS_NODE * u64::from(base.nodes) + CENSUS_ENTRY * base.census.entries() as u64;
    let (graph, second) = load::read(after, Work::Compare, Terms { held, ..terms }, workers)?;
    let Verdict { comparable, reason } = identity.judge(&graph, second.header.as_ref(), ids);
    drop(identity);
    let now = engine::count(graph, workers)?;

    let more = CENSUS_NODE * u64::from(now.nodes) + estimate::ROW * now.census.entries() as u64;
    terms.budget.admit(held + more, &second.name())?;
    workers.progress(Stage::Tables, 0, 1);
    let same = if comparable { Same::Ids } else { Same::Totals };
    let classes = diff::diff(&base.census, &now.census, &now.definitions, same, Namesakes::Last);
    let damage = damage(&[&first, &second]);
    Ok(HeapDiff {
        comparable_ids: comparable,
        reason,
        total_size: BeforeAfter { before: base.total_size, after: now.total_size },
        classes,
        complete: damage.is_none(),
        damage,
    })
}

/// Follows classes through several, oldest first.
///
/// # Errors
/// As [`load::load`].
pub fn follow(places: &[FileOrStdin], terms: Terms, workers: &Workers) -> Result<HeapTrend> {
    let files = u32::try_from(places.len()).unwrap_or(u32::MAX);
    // The newest first: all are classified as it is, or plain objects would come and go with their interfaces.
    let mut definitions = None;
    let mut held = 0;
    let mut rows = Vec::with_capacity(places.len());
    for (place, file) in places.iter().rev().zip(1..) {
        workers.begin(file, files);
        let needs = Needs { definitions: definitions.as_ref(), ..Needs::default() };
        let (analysis, origin) = load::load(place, needs, Terms { held, ..terms }, workers)?;
        held += estimate::rows(&analysis);
        let need = estimate::exact(&analysis.graph.held(), Work::Summary).saturating_add(held);
        terms.budget.admit(need, &origin.name())?;
        workers.progress(Stage::Tables, 0, 1);
        let table = analysis.aggregates().table(&analysis.graph, &analysis.classes, Namesakes::Keep);
        let path = origin.path.as_ref().map(|path| path.to_string_lossy().into_owned());
        let brief = Brief { path, total_size: analysis.total_size(), nodes: analysis.graph.node_count() };
        rows.push((origin, brief, table));
        let Analysis { definitions: inferred, .. } = analysis;
        definitions.get_or_insert(inferred);
    }
    rows.reverse();
    let origins: Vec<&Origin> = rows.iter().map(|(origin, ..)| origin).collect();
    let damage = damage(&origins);
    let (snapshots, tables): (Vec<_>, Vec<_>) =
        rows.into_iter().map(|(_, brief, table)| (brief, table)).unzip();
    let classes = growth::growth(&tables);
    Ok(HeapTrend { snapshots, comparable_ids: false, classes, complete: damage.is_none(), damage })
}

/// What is wrong with any of them.
fn damage(origins: &[&Origin]) -> Option<String> {
    let all: Vec<&str> = origins.iter().filter_map(|origin| origin.damage.as_deref()).collect();
    (!all.is_empty()).then(|| all.join("; "))
}
