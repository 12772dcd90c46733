//! What is said of the whole: the verdict, one sentence, and what would be needed to say more.

use super::report::{Suspect, Verdict};
use super::words::{percent, size};

/// Of one snapshot: below this share of the heap nothing is large.
const LARGE: f64 = 0.1;

/// The verdict of all suspects together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overall {
    /// The worst of theirs.
    pub verdict: Verdict,
    /// One sentence that can be forwarded.
    pub headline: String,
    /// What `unknown` would need, or what would make it surer.
    pub missing: Vec<String>,
}

/// From the suspects, the worst first. `total`: bytes of the last of `snapshots` snapshots.
pub fn conclude(suspects: &[Suspect], snapshots: usize, total: u64) -> Overall {
    let worst = suspects.first();
    let size = size(total);
    let mut missing = Vec::new();
    if snapshots < 2 {
        missing.push(
            "a second snapshot, some minutes and requests later: one shows size, two show growth".to_owned(),
        );
    } else if snapshots == 2 && worst.is_some_and(|suspect| suspect.verdict == Verdict::Leak) {
        missing.push("a third snapshot: two make a suspicion, three a finding".to_owned());
    }
    let Some(suspect) = worst else {
        let (verdict, headline) = if snapshots < 2 {
            (
                Verdict::Unknown,
                format!(
                    "Nothing stands out in this heap of {size}; whether it grows one snapshot cannot tell."
                ),
            )
        } else {
            (Verdict::None, format!("Nothing grows over these {snapshots} snapshots; the heap is {size}."))
        };
        return Overall { verdict, headline, missing };
    };
    let verdict = match suspect.verdict {
        Verdict::Large if suspect.share < LARGE => Verdict::Unknown,
        verdict => verdict,
    };
    let title = suspect.title.trim_end_matches('.');
    let headline = match verdict {
        Verdict::Leak => format!("Leak: {title}."),
        Verdict::Backlog => format!("A backlog, no leak: {title}; it grew under load and was given back."),
        Verdict::Settling => format!("No leak so far: {title}, and settles or is bounded."),
        Verdict::Large => format!("Large: {title}. One snapshot shows size, not growth."),
        Verdict::Unknown => format!(
            "Nothing stands out in this heap of {size}: the largest holder has {} of it. Whether it grows one snapshot cannot tell.",
            percent(suspect.share)
        ),
        Verdict::None => format!("Nothing grows over these {snapshots} snapshots; the heap is {size}."),
    };
    Overall { verdict, headline, missing }
}
