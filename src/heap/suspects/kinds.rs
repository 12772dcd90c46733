//! What kind of leak it is, in a Node developer's words: a detector a file.
//!
//! Each looks at a [`Case`] and says what it recognises, or nothing. They are asked in this order, from what is most
//! particular to what is true of anything; the first that recognises something is believed.
//!
//! | file | what it recognises |
//! |---|---|
//! | `listeners` | callbacks of EventEmitters, EventTargets and AbortSignals |
//! | `timers` | timeouts, intervals, immediates |
//! | `modules` | one file loaded again and again |
//! | `weak` | what a FinalizationRegistry or a WeakMap holds against its name |
//! | `contexts` | contexts of `vm`, windows |
//! | `workers` | workers and message ports |
//! | `requests` | requests, responses, sockets |
//! | `errors` | errors that are kept |
//! | `promises` | promises that do not settle, and what waits for them |
//! | `async_context` | stores of AsyncLocalStorage |
//! | `buffers` | Buffers, and slices that keep large ones |
//! | `strings` | texts, and slices that keep large ones |
//! | `closures` | functions, and the variable they keep |
//! | `collections` | Maps, Sets, arrays, objects as tables; else a structure of objects |

mod async_context;
mod buffers;
mod closures;
mod collections;
mod contexts;
mod errors;
mod listeners;
mod modules;
mod promises;
mod requests;
mod strings;
mod timers;
mod weak;
mod workers;

use super::anchor::At;
use super::case::Case;
use super::report::Kind;

/// What a detector says.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) kind: Kind,
    /// The holder as a developer writes it.
    pub(super) name: String,
    /// Where: better than what the case knows by itself.
    pub(super) at: Option<At>,
    /// `1,860 listeners of 'update'`: what there is so much of.
    pub(super) what: String,
    /// What makes one think so, in a sentence or two.
    pub(super) signs: String,
    /// What usually helps.
    pub(super) cure: &'static str,
    /// How sure the kind is, 0…1.
    pub(super) sure: f64,
}

/// Asks all.
pub(super) fn recognise(case: &Case) -> Finding {
    let detectors: [fn(&Case) -> Option<Finding>; 13] = [
        listeners::find,
        timers::find,
        modules::find,
        weak::find,
        contexts::find,
        workers::find,
        requests::find,
        errors::find,
        promises::find,
        async_context::find,
        buffers::find,
        strings::find,
        closures::find,
    ];
    detectors.iter().find_map(|detector| detector(case)).unwrap_or_else(|| collections::find(case))
}

/// `1,234,567`.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share that counts as nearly all.
const MOSTLY: f64 = 0.7;

/// The name, or the second choice if it says nothing.
fn named(case: &Case, other: &str) -> String {
    let text = case.anchor.text(case.graph());
    if text.is_empty() || text == "[]" { other.to_owned() } else { text }
}
