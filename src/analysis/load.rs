//! From a place to a graph, and on to its sizes: open, ask whether there is memory, parse, apply the rules.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::estimate::{self, Budget, Extent, Guard, Work};
use super::read_ahead::ReadAhead;
use super::source::{self, FileOrStdin, Source};
use super::workers::Workers;
use crate::error::{Error, Result};
use crate::file::fault;
use crate::file::info::Header;
use crate::file::reader::Stop;
use crate::heap::engine::{self, Analysis, Needs};
use crate::heap::read::parse::{self, Options};
use crate::heap::{Graph, Held, Host, Stage};

/// How to read.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// A cut or damaged file gives what it has.
    pub salvage: bool,
    /// The memory there is.
    pub budget: Budget,
    /// Bytes of it that are taken already.
    pub held: u64,
}

/// Where a graph came from.
pub struct Origin {
    /// The file; `None`: standard input.
    pub path: Option<PathBuf>,
    /// Our metadata, when it is ours.
    pub header: Option<Header>,
    /// Only when salvaging: what is wrong with the file.
    pub damage: Option<String>,
    /// Edges it had: a graph forgets them on its way.
    pub edges: u64,
}

impl Origin {
    /// What to call it in a message.
    pub fn name(&self) -> String {
        name(self.path.as_deref())
    }
}

fn name(path: Option<&Path>) -> String {
    path.map_or("standard input".to_owned(), |path| path.display().to_string())
}

/// The workers while one snapshot is read: what that holds must not become too much.
struct Reading<'a> {
    host: &'a dyn Host,
    work: Work,
    terms: Terms,
    name: &'a str,
}

impl Host for Reading<'_> {
    fn both(&self, a: &mut (dyn FnMut() + Send), b: &mut (dyn FnMut() + Send)) {
        self.host.both(a, b);
    }

    fn progress(&self, stage: Stage, done: u64, total: u64) {
        self.host.progress(stage, done, total);
    }

    fn admit(&self, held: &Held) -> Result<()> {
        let Self { work, terms, name, .. } = self;
        terms.budget.admit(estimate::exact(held, *work).saturating_add(terms.held), name)
    }

    fn cancelled(&self) -> bool {
        self.host.cancelled()
    }
}

/// Reads.
///
/// # Errors
/// As [`source::open`] and [`parse::parse`]; `MemoryBudget` before anything is parsed, or as soon as the snapshot
/// holds more than its head says; `Aborted`.
pub fn read(place: &FileOrStdin, work: Work, terms: Terms, workers: &Workers) -> Result<(Graph, Origin)> {
    read_until(place, workers.stop(), work, terms, workers)
}

/// Reads a file, for another host than workers are.
///
/// # Errors
/// As [`read`].
pub fn read_file(path: &Path, work: Work, terms: Terms, host: &dyn Host) -> Result<(Graph, Origin)> {
    read_until(&FileOrStdin::Path(path.to_owned()), Stop::default(), work, terms, host)
}

/// `stop` ends a read that waits.
fn read_until(
    place: &FileOrStdin,
    stop: Stop,
    work: Work,
    terms: Terms,
    host: &dyn Host,
) -> Result<(Graph, Origin)> {
    let source = source::open(place, terms.salvage, stop.clone(), &|| !host.cancelled())?;
    let name = name(source.path.as_deref());
    read_from(source, &name, |json| ReadAhead::new(json, terms.salvage, stop), work, terms, host)
}

/// Reads what somebody has in memory, without a thread.
///
/// # Errors
/// As [`read`].
pub fn read_here(source: Source, work: Work, terms: Terms, host: &dyn Host) -> Result<(Graph, Origin)> {
    let begin = |json| ReadAhead::here(json, terms.salvage);
    read_from(source, "the heap", begin, work, terms, host)
}

fn read_from(
    source: Source,
    name: &str,
    begin: impl FnOnce(Box<dyn Read + Send>) -> ReadAhead,
    work: Work,
    terms: Terms,
    host: &dyn Host,
) -> Result<(Graph, Origin)> {
    let Source { path, header, json_bytes, damage, json } = source;
    let mut ahead = begin(json);
    let aftermath = ahead.aftermath();
    let (head, all) = ahead.peek().map_err(fault::unwrap)?;
    let json_bytes = if all { Some(head.len() as u64) } else { json_bytes };
    let extent = Extent::of(head, json_bytes);
    let guard = Guard::new(ahead, extent, work, terms.budget, terms.held, name)?;

    let options = Options { total: json_bytes, salvage: terms.salvage };
    let reading = Reading { host, work, terms, name };
    let parsed = parse::parse(guard, options, &reading).map_err(|error| match (aftermath.get(), error) {
        // The reader's own words place the damage in the file, the parser's in the JSON.
        (Some(error), Error::CorruptSnapshot(_)) => error.clone(),
        (None, Error::CorruptSnapshot(words)) => Error::CorruptSnapshot(format!("{name}: {words}")),
        (_, error) => error,
    })?;
    let graph = parsed.graph;
    let edges = u64::from(graph.edge_count());
    reading.admit(&graph.held())?;

    let damage = damage.or_else(|| aftermath.get().cloned()).map(|error| error.to_string());
    Ok((graph, Origin { path, header, damage: damage.or(parsed.damage), edges }))
}

/// Reads and applies the rules.
///
/// # Errors
/// As [`read`].
pub fn load(
    place: &FileOrStdin,
    needs: Needs,
    terms: Terms,
    workers: &Workers,
) -> Result<(Analysis, Origin)> {
    let work = match (needs.edges, needs.tables) {
        (true, true) => Work::Report,
        (true, false) => Work::Paths,
        (false, _) => Work::Summary,
    };
    let (graph, origin) = read(place, work, terms, workers)?;
    Ok((engine::analyze(graph, needs, workers)?, origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: &str = r#"{"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count"],
        "node_types":[["hidden","array","string","object","code","closure","regexp","number","native","synthetic"],
        "string","number","number","number"],"edge_fields":["type","name_or_index","to_node"],
        "edge_types":[["context","element","property","internal","hidden","shortcut","weak"],"string_or_number","node"]},
        "node_count":2,"edge_count":1},"#;
    const REST: &str = r#""nodes":[9,0,1,0,1, 3,1,3,48,0],"edges":[2,1,5],"strings":["","Foo"]}"#;

    fn terms(salvage: bool, most: Option<u64>) -> Terms {
        Terms { salvage, budget: Budget::new(most), held: 0 }
    }

    fn file(dir: &Path, bytes: &[u8]) -> FileOrStdin {
        let path = dir.join("x.heapsnapshot");
        std::fs::write(&path, bytes).unwrap();
        FileOrStdin::Path(path)
    }

    fn failed(place: &FileOrStdin, terms: Terms) -> Error {
        load(place, Needs::default(), terms, &Workers::default()).map(|_| ()).unwrap_err()
    }

    #[test]
    fn plain_and_compressed() {
        let dir = tempfile::tempdir().unwrap();
        let json = format!("{META}{REST}");
        for bytes in [json.as_bytes(), &zstd::encode_all(json.as_bytes(), 1).unwrap()] {
            let place = file(dir.path(), bytes);
            let (analysis, origin) =
                load(&place, Needs::default(), terms(false, None), &Workers::default()).unwrap();
            assert_eq!(analysis.dominators.retained[0], 48);
            assert_eq!((origin.edges, origin.damage, origin.header), (1, None, None));
        }
    }

    #[test]
    fn damage_is_placed_in_the_file_or_in_its_json() {
        let dir = tempfile::tempdir().unwrap();
        let json = format!("{META}{REST}");
        let broken = json.replace("3,48,0", "3,48,7");
        let error = failed(&file(dir.path(), broken.as_bytes()), terms(false, None));
        assert_eq!(error.code(), "HEAPWARDEN_CORRUPT_SNAPSHOT");
        assert!(error.to_string().contains("x.heapsnapshot: ") && error.to_string().contains("of its JSON"));
        let packed = zstd::encode_all(json.as_bytes(), 1).unwrap();
        let error = failed(&file(dir.path(), &packed[..packed.len() - 3]), terms(false, None));
        assert!(error.to_string().contains(&format!("cut at byte {}", packed.len() - 3)), "{error}");
    }

    #[test]
    fn a_cut_file_gives_what_it_has_if_that_is_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let json = format!("{META}{REST}");
        let cut = file(dir.path(), &json.as_bytes()[..json.len() - 3]);
        assert_eq!(failed(&cut, terms(false, None)).code(), "HEAPWARDEN_CORRUPT_SNAPSHOT");
        let (analysis, origin) =
            load(&cut, Needs::default(), terms(true, None), &Workers::default()).unwrap();
        assert_eq!(analysis.dominators.retained[0], 48);
        assert!(origin.damage.is_some());
    }

    #[test]
    fn what_needs_too_much_is_not_begun() {
        let dir = tempfile::tempdir().unwrap();
        let json = format!("{META}{REST}");
        let place = file(dir.path(), json.as_bytes());
        assert_eq!(failed(&place, terms(false, Some(1 << 20))).code(), "HEAPWARDEN_MEMORY_BUDGET");
        let lie = json.replace("\"node_count\":2", "\"node_count\":1000000000");
        let lie = file(dir.path(), lie.as_bytes());
        assert_eq!(failed(&lie, terms(false, None)).code(), "HEAPWARDEN_CORRUPT_SNAPSHOT");
    }

    #[test]
    fn what_turns_out_to_need_too_much_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let json = format!("{META}{REST}");
        let cases = [("strings", "\"strings\":[", "\"\","), ("locations", "\"strings\":[", "0,0,0,0,")];
        for (what, before, row) in cases {
            let rows = row.repeat(1_000_000);
            let large = match what {
                "strings" => json.replace(before, &format!("{before}{rows}")),
                _ => json
                    .replace("\"edge_types\"", "\"location_fields\":[\"object_index\",\"script_id\",\"line\",\"column\"],\"edge_types\"")
                    .replace(before, &format!("\"locations\":[{rows}0,0,0,0],{before}")),
            };
            let file = file(dir.path(), large.as_bytes());
            // The file and what any needs fit; what it becomes does not.
            let most = estimate::exact(&Held::default(), Work::Summary) + large.len() as u64 + (1 << 20);
            let error = failed(&file, terms(false, Some(most)));
            assert_eq!(error.code(), "HEAPWARDEN_MEMORY_BUDGET", "{what}: {error}");
            assert!(load(&file, Needs::default(), terms(false, Some(8 * most)), &Workers::default()).is_ok());
        }
    }

    #[test]
    fn an_abort_is_no_damage() {
        let dir = tempfile::tempdir().unwrap();
        let place = file(dir.path(), format!("{META}{REST}").as_bytes());
        let workers = Workers::default();
        workers.cancel();
        for salvage in [false, true] {
            let result = load(&place, Needs::default(), terms(salvage, None), &workers).map(|_| ());
            assert_eq!(result.unwrap_err().code(), "HEAPWARDEN_ABORTED");
        }
    }
}
