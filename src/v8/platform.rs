//! The isolates of this process, as Node's platform knows them: a hash table in an object that no API shows.

use std::ffi::c_void;
use std::fmt;

use super::isolate::Isolate;
use super::symbols::{Raw, optional};
use super::words::{Reader, WORD, usable, words_of};

/// More isolates than a process has.
const MOST: u64 = 1 << 16;
/// Bytes that are looked through: an embedder's platform may be part of anything.
const LARGEST: u64 = 4096;

/// Why the contents could not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// They were not looked for, or not found.
    NotFound,
    /// What V8 has in no list, memories of WebAssembly, cannot be told from other memory.
    Memories,
    /// V8 goes through the list just now.
    Sweeping,
    /// What is there is not as it was when it was found.
    Torn,
    /// There are other threads with JavaScript, which go on.
    Others,
    /// Whoever asked has no more room for them.
    NoRoom,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "V8's list of Buffers is not known here",
            Self::Memories => {
                "memories of WebAssembly cannot be told from other memory here (--disable-wasm-trap-handler, or a limit on addresses)"
            }
            Self::Sweeping => "V8 was going through its list of Buffers",
            Self::Torn => "V8's list of Buffers was being changed",
            Self::Others => "other threads of JavaScript go on and fill Buffers meanwhile",
            Self::NoRoom => "there was no memory to note where Buffers lie",
        })
    }
}

/// Where the table is: `std::unordered_map<Isolate *, …>` of libstdc++.
#[derive(Debug)]
pub(super) struct Platform {
    table: u64,
}

impl Platform {
    /// The one that has this isolate. On its thread, while JavaScript runs.
    pub fn find(isolate: &Isolate, reader: &Reader) -> Option<Self> {
        // SAFETY: a mangled name encodes the parameter types; `Local` and the results are single pointers.
        let current = unsafe {
            optional::<unsafe extern "C" fn(Raw) -> Raw>(
                "_ZN4node21GetCurrentEnvironmentEN2v85LocalINS0_7ContextEEE",
            )
        }?;
        // SAFETY: as above.
        let platform_of = unsafe {
            optional::<unsafe extern "C" fn(Raw) -> Raw>(
                "_ZN4node23GetMultiIsolatePlatformEPNS_11EnvironmentE",
            )
        }?;
        // SAFETY: a getter; the handle lives in the caller's scope.
        let context: *mut c_void = unsafe { (isolate.symbols.current_context)(isolate.as_raw()) };
        if context.is_null() {
            return None;
        }
        // SAFETY: a living context; null for one that is not Node's.
        let environment = unsafe { current(context) };
        if environment.is_null() {
            return None;
        }
        // SAFETY: a getter of a living environment.
        let platform = unsafe { platform_of(environment) };
        let begin = platform as u64;
        let mut found = None;
        for (at, _) in words_of(&(begin..begin + usable(platform).min(LARGEST).saturating_sub(3 * WORD))) {
            let candidate = Self { table: at };
            let mut has = false;
            let each = candidate.each(reader, &mut |one| {
                has |= one == isolate.as_raw() as u64;
                Ok(())
            });
            if each.is_ok() && has && found.replace(candidate).is_some() {
                return None;
            }
        }
        found
    }

    /// Tells `of` each isolate. Allocates nothing.
    pub fn each(
        &self,
        reader: &Reader,
        of: &mut dyn FnMut(u64) -> Result<(), Unknown>,
    ) -> Result<(), Unknown> {
        let [buckets, buckets_count, first, count] = reader.words(self.table).ok_or(Unknown::Torn)?;
        if buckets == 0 || buckets_count == 0 || count == 0 || count > MOST {
            return Err(Unknown::Torn);
        }
        let mut at = first;
        for _ in 0..count {
            if at == 0 || !at.is_multiple_of(WORD) {
                return Err(Unknown::Torn);
            }
            let [next, isolate] = reader.words(at).ok_or(Unknown::Torn)?;
            of(isolate)?;
            at = next;
        }
        // One that is being added or taken away.
        if at == 0 { Ok(()) } else { Err(Unknown::Torn) }
    }
}
