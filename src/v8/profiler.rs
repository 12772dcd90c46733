//! The heap profiler: a snapshot becomes bytes.

use std::any::Any;
use std::ffi::{c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::callbacks::in_gc;
use super::isolate::Isolate;
use super::symbols::Raw;

/// How V8 hands over the JSON: at most this many bytes a call.
pub const CHUNK: usize = 64 << 10;

/// What goes into the snapshot.
#[derive(Debug, Clone, Copy, Default)]
pub struct Contents {
    /// Numbers as nodes of their own (`captureNumericValue`): larger files.
    pub numeric_values: bool,
    /// Keep object ids for a later comparison. V8 then tracks every object move, and allocation-heavy code
    /// runs several times slower, until a snapshot is taken without it.
    pub keep_ids: bool,
}

/// Receives the JSON. `false` ends the serialization.
pub trait Output {
    /// One piece, at most [`CHUNK`] bytes, in order.
    fn write(&mut self, bytes: &[u8]) -> bool;
    /// Asked now and then while V8 walks the heap, with V8's own counts. `false` ends it.
    fn proceed(&mut self, done: u32, total: u32) -> bool;
}

/// How a snapshot ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// V8 called `EndOfStream`.
    Complete,
    /// `Output` said stop, or panicked, while the heap was walked or written.
    Stopped,
}

/// A C++ object of class `v8::OutputStream`: a vtable pointer, then what our functions need.
#[repr(C)]
struct Stream<'a> {
    vtable: *const StreamTable,
    output: &'a mut dyn Output,
    ended: bool,
    stopped: bool,
    /// The first piece was looked at: somebody records allocations.
    recorded: Option<bool>,
    panic: Option<Box<dyn Any + Send>>,
}

/// Itanium ABI: two destructor slots, then the virtual functions in order of declaration.
#[repr(C)]
struct StreamTable {
    destroy: unsafe extern "C" fn(*mut c_void),
    destroy_and_free: unsafe extern "C" fn(*mut c_void),
    end_of_stream: unsafe extern "C" fn(*mut Stream),
    chunk_size: unsafe extern "C" fn(*mut Stream) -> c_int,
    write_ascii_chunk: unsafe extern "C" fn(*mut Stream, *mut c_char, c_int) -> c_int,
    write_heap_stats_chunk: unsafe extern "C" fn(*mut Stream, *mut c_void, c_int) -> c_int,
}

/// A C++ object of class `v8::ActivityControl`.
#[repr(C)]
struct Control<'a> {
    vtable: *const ControlTable,
    stream: *mut Stream<'a>,
}

#[repr(C)]
struct ControlTable {
    destroy: unsafe extern "C" fn(*mut c_void),
    destroy_and_free: unsafe extern "C" fn(*mut c_void),
    report_progress: unsafe extern "C" fn(*mut Control, u32, u32) -> c_int,
}

static STREAM_TABLE: StreamTable = StreamTable {
    destroy: nothing,
    destroy_and_free: nothing,
    end_of_stream,
    chunk_size,
    write_ascii_chunk,
    write_heap_stats_chunk,
};
static CONTROL_TABLE: ControlTable =
    ControlTable { destroy: nothing, destroy_and_free: nothing, report_progress };

const CONTINUE: c_int = 0;
const ABORT: c_int = 1;

/// V8 never destroys a stream it was lent; the slots must only exist.
unsafe extern "C" fn nothing(_: *mut c_void) {}

unsafe extern "C" fn end_of_stream(stream: *mut Stream) {
    // SAFETY: V8 passes back the pointer it was given in `snapshot`, alive and not otherwise borrowed.
    unsafe { (*stream).ended = true };
}

unsafe extern "C" fn chunk_size(_: *mut Stream) -> c_int {
    CHUNK as c_int
}

unsafe extern "C" fn write_ascii_chunk(stream: *mut Stream, data: *mut c_char, size: c_int) -> c_int {
    // SAFETY: V8 passes back the pointer it was given in `snapshot`, alive and not otherwise borrowed.
    let stream = unsafe { &mut *stream };
    // SAFETY: V8 hands over `size` initialised bytes that live for this call.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), size.max(0) as usize) };
    stream.recorded.get_or_insert_with(|| records_allocations(bytes));
    stream.guarded(|output| output.write(bytes))
}

/// Whether the snapshot that begins with `head` knows functions that have allocated: it does while V8's tracker of
/// allocations runs, and the tracker's own root is one of them.
fn records_allocations(head: &[u8]) -> bool {
    const COUNT: &[u8] = b"\"trace_function_count\":";
    let Some(at) = memchr::memmem::find(head, COUNT) else { return false };
    head.get(at + COUNT.len()).is_some_and(|digit| matches!(digit, b'1'..=b'9'))
}

/// Only heap-stats streams get these, and we never start one.
unsafe extern "C" fn write_heap_stats_chunk(_: *mut Stream, _: *mut c_void, _: c_int) -> c_int {
    ABORT
}

unsafe extern "C" fn report_progress(control: *mut Control, done: u32, total: u32) -> c_int {
    // SAFETY: V8 passes back the control it was given; its stream is the one of the same call of `snapshot`,
    // and V8 does not write while it reports progress.
    let stream = unsafe { &mut *(*control).stream };
    stream.guarded(|output| output.proceed(done, total))
}

impl Stream<'_> {
    /// Runs our side without letting a panic unwind into C++ frames.
    fn guarded(&mut self, call: impl FnOnce(&mut dyn Output) -> bool) -> c_int {
        if self.stopped {
            return ABORT;
        }
        let output = &mut *self.output;
        match catch_unwind(AssertUnwindSafe(|| call(output))) {
            Ok(true) => CONTINUE,
            Ok(false) => {
                self.stopped = true;
                ABORT
            }
            Err(panic) => {
                self.stopped = true;
                self.panic = Some(panic);
                ABORT
            }
        }
    }
}

/// Takes a snapshot of `isolate`'s heap and writes its JSON to `output`.
///
/// JavaScript stands still meanwhile. V8 collects garbage first, then needs several times the heap's size in
/// memory. Afterwards the snapshot is freed and, unless `keep_ids` or while somebody records allocations, object-move
/// tracking is switched off again: without this, allocation-heavy code stays 3–8 times slower until the process ends.
///
/// On the isolate's thread, where a handle scope is open: any code that JavaScript called and any interrupt
/// has one. Inside a collection it refuses.
pub fn snapshot(isolate: &Isolate, contents: Contents, output: &mut dyn Output) -> Ending {
    if in_gc() || !isolate.is_current() {
        return Ending::Stopped;
    }
    let symbols = isolate.symbols;
    let mut stream =
        Stream { vtable: &STREAM_TABLE, output, ended: false, stopped: false, recorded: None, panic: None };
    let stream_ptr: *mut Stream = &mut stream;
    let mut control = Control { vtable: &CONTROL_TABLE, stream: stream_ptr };
    // SAFETY: this is the isolate's thread, so it is alive.
    let profiler = unsafe { (symbols.heap_profiler)(isolate.as_raw()) };
    let control_ptr: *mut Control = &mut control;
    // SAFETY: `control` outlives the call; a null resolver is V8's default.
    let snapshot: Raw = unsafe {
        (symbols.take_snapshot)(
            profiler,
            control_ptr.cast(),
            std::ptr::null_mut(),
            true,
            contents.numeric_values,
        )
    };
    if !snapshot.is_null() {
        // SAFETY: `snapshot` is the one just taken; the stream outlives the call.
        unsafe { (symbols.serialize)(snapshot, stream_ptr.cast(), 0) };
        // SAFETY: not used after this.
        unsafe { (symbols.delete_snapshot)(snapshot) };
    }
    // The tracker of an inspector's client has V8's map of ids by its address: it must not go.
    if !contents.keep_ids && stream.recorded != Some(true) {
        // SAFETY: the profiler belongs to the isolate; no snapshot of ours is alive.
        unsafe { (symbols.clear_object_ids)(profiler) };
    }
    // The panic was ours, and V8's frames are gone: the caller's border catches it.
    if let Some(panic) = stream.panic {
        std::panic::resume_unwind(panic);
    }
    if !snapshot.is_null() && stream.ended && !stream.stopped { Ending::Complete } else { Ending::Stopped }
}

/// Gives all objects ids, those that [`snapshot`] writes of the same heap, and keeps them: for
/// [`Isolate::object_with_id`]. What is taken for it is given back at once. Where and when as there; whether it could be done.
pub fn give_ids(isolate: &Isolate) -> bool {
    if in_gc() || !isolate.is_current() {
        return false;
    }
    let symbols = isolate.symbols;
    let none = std::ptr::null_mut();
    // SAFETY: this is the isolate's thread, so the profiler is alive.
    let profiler = unsafe { (symbols.heap_profiler)(isolate.as_raw()) };
    // SAFETY: neither control nor resolver is V8's default. The flags are those of `snapshot`, as ids depend on them.
    let snapshot = unsafe { (symbols.take_snapshot)(profiler, none, none, true, false) };
    if snapshot.is_null() {
        return false;
    }
    // SAFETY: the one just taken, not used after this.
    unsafe { (symbols.delete_snapshot)(snapshot) };
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_of_allocations_is_seen_in_the_head() {
        let head = |count: &str| format!("{{\"snapshot\":{{\"meta\":{{}},\"node_count\":9,{count}}}");
        assert!(records_allocations(head("\"trace_function_count\":1").as_bytes()));
        assert!(records_allocations(head("\"trace_function_count\":20").as_bytes()));
        assert!(!records_allocations(head("\"trace_function_count\":0").as_bytes()));
        assert!(!records_allocations(head("\"edge_count\":1").as_bytes()));
    }
}
