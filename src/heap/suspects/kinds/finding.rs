//! What a detector says, and words that several use.

use crate::heap::suspects::anchor::At;
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;

/// What a detector says.
#[derive(Clone, Debug)]
pub(in crate::heap::suspects) struct Finding {
    pub(in crate::heap::suspects) kind: Kind,
    /// The holder as a developer writes it.
    pub(in crate::heap::suspects) name: String,
    /// Where: better than what the case knows by itself.
    pub(in crate::heap::suspects) at: Option<At>,
    /// `1,860 listeners of 'update'`: what there is so much of.
    pub(in crate::heap::suspects) what: String,
    /// What makes one think so, in a sentence or two.
    pub(in crate::heap::suspects) signs: String,
    /// What usually helps.
    pub(in crate::heap::suspects) cure: &'static str,
    /// How sure the kind is, 0…1.
    pub(in crate::heap::suspects) sure: f64,
}

/// A share that counts as nearly all.
pub(in crate::heap::suspects) const MOSTLY: f64 = 0.7;

/// The name, or the second choice if it says nothing.
pub(in crate::heap::suspects) fn named(case: &Case, other: &str) -> String {
    let text = case.anchor.text(case.graph());
    if text.is_empty() || text == "[]" { other.to_owned() } else { text }
}
