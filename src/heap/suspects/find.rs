//! From holders to suspects.

use std::collections::{HashMap, HashSet};

use super::anchor::Anchor;
use super::case::Case;
use super::prose;
use super::report::{Entry, Growth, HolderRef, Kind, Suspect, Verdict};
use super::share::{self, NOBODY, OTHERS, Share, Shares};
use super::{bounds, catalogue, fingerprint, kinds, look, members, others, scopes};
use crate::error::Result;
use crate::heap::engine::Analysis;
use crate::heap::graph::{Graph, NodeKind};
use crate::heap::growth::growing::{self, Growing, Holder};
use crate::heap::growth::places::Places;
use crate::heap::growth::shape::Shape;
use crate::heap::growth::walk::Walk;
use crate::heap::host::Host;
use crate::heap::paths::{Parents, Written, known};
use crate::heap::rules::scripts::Scripts;

/// A holder whose entries keep less than this part of what hangs from them on the shortest way does not keep it.
const PASSING: u64 = 10;
/// Such holders at most, until it is left at that.
const ROUNDS: usize = 64;

/// What was found in the last snapshot, and in those before it.
pub struct Findings<'a> {
    /// The last snapshot, with edges.
    pub analysis: &'a Analysis,
    /// Its ways.
    pub walk: &'a Walk,
    /// Its scripts.
    pub scripts: &'a Scripts,
    /// All of them by place.
    pub places: &'a Places,
    /// Minutes between the first and the last snapshot, if they say so.
    pub minutes: Option<f64>,
}

impl Findings<'_> {
    /// The suspects, the worst first, at most `most`.
    ///
    /// # Errors
    /// `Aborted` when the host wants an end.
    pub fn suspects(&self, most: usize, host: &dyn Host) -> Result<Vec<Suspect>> {
        let graph = &self.analysis.graph;
        let (holders, suspect_of, shares) = self.weighed(host)?;
        let members = members::of(graph, self.walk, self.places, &holders, &suspect_of);
        let functions = scopes::of(graph, self.scripts);
        let written = Written::new(self.analysis, self.scripts, self.walk);
        let mut suspects = Vec::new();
        for ((holder, members), share) in holders.iter().zip(members).zip(&shares.list) {
            let Some((node, count)) = members.busiest() else { continue };
            let owner = self.owner(node);
            let way = self.walk.way(graph, owner);
            if way.is_empty() {
                continue;
            }
            let case = Case {
                analysis: self.analysis,
                scripts: self.scripts,
                walk: self.walk,
                holder: node,
                owner,
                anchor: Anchor::of(graph, self.walk, &functions, &way),
                way,
                count: holder.counts.last().copied().unwrap_or(count),
                entries: members.entries,
                is_size: holder.entries.is_empty(),
                functions: &functions,
            };
            suspects.push(self.suspect(&case, holder, *share, &members.holders, &written));
        }
        let mut suspects = joined(suspects);
        suspects.retain(|(suspect, _)| !(self.places.snapshots() < 2 && is_nodes_own(suspect)));
        let holds = others::find(self.analysis, self.walk, &shares.without, &suspects);
        for (suspect, ways) in suspects.iter_mut().zip(holds) {
            for way in ways {
                let (steps, text) =
                    written.way(&way, begin(graph, &way, &Anchor::of(graph, self.walk, &functions, &way)));
                suspect.0.holders.push(steps);
                suspect.0.holder_texts.push(text);
            }
        }
        let mut suspects: Vec<Suspect> = suspects.into_iter().map(|(suspect, _)| suspect).collect();
        suspects.sort_by(|a, b| {
            let key = |suspect: &Suspect| {
                let rise = suspect.growth.as_ref().map_or(suspect.retained_size, |growth| {
                    let first = growth.retained_sizes.first().copied().unwrap_or(0);
                    growth.retained_sizes.last().copied().unwrap_or(0).saturating_sub(first)
                });
                (suspect.verdict, rise)
            };
            key(b).cmp(&key(a))
        });
        suspects.retain(|suspect| !is_noise(suspect));
        suspects.truncate(most);
        Ok(suspects)
    }

    /// The holders, the number of the holder that each place is an entry of, and what they hold.
    fn weighed(&self, host: &dyn Host) -> Result<(Vec<Holder>, Vec<u8>, Shares)> {
        let mut passing = HashSet::new();
        loop {
            let Growing { mut holders, entries } = growing::holders(self.places, &passing);
            holders.truncate(share::MOST);
            let mut suspect_of = vec![NOBODY; self.places.len()];
            for place in entries {
                suspect_of[place as usize] = OTHERS;
            }
            for (number, holder) in holders.iter().enumerate() {
                let own = [holder.place];
                let entries = if holder.entries.is_empty() { &own[..] } else { &holder.entries };
                for place in entries {
                    suspect_of[*place as usize] = number as u8;
                }
            }
            let shares = share::weigh(self.analysis, self.walk, &suspect_of, holders.len(), host)?;
            // On the shortest way it holds them, and others hold them as well: what is inside of it may be the point.
            let before = passing.len();
            for (holder, share) in holders.iter().zip(&shares.list) {
                if share.whole < holder.bytes.last().copied().unwrap_or(0) / PASSING {
                    passing.insert(holder.place);
                }
            }
            if passing.len() == before || before > ROUNDS {
                return Ok((holders, suspect_of, shares));
            }
        }
    }

    fn suspect(
        &self,
        case: &Case,
        holder: &Holder,
        share: Share,
        holders: &[u32],
        written: &Written<Analysis>,
    ) -> (Suspect, Vec<u32>) {
        let graph = &self.analysis.graph;
        let found = kinds::recognise(case);
        let own = case.place();
        // Node's own lists are nowhere in the program: what is told is what they are of.
        let is_nodes = found.kind == Kind::Worker && found.at.is_some();
        let at = found.at.clone().filter(|at| at.file.is_some() || is_nodes).unwrap_or(own);
        let known = catalogue::find(case, found.kind);
        let total = self.analysis.total_size();
        let single = self.places.snapshots() < 2;
        let numbers = |values: &[u64]| values.iter().map(|value| *value as f64).collect::<Vec<_>>();
        let by = if case.is_size { &holder.bytes } else { &holder.counts };
        let shape = Shape::of(&numbers(by));
        let growth = (!single).then(|| Growth {
            per_snapshot: holder.counts.clone(),
            retained_sizes: holder.bytes.clone(),
            per_minute: self.minutes.filter(|minutes| *minutes > 0.0).map(|minutes| {
                let first = holder.counts.first().copied().unwrap_or(0);
                let rise = case.count as f64 - first as f64;
                (rise / minutes * 1000.0).round() / 1000.0
            }),
            shape,
        });
        let bound = bounds::of(case).or_else(|| self.preallocated(case, holder));
        let verdict =
            if single { Verdict::Large } else { prose::verdict(holder, shape, found.kind, bound.as_ref()) };
        let exclusive: u64 = holders
            .iter()
            .map(|node| self.analysis.dominators.retained[self.owner(*node) as usize])
            .fold(0, u64::saturating_add);
        let class = if is_nodes { found.name.clone() } else { self.class_of_entries(case) };
        let way = &case.way;
        // Of what a WeakMap has for its key the way goes through the key, and its name is the WeakMap's.
        let from = if case.anchor.way == *way {
            begin(graph, way, &case.anchor)
        } else {
            way.len().saturating_sub(3)
        };
        let (path, path_text) = written.way(way, from);
        let retained = share.split;
        let share_of_all = if total > 0 { retained as f64 / total as f64 } else { 0.0 };
        // What native code holds things by is another thing in each version of Node.
        let is_object = !is_nodes && matches!(graph.kind(case.owner), NodeKind::OBJECT | NodeKind::CLOSURE);
        let holder_class = if is_object { case.name(case.owner) } else { String::new() };
        let print_parts =
            [found.kind.name(), at.file.as_deref().unwrap_or(""), &found.name, &holder_class, &class];
        let fingerprint = fingerprint::of(&print_parts);
        let confidence = prose::confidence(single, holder, shape, found.sure, share_of_all);
        let keys = look::keys(case);
        let entry = look::entry(case).filter(|_| !case.is_size).map(|looks_like| Entry {
            looks_like,
            average_size: retained.checked_div(case.count).unwrap_or(0),
        });
        let mut suspect = Suspect {
            kind: found.kind,
            verdict,
            title: String::new(),
            explanation: String::new(),
            cure: known.as_ref().map_or_else(|| found.cure.to_owned(), |known| known.cure.clone()),
            path,
            path_text,
            holders: Vec::new(),
            holder_texts: Vec::new(),
            holder: HolderRef {
                name: found.name.clone(),
                file: at.file.clone(),
                line: at.line,
                column: at.column,
                class_name: case.name(case.owner),
                id: graph.id(case.owner),
            },
            class_name: class,
            count: case.count,
            retained_size: retained,
            exclusive_size: exclusive.min(share.whole),
            share: share_of_all,
            entry,
            keys,
            growth,
            confidence,
            fingerprint,
            known,
        };
        let within = case.anchor.within.as_ref().map(|(_, name)| name.as_str());
        suspect.title = prose::title(&suspect, &found.what, within);
        suspect.explanation = prose::explanation(&suspect, &found.signs, bound.as_ref());
        (suspect, case.entries.clone())
    }

    /// An array that was made with all the room it will need.
    fn preallocated(&self, case: &Case, holder: &Holder) -> Option<bounds::Bound> {
        // The list's bytes count as the array's.
        let sizes: Vec<u64> = self.places.own(self.walk.place(case.owner)?).collect();
        (case.is_array(case.owner) && bounds::is_preallocated(&holder.counts, &sizes)).then(|| {
            bounds::Bound { says: "Its list was made as long as it is from the beginning".to_owned() }
        })
    }

    /// The class that most entries have.
    fn class_of_entries(&self, case: &Case) -> String {
        let mut counts: HashMap<String, u32> = HashMap::new();
        for entry in case.sample() {
            *counts.entry(case.class(entry)).or_default() += 1;
        }
        counts
            .into_iter()
            .max_by_key(|(name, count)| (*count, std::cmp::Reverse(name.clone())))
            .map_or_else(|| case.name(case.owner), |(name, _)| name)
    }

    /// What a program sees of a node: the Map of a table, the array of its elements.
    fn owner(&self, node: u32) -> u32 {
        let graph = &self.analysis.graph;
        let mut node = node;
        for _ in 0..8 {
            let inner = match graph.kind(node) {
                NodeKind::ARRAY | NodeKind::HIDDEN | NodeKind::CODE => true,
                NodeKind::NATIVE => graph.strings().raw(graph.name(node)).starts_with(b"system /"),
                NodeKind::OBJECT => known::is_context(graph, node),
                _ => false,
            };
            let Some(edge) = self.walk.via(node).filter(|_| inner) else { break };
            let above = graph.source(edge);
            if graph.kind(above) == NodeKind::SYNTHETIC {
                break;
            }
            // A scope's variable: the scope is what has the entries, and the function that has it is what is seen.
            node = above;
        }
        node
    }
}

/// An object's entries may hang from it in two ways, as its properties and in its list of them: that is one suspect.
fn joined(suspects: Vec<(Suspect, Vec<u32>)>) -> Vec<(Suspect, Vec<u32>)> {
    let mut list: Vec<(Suspect, Vec<u32>)> = Vec::with_capacity(suspects.len());
    for (suspect, entries) in suspects {
        match list
            .iter_mut()
            .find(|(other, _)| other.holder.id == suspect.holder.id && other.kind == suspect.kind)
        {
            Some((other, _)) => {
                other.retained_size = other.retained_size.saturating_add(suspect.retained_size);
                other.share += suspect.share;
            }
            None => list.push((suspect, entries)),
        }
    }
    list
}

/// What Node itself has so much of is large in every process.
const NODES_OWN: f64 = 0.1;

/// So little that has come from nowhere and is no leak yet is not worth a word.
const NOISE: u64 = 256 << 10;

/// Functions that V8 has made anew, a way that has changed: what is there for the first time, and small.
fn is_noise(suspect: &Suspect) -> bool {
    let from_nowhere = suspect.growth.as_ref().is_some_and(|growth| growth.per_snapshot.first() == Some(&0));
    suspect.verdict == Verdict::Settling && from_nowhere && suspect.retained_size < NOISE
}

fn is_nodes_own(suspect: &Suspect) -> bool {
    suspect.known.is_none()
        && suspect.share < NODES_OWN
        && suspect.holder.file.as_deref().is_none_or(|file| file.starts_with("node:"))
}

impl Parents for Walk {
    fn parent(&self, graph: &Graph, node: u32) -> Option<(u32, u32)> {
        self.via(node).map(|edge| (graph.source(edge), edge))
    }
}

/// The step from which on a way is written: the one to the function that captures the first name, or to the object
/// that has it; of a variable of an inner scope the one to the function that captures the variable of the outer.
fn begin(graph: &Graph, way: &[u32], anchor: &Anchor) -> usize {
    let at = anchor.within.as_ref().map_or(anchor.at, |(at, _)| *at);
    let mut from = at.saturating_sub(1);
    while from > 0 && way.get(from).is_some_and(|edge| known::is_context(graph, graph.target(*edge))) {
        from -= 1;
    }
    from
}
