//! Puts `MADV_DONTFORK` back on V8's mappings after our fork, so that `child_process.spawn` stays as fast as it was.
//!
//! An address says nothing: what was V8's at one moment is a thread's stack or malloc's at the next, and with the mark on
//! it every later child would die at once. Between looking and marking lies a moment always. So:
//!
//! 1. Before the fork the mappings with the mark (`dc`) are *tagged* by another flag of the kernel's, `MADV_RANDOM`
//!    (`rr`; for memory without a file it matters only while the kernel swaps, and not for long). What then shows both flags at once is V8's for certain. A tag
//!    lives as long as its mapping: a new one at the same address has none, nor does the kernel join the two.
//! 2. After the fork what still has the tag is marked. Then it is looked at again: what has the mark and no tag
//!    came in between, and is unmarked, which harms nobody.
//! 3. A fork of anybody's between those two looks (`pthread_atfork`) unmarks all of it first; another try follows.
//!
//! All of this but 3 happens off the JavaScript thread. What cannot be told stays unmarked: that costs a later
//! `child_process.spawn` the copy of page tables.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use parking_lot::Mutex;

use super::mappings::{Mapping, Range, advise, common, flags, push};

mod window;

/// Tags once given mean nothing when others have been given since.
struct Tags {
    generation: u64,
    /// Where the tags of this generation are.
    given: Vec<Range>,
}

static TAGS: Mutex<Tags> = Mutex::new(Tags { generation: 0, given: Vec::new() });
/// The marks to put back after a fork that the kernel refused: nobody waits for them.
static LEFT: Mutex<Option<Marks>> = Mutex::new(None);
/// Another thread may look at the mappings meanwhile.
const PATIENCE: Duration = Duration::from_millis(200);
/// A process that starts children all the time leaves no moment for it.
const TRIES: u32 = 20;

/// What was V8's, with the mark, when it was looked at.
#[derive(Debug, Default)]
pub struct Marks {
    generation: u64,
    tries: AtomicU32,
}

fn with(mappings: &[Mapping], wanted: impl Fn(&Mapping) -> bool) -> Vec<Range> {
    let mut ranges = Vec::new();
    for mapping in mappings.iter().filter(|mapping| wanted(mapping)) {
        push(&mut ranges, mapping.range);
    }
    ranges
}

/// Tags what is marked now. Many ms.
pub fn remember() -> Marks {
    // Not while holding it: JavaScript's thread may come to leave something.
    let left = LEFT.lock().take();
    if let Some(left) = left {
        left.put_back();
    }
    let Some(mut tags) = TAGS.try_lock_for(PATIENCE) else { return Marks::default() };
    window::install();
    if !tags.given.is_empty() {
        // Of a capture that has forked and has not come to put them back: its tags end here.
        let _ = tags.mark();
    }
    tags.clear();
    tags.generation += 1;
    // What cannot be read is not put back.
    let _ = tags.give();
    Marks { generation: tags.generation, tries: AtomicU32::new(0) }
}

impl Tags {
    fn give(&mut self) -> io::Result<()> {
        let marked = with(&flags()?, |mapping| mapping.not_copied);
        let _ = advise(&marked, libc::MADV_RANDOM);
        let now = match flags() {
            Ok(now) => now,
            Err(error) => {
                let _ = advise(&marked, libc::MADV_NORMAL);
                return Err(error);
            }
        };
        let strangers = with(&now, |mapping| mapping.random && !mapping.not_copied);
        let _ = advise(&common(&strangers, &marked), libc::MADV_NORMAL);
        self.given = with(&now, |mapping| mapping.random && mapping.not_copied);
        Ok(())
    }

    fn clear(&mut self) {
        let _ = advise(&std::mem::take(&mut self.given), libc::MADV_NORMAL);
    }

    /// Whether it is done with.
    fn mark(&mut self) -> io::Result<bool> {
        let now = flags()?;
        let ours = common(&with(&now, |mapping| mapping.random && !mapping.not_copied), &self.given);
        let window = window::Open::over(&ours);
        if !window.mark() {
            return Ok(false);
        }
        // `window` unmarks them all if this fails.
        let after = flags()?;
        let strangers = with(&after, |mapping| mapping.not_copied && !mapping.random);
        Ok(window.close(&common(&strangers, &ours)))
    }
}

impl Marks {
    /// Puts back what is certain. Many ms, not on the JavaScript thread. Whether there is nothing more to do: otherwise a
    /// fork came between, and it may be called again.
    pub fn put_back(&self) -> bool {
        let Some(mut tags) = TAGS.try_lock_for(PATIENCE) else { return self.tried() };
        if self.generation == 0 || tags.generation != self.generation || tags.given.is_empty() {
            return true;
        }
        if !tags.mark().unwrap_or(true) && !self.tried() {
            return false;
        }
        tags.clear();
        true
    }

    /// Whether that was once too often.
    fn tried(&self) -> bool {
        self.tries.fetch_add(1, SeqCst) >= TRIES
    }

    /// Keeps it for the next thread that looks at the mappings.
    pub fn leave(self) {
        *LEFT.lock() = Some(self);
    }
}

impl Drop for Marks {
    fn drop(&mut self) {
        // Nobody forked: the tags are for nothing. If another thread has the list, it clears them.
        if let Some(mut tags) = TAGS.try_lock()
            && tags.generation == self.generation
        {
            tags.clear();
        }
    }
}

#[cfg(test)]
mod tests;
