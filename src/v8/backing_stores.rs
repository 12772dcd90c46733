//! Where the contents of ArrayBuffers lie (Buffers, SharedArrayBuffers and the memory of WebAssembly among them), of all the
//! isolates of this process, without V8's help: a forked child may not run it, nor may a thread amid a collection.
//!
//! V8 keeps a list of them for its collections, which no API shows. It is found by two ArrayBuffers that were made one after
//! the other: they are its last entries, and what was found is trusted only if all of it is as it has to be. Node's platform
//! knows the isolates; it is found in the same way.

use std::ops::Range;
use std::sync::OnceLock;

use super::isolate::Isolate;
use super::platform::{Platform, Unknown};
use super::questions::Local;
use super::sweeper::{FORMS, Form, SWEEPER};
use super::words::{Reader, WORD, usable, words_of};
use crate::error::{Error, Result};

/// Where it all is in this process: one binary has one layout.
#[derive(Debug)]
struct Layout {
    /// Bytes from an isolate's beginning to the address of its sweeper.
    sweeper: u64,
    /// And to its heap, which the sweeper knows.
    heap: u64,
    form: Form,
    platform: Platform,
    small: Small,
}

/// How the contents of small typed arrays lie in V8's heap, behind the array's word that says how far they are from the elements
/// it names in the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Small {
    /// That distance.
    pub mark: u64,
    /// The first word of such elements; the second one is the number of their bytes.
    pub head: u64,
    /// The most bytes.
    pub most: u64,
}

/// From the address of elements, which is one more, to their bytes.
const MARK: u64 = 15;
/// Where V8 has `kMaxSizeInHeap` at its default, as in all builds of Node.
const MOST: u64 = 64;
/// Words of a typed array that are looked at.
const ARRAY: usize = 14;
/// Its word that names its elements.
const ELEMENTS: usize = 2;

static LAYOUT: OnceLock<Layout> = OnceLock::new();

/// How it is known where memories of WebAssembly lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memories {
    /// Each has an ArrayBuffer, from its beginning on.
    Listed,
    /// By what V8 has reserved behind each.
    Guarded,
}

static MEMORIES: OnceLock<Memories> = OnceLock::new();

/// Whether the contents of Buffers can be told in this process.
///
/// # Errors
/// `Unsupported`: they were not looked for, or not found, or not all of them can be told.
pub fn known() -> Result<()> {
    let why = match (LAYOUT.get(), MEMORIES.get()) {
        (Some(_), Some(_)) => return Ok(()),
        (Some(_), None) => Unknown::Memories,
        _ => Unknown::NotFound,
    };
    Err(Error::Unsupported(why.to_string()))
}

/// Says how memories of WebAssembly are told in this process: one binary with one set of flags has them all alike. Until somebody
/// has, they cannot be told.
pub fn tell_memories(memories: Memories) {
    let _ = MEMORIES.set(memories);
}

/// How they are; `None`: they cannot be told.
pub fn memories() -> Option<Memories> {
    MEMORIES.get().copied()
}

/// How small typed arrays lie in V8's heap; `None`: it is not known.
pub fn small() -> Option<Small> {
    LAYOUT.get().map(|layout| layout.small)
}

/// Finds the list by the contents of the two ArrayBuffers that were made last, in this order, and how small typed arrays lie by one
/// of `bytes` bytes, of which V8 has been asked nothing that has it moved; whether it did. A collection that comes between
/// spoils it. On the isolate's thread, while JavaScript runs.
pub fn locate(isolate: &Isolate, probes: [&[u8]; 2], small: Local, bytes: u64) -> bool {
    if LAYOUT.get().is_some() {
        return true;
    }
    let Some(reader) = Reader::through_kernel() else { return false };
    let probes = probes.map(|probe| (probe.as_ptr() as u64, probe.len() as u64));
    let found = find_small(small, bytes, &reader).and_then(|small| find(isolate, probes, small, &reader));
    found.is_some_and(|layout| LAYOUT.set(layout).is_ok() || LAYOUT.get().is_some())
}

fn find_small(array: Local, bytes: u64, reader: &Reader) -> Option<Small> {
    let [array] = reader.words(array.as_raw() as u64)?;
    let words = reader.words::<ARRAY>(array.checked_sub(1)?)?;
    let at = words.windows(2).position(|pair| pair[0] == MARK && pair[1] == words[ELEMENTS])?;
    let [head, length] = reader.words(words.get(at + 1)?.checked_sub(1)?)?;
    (length == bytes << 32).then_some(Small { mark: MARK, head, most: MOST })
}

fn find(isolate: &Isolate, probes: [(u64, u64); 2], small: Small, reader: &Reader) -> Option<Layout> {
    let begin = isolate.as_raw() as u64;
    let own = begin..begin + usable(isolate.as_raw());
    let mut found = None;
    for (at, sweeper) in words_of(&own) {
        let mut words = [0; SWEEPER];
        let may_be = sweeper != 0 && sweeper.is_multiple_of(2 * WORD) && !own.contains(&sweeper);
        if !may_be || !reader.some(sweeper, &mut words) || !own.contains(&words[0]) {
            continue;
        }
        for form in FORMS {
            if form.fits(&words, probes, reader)
                && found.replace((at - begin, words[0] - begin, form)).is_some()
            {
                return None;
            }
        }
    }
    let (sweeper, heap, form) = found?;
    Some(Layout { sweeper, heap, form, platform: Platform::find(isolate, reader)?, small })
}

/// Tells `found` where the contents of each ArrayBuffer of this process lie, until it has no more room and says false. Allocates
/// nothing and takes no lock. For a process whose other threads are not there any more: a forked child.
///
/// # Errors
/// They cannot be told, not all of them.
pub fn each_alone(found: &mut dyn FnMut(Range<u64>) -> bool) -> std::result::Result<(), Unknown> {
    let layout = LAYOUT.get().ok_or(Unknown::NotFound)?;
    // SAFETY: a list that V8 itself would go through, in a copy of the process that ends if it should be torn.
    let reader = unsafe { Reader::direct() };
    let mut of_isolate = |isolate| layout.of_isolate(isolate, &reader, found);
    layout.platform.each(&reader, &mut of_isolate)
}

/// The same in the process itself, whose only thread with JavaScript is the caller's: it is that of the isolate, or its signal's
/// handler, and other threads go on.
///
/// # Errors
/// As above; there is another isolate.
pub fn each_in_place(found: &mut dyn FnMut(Range<u64>) -> bool) -> std::result::Result<(), Unknown> {
    let layout = LAYOUT.get().ok_or(Unknown::NotFound)?;
    let reader = Reader::through_kernel().ok_or(Unknown::NotFound)?;
    let mut count = 0;
    layout.platform.each(&reader, &mut |_| {
        count += 1;
        if count == 1 { Ok(()) } else { Err(Unknown::Others) }
    })?;
    let mut of_isolate = |isolate| layout.of_isolate(isolate, &reader, found);
    layout.platform.each(&reader, &mut of_isolate)
}

/// Whether other threads run JavaScript: then they cannot be told in place.
pub fn has_others() -> bool {
    let others = |layout: &Layout| {
        let mut count = 0;
        let seen = Reader::through_kernel().map(|reader| {
            layout.platform.each(&reader, &mut |_| {
                count += 1;
                Ok(())
            })
        });
        seen != Some(Ok(())) || count != 1
    };
    LAYOUT.get().is_none_or(others)
}

impl Layout {
    fn of_isolate(
        &self,
        isolate: u64,
        reader: &Reader,
        found: &mut dyn FnMut(Range<u64>) -> bool,
    ) -> std::result::Result<(), Unknown> {
        let [sweeper] = reader.words(isolate + self.sweeper).ok_or(Unknown::Torn)?;
        if sweeper == 0 {
            // It has not begun, or is at its end.
            return Ok(());
        }
        self.form.of_sweeper(sweeper, isolate + self.heap, reader, found)
    }
}
