//! Whether our reading of V8's statistics is right: compared with what `node:v8` says, before it is trusted.

use serde::Deserialize;

use super::isolate::{HeapFigures, Isolate};
use super::symbols;
use crate::error::{Error, Result};

/// The words of `v8.getHeapStatistics()` that the comparison needs; bytes.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Reference {
    total_heap_size: u64,
    used_heap_size: u64,
    heap_size_limit: u64,
    malloced_memory: u64,
    external_memory: Option<u64>,
    number_of_native_contexts: u64,
}

/// Compares what our reading of `HeapStatistics` gives with what `node:v8` said a moment ago.
///
/// nodejs/node#60800 changed that layout between minors, so it is never taken on trust. Only a yes stays: V8 sweeps beside
/// us, and a heap that has just lost a large object is not what it was when `node:v8` was asked.
///
/// # Errors
/// `Unsupported` with the first field that disagrees.
pub fn verify(reference: &Reference) -> Result<()> {
    let symbols = symbols::unverified().map_err(|why| Error::Unsupported(why.to_owned()))?;
    if symbols::trusted() {
        return Ok(());
    }
    let verdict = Isolate::current_unverified(symbols)
        .ok_or_else(|| "this thread has no isolate".to_owned())
        .and_then(|isolate| compare(reference, &isolate.heap_figures()));
    match verdict {
        Ok(()) => {
            symbols::trust();
            Ok(())
        }
        Err(why) => {
            symbols::distrust(why.clone());
            Err(Error::Unsupported(why))
        }
    }
}

/// `used` and `malloced` move while the reference is carried here; a wrong layout is off by far more.
const SLACK: u64 = 4 << 20;

fn compare(reference: &Reference, ours: &HeapFigures) -> std::result::Result<(), String> {
    let off = |name: &str, theirs: u64, ours: u64, slack: u64| {
        if theirs.abs_diff(ours) <= slack {
            Ok(())
        } else {
            Err(format!("HeapStatistics has another layout: {name} is {ours} here, {theirs} in node:v8"))
        }
    };
    off("heap_size_limit", reference.heap_size_limit, ours.heap_limit, 0)?;
    off("number_of_native_contexts", reference.number_of_native_contexts, ours.native_contexts, 0)?;
    off("total_heap_size", reference.total_heap_size, ours.heap_total, SLACK)?;
    off("used_heap_size", reference.used_heap_size, ours.heap_used, SLACK)?;
    off("malloced_memory", reference.malloced_memory, ours.malloced, SLACK)?;
    match reference.external_memory {
        Some(theirs) => off("external_memory", theirs, ours.external, SLACK),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference() -> Reference {
        Reference {
            total_heap_size: 60 << 20,
            used_heap_size: 50 << 20,
            heap_size_limit: 4 << 30,
            malloced_memory: 1 << 20,
            external_memory: Some(3 << 20),
            number_of_native_contexts: 1,
        }
    }

    fn figures() -> HeapFigures {
        HeapFigures {
            heap_total: 60 << 20,
            heap_used: 50 << 20,
            heap_limit: 4 << 30,
            malloced: 1 << 20,
            external: 3 << 20,
            native_contexts: 1,
            ..HeapFigures::default()
        }
    }

    #[test]
    fn equal_figures_are_trusted() {
        assert_eq!(compare(&reference(), &figures()), Ok(()));
    }

    #[test]
    fn a_shifted_layout_is_refused_by_name() {
        let shifted = HeapFigures { heap_limit: 50 << 20, heap_used: 4 << 30, ..figures() };
        assert!(compare(&reference(), &shifted).unwrap_err().contains("heap_size_limit"));
        let shifted = HeapFigures { native_contexts: 3 << 20, ..figures() };
        assert!(compare(&reference(), &shifted).unwrap_err().contains("number_of_native_contexts"));
    }
}
