//! What a question about a copy's objects needs of V8: the object with an id, the instances of a class, microtasks. Each is
//! there or not, whatever else is: the process is watched without them.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::OnceLock;

use super::isolate::Isolate;
use super::symbols::{Raw, optional};
use crate::error::{Error, Result};

/// A value of JavaScript as V8's API hands it about (`v8::Local`): the address of where its address stands. Alive as long as
/// the handle scope it was made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local(NonNull<c_void>);

impl Local {
    fn new(raw: Raw) -> Option<Self> {
        NonNull::new(raw).map(Self)
    }

    /// Of a value that another face of V8 gives: Node-API's `napi_value` is the same. `None`: there is none.
    pub fn from_raw(raw: *mut c_void) -> Option<Self> {
        Self::new(raw)
    }

    /// As other faces of V8 take it; Node-API's `napi_value` is the same.
    pub fn as_raw(self) -> *mut c_void {
        self.0.as_ptr()
    }
}

type Find = unsafe extern "C" fn(Raw, u32) -> Raw;
type Query = unsafe extern "C" fn(Raw, Raw, *mut Predicate, *mut Globals);
type Is = unsafe extern "C" fn(Raw) -> bool;
type NewString = unsafe extern "C" fn(Raw, *const u8, i32, i32) -> Raw;
type Equal = unsafe extern "C" fn(Raw, Raw) -> bool;
type Of = unsafe extern "C" fn(Raw) -> Raw;
type Checkpoint = unsafe extern "C" fn(Raw);
type Allow = unsafe extern "C" fn(*mut Allowed, Raw);

/// V8's functions. Looked for in the living process: a copy must not take the lock of who finds symbols.
#[derive(Debug, Default)]
struct Functions {
    find_object: Option<Find>,
    query_objects: Option<Query>,
    is_object: Option<Is>,
    is_string: Option<Is>,
    new_string: Option<NewString>,
    strings_equal: Option<Equal>,
    constructor_name: Option<Of>,
    checkpoint: Option<Checkpoint>,
    allow_javascript: Option<Allow>,
}

static FUNCTIONS: OnceLock<Functions> = OnceLock::new();

/// Looks for them, once.
pub fn prepare() {
    FUNCTIONS.get_or_init(|| {
        // SAFETY: here and below, a mangled name encodes the parameter types, and the types above are the same. None of the
        // results is a class that is returned through memory.
        unsafe {
            Functions {
                find_object: optional("_ZN2v812HeapProfiler14FindObjectByIdEj"),
                query_objects: optional(
                    "_ZN2v812HeapProfiler12QueryObjectsENS_5LocalINS_7ContextEEEPNS_20QueryObjectPredicateEPSt6vectorINS_6GlobalINS_6ObjectEEESaIS9_EE",
                ),
                is_object: optional("_ZNK2v85Value8IsObjectEv"),
                is_string: optional("_ZNK2v85Value12FullIsStringEv"),
                new_string: optional("_ZN2v86String11NewFromUtf8EPNS_7IsolateEPKcNS_13NewStringTypeEi"),
                strings_equal: optional("_ZNK2v86String12StringEqualsENS_5LocalIS0_EE"),
                constructor_name: optional("_ZN2v86Object18GetConstructorNameEv"),
                checkpoint: optional("_ZN2v815MicrotasksScope17PerformCheckpointEPNS_7IsolateE"),
                allow_javascript: optional("_ZN2v87Isolate29AllowJavascriptExecutionScopeC1EPS0_"),
            }
        }
    });
}

fn function<F>(which: impl Fn(&Functions) -> Option<F>, what: &str) -> Result<F> {
    FUNCTIONS.get().and_then(which).ok_or_else(|| {
        Error::Unsupported(format!("the Node.js of this image does not export {what}, which this needs"))
    })
}

/// A C++ object of class `v8::QueryObjectPredicate`.
#[repr(C)]
struct Predicate {
    vtable: *const PredicateTable,
    name: Raw,
    constructor_name: Of,
    strings_equal: Equal,
}

/// Itanium ABI: two destructor slots, then the virtual functions in order of declaration.
#[repr(C)]
struct PredicateTable {
    destroy: unsafe extern "C" fn(*mut Predicate),
    destroy_and_free: unsafe extern "C" fn(*mut Predicate),
    filter: unsafe extern "C" fn(*mut Predicate, Raw) -> bool,
}

static PREDICATE_TABLE: PredicateTable =
    PredicateTable { destroy: nothing, destroy_and_free: nothing, filter };

/// V8 never destroys a predicate it was lent; the slots must only exist.
unsafe extern "C" fn nothing(_: *mut Predicate) {}

unsafe extern "C" fn filter(predicate: *mut Predicate, object: Raw) -> bool {
    // SAFETY: V8 passes back the pointer it was given in `instances`, alive and not otherwise borrowed.
    let predicate = unsafe { &*predicate };
    // SAFETY: V8 passes an object; its name is as V8's own snapshots give it.
    let name = unsafe { (predicate.constructor_name)(object) };
    // SAFETY: both are strings.
    !name.is_null() && unsafe { (predicate.strings_equal)(name, predicate.name) }
}

/// `std::vector<v8::Global<v8::Object>>` of libstdc++; a global is the address of a slot that V8 keeps.
#[repr(C)]
struct Globals {
    begin: *const Raw,
    end: *const Raw,
    capacity: *const Raw,
}

/// Room for a `v8::Isolate::AllowJavascriptExecutionScope`, which has three words or less.
#[repr(C)]
struct Allowed([usize; 8]);

/// `v8::NewStringType::kNormal`
const NORMAL: i32 = 0;

impl Isolate {
    /// The object that a snapshot gave this id: one of this very process, whose ids were not cleared since. On the isolate's
    /// thread, in a handle scope, outside collections. Walks the heap.
    ///
    /// # Errors
    /// `NotFound`: there is none, or it is V8's own and not a value of JavaScript. `Unsupported`.
    pub fn object_with_id(&self, id: u32) -> Result<Local> {
        let find = function(|all| all.find_object, "HeapProfiler::FindObjectById")?;
        let is_object = function(|all| all.is_object, "Value::IsObject")?;
        // SAFETY: this is the isolate's thread, so the profiler is alive.
        let profiler = unsafe { (self.symbols.heap_profiler)(self.as_raw()) };
        // SAFETY: signature by mangled name.
        let found = unsafe { find(profiler, id) };
        let found = Local::new(found).ok_or_else(|| Error::NotFound(format!("there is no object @{id}")))?;
        // SAFETY: both read the type of a living object, whatever it is.
        let value = unsafe {
            is_object(found.as_raw())
                || function(|all| all.is_string, "").is_ok_and(|is_string| is_string(found.as_raw()))
        };
        let own = || {
            Error::NotFound(format!(
                "@{id} is V8's own (code, a map, a table of something): no object that JavaScript could be given"
            ))
        };
        value.then_some(found).ok_or_else(own)
    }

    /// All objects whose class has this name, as snapshots name it. They are kept alive for the rest of the process: for a
    /// copy. On the isolate's thread, in a handle scope, outside collections. Collects garbage and walks the heap.
    ///
    /// # Errors
    /// `NotFound`: there is none. `Unsupported`.
    pub fn instances(&self, class: &str) -> Result<Vec<Local>> {
        let query = function(|all| all.query_objects, "HeapProfiler::QueryObjects")?;
        let new_string = function(|all| all.new_string, "String::NewFromUtf8")?;
        let constructor_name = function(|all| all.constructor_name, "Object::GetConstructorName")?;
        let strings_equal = function(|all| all.strings_equal, "String::StringEquals")?;
        let missing = || Error::NotFound(format!("there is no instance of {class}"));
        let length = i32::try_from(class.len()).map_err(|_| missing())?;
        // SAFETY: `class` has `length` bytes; V8 copies them.
        let name = unsafe { new_string(self.as_raw(), class.as_ptr(), NORMAL, length) };
        if name.is_null() {
            return Err(missing());
        }
        let mut predicate = Predicate { vtable: &PREDICATE_TABLE, name, constructor_name, strings_equal };
        let mut found =
            Globals { begin: std::ptr::null(), end: std::ptr::null(), capacity: std::ptr::null() };
        // SAFETY: this is the isolate's thread, so the profiler is alive.
        let profiler = unsafe { (self.symbols.heap_profiler)(self.as_raw()) };
        // SAFETY: a getter; the handle lives in the caller's scope.
        let context = unsafe { (self.symbols.current_context)(self.as_raw()) };
        // SAFETY: three null pointers are an empty vector of libstdc++, with which every Node for Linux is built; predicate
        // and vector outlive the call, and the vector is never given back.
        unsafe { query(profiler, context, &mut predicate, &mut found) };
        let count = (found.end as usize).saturating_sub(found.begin as usize) / size_of::<Raw>();
        if count == 0 {
            return Err(missing());
        }
        // SAFETY: V8 has put that many globals there.
        let slots = unsafe { std::slice::from_raw_parts(found.begin, count) };
        Ok(slots.iter().filter_map(|slot| Local::new(*slot)).collect())
    }

    /// Lets JavaScript run from here on, for the rest of the process: for a copy. V8 forbids it at the end of some collections,
    /// where a copy may have to do its work. On the isolate's thread, outside collections.
    pub fn allow_javascript(&self) {
        if let Ok(allow) = function(|all| all.allow_javascript, "") {
            // Never destroyed: that would forbid it again.
            let mut scope = Allowed([0; 8]);
            // SAFETY: a constructor, on memory large enough for its object; it notes what was allowed before and keeps no pointer to
            // that memory.
            unsafe { allow(&mut scope, self.as_raw()) };
        }
    }

    /// Runs what promises have to do, if V8 lets us; whether it can be asked to. On the isolate's thread, outside collections.
    pub fn run_microtasks(&self) -> bool {
        let Ok(checkpoint) = function(|all| all.checkpoint, "") else { return false };
        // SAFETY: this is the isolate's thread. Inside microtasks it does nothing.
        unsafe { checkpoint(self.as_raw()) };
        true
    }
}
