//! What kind of leak it is, in a Node developer's words: a detector a file.
//!
//! Each looks at a [`Case`] and says what it recognises, or nothing. They are asked in this order, from what is most
//! particular to what is true of anything; the first that recognises something is believed.
//!
//! | file | what it recognises |
//! |---|---|
//! | `finding` | what a detector says, and words that several use |
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
mod finding;
mod listeners;
mod modules;
mod promises;
mod requests;
mod strings;
mod timers;
mod weak;
mod workers;

pub(super) use self::finding::Finding;
use super::case::Case;

/// Asks all.
pub(super) fn recognise(case: &Case) -> Finding {
    let detectors: [fn(&Case) -> Option<Finding>; 14] = [
        workers::by_streams,
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
