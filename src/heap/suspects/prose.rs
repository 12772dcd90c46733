//! What is said of a suspect, and how sure it is.

use super::bounds::Bound;
use super::report::{Kind, Suspect, Verdict};
use super::words::{number, percent, rate, size};
use crate::heap::growth::growing::Holder;
use crate::heap::growth::shape::Shape;

/// So few new entries in two snapshots may be a warm-up: nobody can know yet.
const FEW: u64 = 40;
/// A step is so great a part of the whole rise at least.
const STEPS: u64 = 20;
/// Of what came under load this must have gone at rest for a backlog.
const GIVES_BACK: f64 = 0.5;

/// What several snapshots say of one holder.
pub(super) fn verdict(holder: &Holder, shape: Shape, kind: Kind, bound: Option<&Bound>) -> Verdict {
    let counts = if holder.entries.is_empty() { &holder.bytes } else { &holder.counts };
    let first = counts.first().copied().unwrap_or(0);
    let last = counts.last().copied().unwrap_or(0);
    let high = counts.iter().copied().max().unwrap_or(0);
    match shape {
        Shape::Flat => Verdict::None,
        Shape::Drains => {
            let given = high.saturating_sub(last) as f64 / high.saturating_sub(first).max(1) as f64;
            if given >= GIVES_BACK { Verdict::Backlog } else { Verdict::Settling }
        }
        Shape::Step | Shape::Saturating => Verdict::Settling,
        Shape::Linear | Shape::Onset => {
            if bound.is_some() && kind == Kind::Collection {
                Verdict::Settling
            } else if !counts.windows(2).any(|pair| pair[0] > 0 && pair[1] > pair[0]) {
                // What is there for the first time may be there to stay.
                Verdict::Settling
            } else if counts.len() > 2 && rises(counts) < 2 {
                // It came at once: a file that was loaded, a pool that was filled.
                Verdict::Settling
            } else if counts.len() == 2
                && !holder.entries.is_empty()
                && last.saturating_sub(first) < FEW
                && is_warm_up(kind)
            {
                Verdict::Settling
            } else {
                Verdict::Leak
            }
        }
    }
}

/// In how many steps it has risen.
fn rises(counts: &[u64]) -> usize {
    let rise = counts.last().copied().unwrap_or(0).saturating_sub(counts.first().copied().unwrap_or(0));
    counts.windows(2).filter(|pair| pair[1].saturating_sub(pair[0]) > rise / STEPS).count()
}

/// Kinds of which some come with the first requests: caches, compiled templates. Nobody warms up timers.
fn is_warm_up(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Collection | Kind::Closure | Kind::Object | Kind::Strings | Kind::Buffers | Kind::Requests
    )
}

/// 0…1: from the number of snapshots, how steadily it grows, how much it is, and how plain its kind is.
pub(super) fn confidence(single: bool, holder: &Holder, shape: Shape, sure: f64, share: f64) -> f64 {
    let counts = &holder.counts;
    let grew = counts.last().copied().unwrap_or(0).saturating_sub(counts.first().copied().unwrap_or(0));
    let base = match (single, counts.len(), shape) {
        (true, ..) => 0.3 + 0.4 * share.min(1.0),
        (false, 2, _) => 0.6,
        (false, _, Shape::Linear) => 0.9,
        (false, _, Shape::Onset) => 0.7,
        (false, ..) => 0.5,
    };
    let much = if single || grew >= 100 { 1.0 } else { 0.8 };
    ((base * much * (0.6 + 0.4 * sure)) * 100.0).round() / 100.0
}

/// One line: who, where, how many, how much. `within`: the variable whose function has the holder's scope.
pub(super) fn title(suspect: &Suspect, what: &str, within: Option<&str>) -> String {
    let place = match (&suspect.holder.file, suspect.holder.line) {
        (Some(file), Some(line)) => format!(" in {file}:{line}"),
        (Some(file), None) => format!(" in {file}"),
        _ => String::new(),
    };
    let within = within.map_or_else(String::new, |name| format!(" in the closure of `{name}`"));
    // Some say already where.
    let place = if suspect.holder.file.as_ref().is_some_and(|file| what.contains(file.as_str())) {
        String::new()
    } else {
        place
    };
    let known =
        suspect.known.as_ref().map_or_else(String::new, |known| format!("Known leak ({}): ", known.name));
    let grows = if suspect.growth.is_some() && suspect.verdict == Verdict::Leak { ", and grows" } else { "" };
    let title = format!(
        "{known}{what}{within}{place} hold{} {} ({} of the heap){grows}",
        if what.starts_with('`') || what.starts_with("the ") || what.starts_with("a ") { "s" } else { "" },
        size(suspect.retained_size),
        percent(suspect.share)
    );
    let mut chars = title.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Two to four sentences.
pub(super) fn explanation(suspect: &Suspect, signs: &str, bound: Option<&Bound>) -> String {
    let mut text = signs.to_owned();
    if let Some(growth) = &suspect.growth {
        let first = growth.per_snapshot.first().copied().unwrap_or(0);
        let last = growth.per_snapshot.last().copied().unwrap_or(0);
        let rate = growth.per_minute.map_or_else(String::new, |per_minute| format!(", {}", rate(per_minute)));
        let bytes = (
            growth.retained_sizes.first().copied().unwrap_or(0),
            growth.retained_sizes.last().copied().unwrap_or(0),
        );
        text.push_str(&format!(
            " Over {} snapshots it went from {} to {} entries{rate}, and from {} to {} ({}).",
            growth.per_snapshot.len(),
            number(first),
            number(last),
            size(bytes.0),
            size(bytes.1),
            growth.shape.name(),
        ));
    } else {
        text.push_str(
            " One snapshot shows size, not growth: a second one, taken later, would tell whether it grows.",
        );
    }
    if let Some(bound) = bound {
        text.push_str(&format!(" {}: it seems to be bounded.", bound.says));
    }
    if let Some(keys) = &suspect.keys
        && suspect.kind == Kind::Collection
    {
        let examples: Vec<String> = keys.examples.iter().take(2).map(|key| format!("“{key}”")).collect();
        text.push_str(&match examples.join(", ") {
            list if list.is_empty() => {
                " What its keys look like is not told: they were masked when the snapshot was written."
                    .to_owned()
            }
            list => format!(" Its keys are {}, such as {list}.", keys.pattern),
        });
    }
    if suspect.exclusive_size < suspect.retained_size / 2 {
        text.push_str(&format!(
            " Only {} go when this holder alone lets go: others hold the same.",
            size(suspect.exclusive_size)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(counts: &[u64]) -> Verdict {
        let bytes = counts.iter().map(|count| count * 1000).collect();
        let holder = Holder { place: 1, entries: vec![2], counts: counts.to_vec(), bytes };
        let values: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
        verdict(&holder, Shape::of(&values), Kind::Collection, None)
    }

    #[test]
    fn what_came_at_once_is_no_growth_yet() {
        assert_eq!(said(&[14, 14, 14, 127]), Verdict::Settling, "a file that was loaded");
        assert_eq!(said(&[66, 66, 666]), Verdict::Settling);
        assert_eq!(said(&[14, 14, 70, 127]), Verdict::Leak);
        assert_eq!(said(&[66, 366, 666]), Verdict::Leak);
        assert_eq!(said(&[66, 366]), Verdict::Leak);
        assert_eq!(said(&[8, 38]), Verdict::Settling, "so few may be a warm-up");
    }
}
