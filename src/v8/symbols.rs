//! Which V8 functions were found, verified or refused.

use std::ffi::{c_char, c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::units::switch;

/// V8 majors of the Node versions in the test matrix and of Debian 12: scripts/node-majors.json, which a test holds them against.
pub const VERIFIED_MAJORS: [u32; 5] = [10, 11, 12, 13, 14];

pub(super) type Raw = *mut c_void;
pub(super) type InterruptCallback = unsafe extern "C" fn(isolate: Raw, data: Raw);
pub(super) type LimitCallback = unsafe extern "C" fn(data: Raw, current: usize, initial: usize) -> usize;
pub(super) type GcCallback = unsafe extern "C" fn(isolate: Raw, kind: c_int, flags: c_int, data: Raw);

/// The first of `names` that the executable exports.
///
/// # Safety
/// `F` is the function pointer type of all these names.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
unsafe fn pick<F: Copy>(
    program: &libloading::os::unix::Library,
    names: &[&str],
) -> std::result::Result<F, String> {
    names
        .iter()
        // SAFETY: the caller vouches for the type; the executable is never unloaded.
        .find_map(|name| unsafe { program.get::<F>(name.as_bytes()) }.ok().map(|symbol| *symbol))
        .ok_or_else(|| format!("this executable does not export {}", names.join(" or ")))
}

/// One function that the executable may export.
///
/// # Safety
/// `F` is the function pointer type of this name.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(super) unsafe fn optional<F: Copy>(name: &str) -> Option<F> {
    // SAFETY: passed on to the caller.
    unsafe { pick(&libloading::os::unix::Library::this(), &[name]) }.ok()
}

/// None is verified here.
///
/// # Safety
/// None.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub(super) unsafe fn optional<F: Copy>(_: &str) -> Option<F> {
    None
}

/// Declares the table once: field, C signature, the mangled names that carry exactly this signature.
macro_rules! symbols {
    ($($(#[$doc:meta])* $field:ident: fn($($arg:ty),*) $(-> $ret:ty)? = $($name:literal)|+;)+) => {
        /// V8's functions, found in the running executable.
        #[derive(Debug, Clone, Copy)]
        pub struct Symbols {
            $($(#[$doc])* pub(super) $field: unsafe extern "C" fn($($arg),*) $(-> $ret)?,)+
        }

        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        fn find() -> std::result::Result<Symbols, String> {
            let program = libloading::os::unix::Library::this();
            Ok(Symbols {
                // SAFETY: a mangled name encodes the parameter types, and this table gives the same types.
                $($field: unsafe { pick(&program, &[$($name),+]) }?,)+
            })
        }
    };
}

symbols! {
    /// `v8::V8::GetVersion()`
    version: fn() -> *const c_char = "_ZN2v82V810GetVersionEv";
    /// `Isolate::TryGetCurrent()`: null when the thread has none.
    try_get_current: fn() -> Raw = "_ZN2v87Isolate13TryGetCurrentEv";
    /// `Isolate::GetHeapProfiler()`
    heap_profiler: fn(Raw) -> Raw = "_ZN2v87Isolate15GetHeapProfilerEv";
    /// `HeapProfiler::TakeHeapSnapshot(control, resolver, hide_internals, capture_numeric_value)`;
    /// the resolver's type was renamed in V8 14, and we always pass null.
    take_snapshot: fn(Raw, Raw, Raw, bool, bool) -> Raw =
        "_ZN2v812HeapProfiler16TakeHeapSnapshotEPNS_15ActivityControlEPNS0_18ObjectNameResolverEbb"
        | "_ZN2v812HeapProfiler16TakeHeapSnapshotEPNS_15ActivityControlEPNS0_19ContextNameResolverEbb";
    /// `HeapSnapshot::Serialize(stream, format)`, format 0 = JSON.
    serialize: fn(Raw, Raw, c_int) =
        "_ZNK2v812HeapSnapshot9SerializeEPNS_12OutputStreamENS0_19SerializationFormatE";
    /// `HeapSnapshot::Delete()`
    delete_snapshot: fn(Raw) = "_ZN2v812HeapSnapshot6DeleteEv";
    /// `HeapProfiler::ClearObjectIds()`
    clear_object_ids: fn(Raw) = "_ZN2v812HeapProfiler14ClearObjectIdsEv";
    /// `HeapStatistics::HeapStatistics()`
    new_statistics: fn(Raw) = "_ZN2v814HeapStatisticsC1Ev";
    /// `Isolate::GetHeapStatistics(statistics)`
    heap_statistics: fn(Raw, Raw) = "_ZN2v87Isolate17GetHeapStatisticsEPNS_14HeapStatisticsE";
    /// `Isolate::LowMemoryNotification()`: collects all garbage, at once.
    low_memory: fn(Raw) = "_ZN2v87Isolate21LowMemoryNotificationEv";
    /// `HeapSpaceStatistics::HeapSpaceStatistics()`
    new_space_statistics: fn(Raw) = "_ZN2v819HeapSpaceStatisticsC1Ev";
    /// `Isolate::NumberOfHeapSpaces()`
    space_count: fn(Raw) -> usize = "_ZN2v87Isolate18NumberOfHeapSpacesEv";
    /// `Isolate::GetHeapSpaceStatistics(statistics, index)`
    space_statistics: fn(Raw, Raw, usize) -> bool =
        "_ZN2v87Isolate22GetHeapSpaceStatisticsEPNS_19HeapSpaceStatisticsEm";
    /// `Isolate::GetArrayBufferAllocator()`
    array_buffer_allocator: fn(Raw) -> Raw = "_ZN2v87Isolate23GetArrayBufferAllocatorEv";
    /// `Isolate::RequestInterrupt(callback, data)`: from any thread.
    request_interrupt: fn(Raw, InterruptCallback, Raw) =
        "_ZN2v87Isolate16RequestInterruptEPFvPS0_PvES2_";
    /// `Isolate::AddGCPrologueCallback(callback, data, filter)`
    add_gc_prologue: fn(Raw, GcCallback, Raw, c_int) =
        "_ZN2v87Isolate21AddGCPrologueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_S2_";
    /// `Isolate::AddGCEpilogueCallback(callback, data, filter)`
    add_gc_epilogue: fn(Raw, GcCallback, Raw, c_int) =
        "_ZN2v87Isolate21AddGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_S2_";
    /// `Isolate::RemoveGCPrologueCallback(callback, data)`
    remove_gc_prologue: fn(Raw, GcCallback, Raw) =
        "_ZN2v87Isolate24RemoveGCPrologueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_";
    /// `Isolate::RemoveGCEpilogueCallback(callback, data)`
    remove_gc_epilogue: fn(Raw, GcCallback, Raw) =
        "_ZN2v87Isolate24RemoveGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_";
    /// `Isolate::AddNearHeapLimitCallback(callback, data)`
    add_near_heap_limit: fn(Raw, LimitCallback, Raw) =
        "_ZN2v87Isolate24AddNearHeapLimitCallbackEPFmPvmmES1_";
    /// `Isolate::RemoveNearHeapLimitCallback(callback, heap_limit)`: restores that limit if it is not 0.
    remove_near_heap_limit: fn(Raw, LimitCallback, usize) =
        "_ZN2v87Isolate27RemoveNearHeapLimitCallbackEPFmPvmmEm";
    /// `HeapProfiler::GetObjectId(value)`; a `Local` is one pointer, passed as such. 0: it has none.
    object_id: fn(Raw, Raw) -> u32 = "_ZN2v812HeapProfiler11GetObjectIdENS_5LocalINS_5ValueEEE";
    /// `Isolate::GetCurrentContext()`; empty, thus null, while no JavaScript runs. Needs a handle scope.
    current_context: fn(Raw) -> Raw = "_ZN2v87Isolate17GetCurrentContextEv";
    /// `HeapProfiler::StartTrackingHeapObjects(track_allocations)`
    start_tracking: fn(Raw, bool) = "_ZN2v812HeapProfiler24StartTrackingHeapObjectsEb";
    /// `HeapProfiler::StopTrackingHeapObjects()`
    stop_tracking: fn(Raw) = "_ZN2v812HeapProfiler23StopTrackingHeapObjectsEv";
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn find() -> std::result::Result<Symbols, String> {
    Err(format!(
        "V8's C++ ABI is verified on Linux x64 only; this is {} {}",
        std::env::consts::OS,
        std::env::consts::ARCH
    ))
}

static FOUND: OnceLock<std::result::Result<Symbols, String>> = OnceLock::new();
/// Why the figures did not agree, the last time.
static DISAGREED: Mutex<Option<String>> = Mutex::new(None);
/// They have agreed once.
static TRUSTED: AtomicBool = AtomicBool::new(false);

fn found() -> &'static std::result::Result<Symbols, String> {
    FOUND.get_or_init(|| {
        if let Some((true, word)) = switch("HEAPWARDEN_PORTABLE") {
            return Err(format!("HEAPWARDEN_PORTABLE={word}"));
        }
        let symbols = find()?;
        // SAFETY: GetVersion takes nothing and returns a static C string.
        let version = unsafe { std::ffi::CStr::from_ptr((symbols.version)()) };
        let version = version.to_string_lossy();
        let major = version.split('.').next().and_then(|digits| digits.parse::<u32>().ok());
        match major {
            Some(major) if VERIFIED_MAJORS.contains(&major) => Ok(symbols),
            _ => Err(format!("V8 {version} is not among the verified majors {VERIFIED_MAJORS:?}")),
        }
    })
}

/// V8's functions, verified or not.
pub(super) fn unverified() -> std::result::Result<&'static Symbols, &'static str> {
    found().as_ref().map_err(String::as_str)
}

/// Whether the figures have agreed once.
pub(super) fn trusted() -> bool {
    TRUSTED.load(Ordering::Acquire)
}

/// They agree; that stays.
pub(super) fn trust() {
    TRUSTED.store(true, Ordering::Release);
}

/// They do not agree, this time.
pub(super) fn distrust(why: String) {
    *DISAGREED.lock() = Some(why);
}

/// V8's functions if they were found *and* [`verify`](super::verify::verify) agreed; otherwise why not.
///
/// # Errors
/// `Unsupported` with the reason; the caller then takes the portable path.
pub fn binding() -> Result<&'static Symbols> {
    let refuse = |why: &str| Err(Error::Unsupported(why.to_owned()));
    match found() {
        // Asked first, and without a lock.
        Ok(symbols) if trusted() => Ok(symbols),
        Err(why) => refuse(why),
        Ok(_) => refuse(DISAGREED.lock().as_deref().unwrap_or("V8's figures have not been verified yet")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_node_the_binding_is_refused_with_a_reason() {
        let why = binding().unwrap_err();
        assert_eq!(why.code(), "HEAPWARDEN_UNSUPPORTED");
        assert!(why.to_string().contains("does not export") || cfg!(not(target_os = "linux")));
    }
}
