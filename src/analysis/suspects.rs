//! Which holder leaks: of one snapshot who holds most, of several what grows.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::estimate::{self, Work};
use super::load::{self, Origin, Terms};
use super::source::FileOrStdin;
use super::workers::Workers;
use crate::error::{Error, Result};
use crate::file::info::Header;
use crate::heap::engine::{self, Analysis, Needs};
use crate::heap::growth::places::{self, Places};
use crate::heap::growth::walk::Walk;
use crate::heap::rules::scripts::Scripts;
use crate::heap::suspects::find::Findings;
use crate::heap::suspects::overall;
use crate::heap::suspects::report::{Suspect, Verdict};
use crate::heap::tables::statistics::Statistics;
use crate::heap::{Graph, Host, Stage};

/// What is said of a heap, or of its growth. Sizes are bytes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeakReport {
    /// The worst that is said of a suspect.
    pub verdict: Verdict,
    /// What it is judged by.
    pub confidence: Confidence,
    /// What would make it surer; what speaks against the snapshots.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// One sentence.
    pub headline: String,
    /// All of the last snapshot.
    pub total: u64,
    /// In the order they were given.
    pub snapshots: Vec<Seen>,
    /// Texts of at least one of them are masked.
    pub redacted: bool,
    /// False: of at least one there is only what could be salvaged.
    pub complete: bool,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
    /// The worst first.
    pub suspects: Vec<Suspect>,
}

/// What a verdict stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Confidence {
    /// One snapshot.
    Size,
    /// Several.
    Growth,
}

/// One of the snapshots.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// The file; `None`: standard input, or a heap that is in no file.
    pub path: Option<String>,
    /// When it was ordered, milliseconds since 1970, if it is heapwarden's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<f64>,
    /// All of it.
    pub total_size: u64,
    /// Number of nodes.
    pub nodes: u32,
}

/// Reads them one after the other and names up to `top` suspects.
///
/// # Errors
/// `InvalidOption` where one is given twice; as [`load::read`].
pub fn find(places: &[FileOrStdin], top: usize, terms: Terms, workers: &Workers) -> Result<LeakReport> {
    let needs = Needs { edges: true, names: true, ..Needs::default() };
    let (report, ()) = look(places, top, (needs, Work::Suspects), terms, workers, |_, _| Ok(()))?;
    Ok(report)
}

/// The same, and what `also` makes of the last snapshot, which is analysed for both with what `needs` says; these are edges and
/// names at least.
///
/// # Errors
/// As [`find`].
pub(super) fn look<T>(
    places: &[FileOrStdin],
    top: usize,
    (needs, work): (Needs, Work),
    terms: Terms,
    workers: &Workers,
    also: impl FnOnce(&Analysis, &Origin) -> Result<T>,
) -> Result<(LeakReport, T)> {
    let Some((last, earlier)) = places.split_last() else {
        return Err(Error::InvalidOption("suspects of what? a snapshot is needed".to_owned()));
    };
    let files = u32::try_from(places.len()).unwrap_or(u32::MAX);
    let mut places = Places::default();
    let mut all: Vec<(Origin, Seen)> = Vec::with_capacity(places.len());
    for (place, file) in earlier.iter().zip(1..) {
        workers.begin(file, files);
        let held = held(&places);
        let (graph, origin) = load::read(place, Work::Growth, Terms { held, ..terms }, workers)?;
        refuse_twins(&all, &origin)?;
        let (graph, retain) = engine::retaining(graph, workers)?;
        workers.progress(Stage::Tables, 0, 1);
        let total = Statistics::of(&graph).total;
        Walk::count(&mut places, &graph, &retain, &Scripts::new(&graph), workers)?;
        admit(&graph, Work::Growth, &places, &origin, terms)?;
        let seen = seen(&origin, total, graph.node_count());
        all.push((origin, seen));
    }

    workers.begin(files, files);
    let held = held(&places);
    let (graph, origin) = load::read(last, work, Terms { held, ..terms }, workers)?;
    refuse_twins(&all, &origin)?;
    let analysis = engine::analyze(graph, needs, workers)?;
    workers.progress(Stage::Tables, 0, 1);
    let scripts = Scripts::new(&analysis.graph);
    let walk = Walk::count(&mut places, &analysis.graph, &analysis.essential, &scripts, workers)?;
    admit(&analysis.graph, work, &places, &origin, terms)?;
    let made = also(&analysis, &origin)?;
    let seen = seen(&origin, analysis.total_size(), analysis.graph.node_count());
    all.push((origin, seen));
    let (origins, snapshots): (Vec<Origin>, Vec<Seen>) = all.into_iter().unzip();

    let headers: Vec<Option<&Header>> = origins.iter().map(|origin| origin.header.as_ref()).collect();
    let last = Last { analysis: &analysis, walk: &walk, scripts: &scripts, places: &places };
    let damage: Vec<&str> = origins.iter().filter_map(|origin| origin.damage.as_deref()).collect();
    let report = conclude(&last, snapshots, doubts(&headers), top, workers)?;
    let report = LeakReport {
        redacted: headers.iter().flatten().any(|header| header.redacted),
        complete: damage.is_empty(),
        damage: (!damage.is_empty()).then(|| damage.join("; ")),
        ..report
    };
    Ok((report, made))
}

/// The last heap, with what was counted in those before it.
pub(super) struct Last<'a> {
    pub(super) analysis: &'a Analysis,
    pub(super) walk: &'a Walk,
    pub(super) scripts: &'a Scripts,
    pub(super) places: &'a Places,
}

/// What is said of it. `doubts`: what speaks against comparing them.
///
/// # Errors
/// `Aborted`.
pub(super) fn conclude(
    last: &Last,
    snapshots: Vec<Seen>,
    doubts: Vec<String>,
    top: usize,
    workers: &dyn Host,
) -> Result<LeakReport> {
    let Last { analysis, walk, scripts, places } = *last;
    let total = analysis.total_size();
    let minutes = minutes(&snapshots);
    let findings = Findings { analysis, walk, scripts, places, minutes };
    let mut suspects = findings.suspects(top, workers)?;
    let overall = overall::conclude(&suspects, snapshots.len(), total);
    suspects.retain(|suspect| suspect.verdict > Verdict::Unknown);
    let mut missing = overall.missing;
    missing.extend(doubts);
    if places.is_full() {
        missing.push(format!(
            "a heap of fewer kinds: there are more than {} ways of holding something in it, and what is held in further \
             ones is counted at a holder nearer to the roots",
            places::MOST
        ));
    }
    Ok(LeakReport {
        verdict: overall.verdict,
        confidence: if snapshots.len() < 2 { Confidence::Size } else { Confidence::Growth },
        missing,
        headline: overall.headline,
        total,
        redacted: false,
        complete: true,
        damage: None,
        snapshots,
        suspects,
    })
}

fn seen(origin: &Origin, total_size: u64, nodes: u32) -> Seen {
    let path = origin.path.as_ref().map(|path| path.to_string_lossy().into_owned());
    Seen { path, at: origin.header.as_ref().map(|header| header.at), total_size, nodes }
}

/// What stays of the snapshots that were walked.
pub(super) fn held(places: &Places) -> u64 {
    estimate::places(places.len() as u64, places.snapshots() as u64)
}

/// How many places a heap has is known only when it was walked.
pub(super) fn admit(graph: &Graph, work: Work, places: &Places, origin: &Origin, terms: Terms) -> Result<()> {
    let need = estimate::exact(&graph.held(), work).saturating_add(held(places));
    terms.budget.admit(need, &origin.name())
}

/// A snapshot beside itself shows that nothing grows, whatever does.
fn refuse_twins(before: &[(Origin, Seen)], origin: &Origin) -> Result<()> {
    let file = |path: &Path| path.canonicalize().ok();
    let same = |other: &Origin| match (&origin.header, &other.header) {
        (Some(a), Some(b)) if whose(a) == whose(b) && a.at == b.at => true,
        _ => match (origin.path.as_deref().and_then(file), other.path.as_deref().and_then(file)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
    };
    match before.iter().position(|(other, _)| same(other)) {
        None => Ok(()),
        Some(at) => Err(Error::InvalidOption(format!(
            "snapshots {} and {} are one and the same ({}): to see what grows, give snapshots of different times",
            at + 1,
            before.len() + 1,
            origin.name()
        ))),
    }
}

/// The thread of the process whose heap it is.
fn whose(header: &Header) -> (&str, u32, u64) {
    (&header.home, header.pid, header.thread_id)
}

/// From the first to the last, if the files say so.
fn minutes(snapshots: &[Seen]) -> Option<f64> {
    let (first, last) = (snapshots.first()?.at?, snapshots.last()?.at?);
    Some((last - first) / 60_000.0).filter(|minutes| minutes.is_finite() && *minutes > 0.0)
}

/// What the files themselves say against comparing them, in this order.
fn doubts(headers: &[Option<&Header>]) -> Vec<String> {
    let mut doubts = Vec::new();
    let is_older = |pair: &[Option<&Header>]| match pair {
        [Some(before), Some(after)] => after.at < before.at,
        _ => false,
    };
    if let Some(at) = headers.windows(2).position(is_older) {
        doubts.push(format!(
            "snapshots in the order in which they were taken: number {} says that it is older than number {}",
            at + 2,
            at + 1
        ));
    }
    let Some(first) = headers.iter().flatten().next() else { return doubts };
    if headers.iter().flatten().any(|header| whose(header) != whose(first)) {
        doubts.push(
            "snapshots of one process and thread: these are of several, and what differs need not have grown"
                .to_owned(),
        );
    }
    if headers.iter().flatten().any(|header| header.node_version != first.node_version) {
        doubts.push("snapshots of one version of Node.js: these are of several".to_owned());
    }
    doubts
}

#[cfg(test)]
mod tests;
