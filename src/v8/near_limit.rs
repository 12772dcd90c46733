//! One callback near the heap limit for each isolate, however many environments of it want one.
//!
//! V8 ends the process if the same function is added twice, and the addon may be loaded several times in one isolate (a
//! module registry that was emptied, a test runner's own). And V8 asks only the callback that was added last: whoever
//! came before it is silent. So ours goes to the top again with each full collection, has its turn, and then steps
//! aside for whatever stood below it (Node's own for workers and for `--heapsnapshot-near-heap-limit`, another library's)
//! until the heap has recovered. At a worker thread's limit we call that one ourselves ([`ask_below`]).

use std::cell::RefCell;
use std::ffi::c_void;

use super::callbacks::guarded;
use super::isolate::Isolate;
use super::limit_list;
use super::words::{Reader, usable};

/// This thread's isolate; everything here happens on its thread.
#[derive(Default)]
struct Watch {
    /// The environments that want to be asked, in the order in which they came. The first one is.
    wanting: Vec<u64>,
    added: bool,
    aside: bool,
    /// The limit that the heap began with, while ours is being asked.
    initial: usize,
}

thread_local! {
    static WATCH: RefCell<Watch> = RefCell::default();
}

/// Nothing that is called here calls back, so the borrow never fails; if it did, nothing would be done.
fn with<T: Default>(act: impl FnOnce(&mut Watch) -> T) -> T {
    WATCH
        .try_with(|watch| watch.try_borrow_mut().map(|mut watch| act(&mut watch)).unwrap_or_default())
        .unwrap_or_default()
}

impl Watch {
    fn add(&mut self, isolate: &Isolate) {
        if !std::mem::replace(&mut self.added, true) {
            // SAFETY: it is removed on this thread before the isolate ends, as every environment detaches. `added` says
            // that it is not there yet.
            unsafe { isolate.add_limit_callback(on_near_limit, 0) };
        }
    }

    /// `restore`: bytes the limit goes back to; 0: it stays.
    fn remove(&mut self, isolate: &Isolate, restore: usize) {
        if std::mem::replace(&mut self.added, false) {
            // SAFETY: `added` says that it is there.
            unsafe { isolate.remove_limit_callback(on_near_limit, restore) };
        }
    }
}

/// `id` wants to be asked from now on.
pub(super) fn want(isolate: &Isolate, id: u64) {
    with(|watch| {
        if !watch.wanting.contains(&id) {
            watch.wanting.push(id);
        }
        if !watch.aside {
            watch.add(isolate);
        }
    });
}

/// `id` does not any more. The limit goes back to `restore` bytes, if that is not 0.
pub(super) fn unwant(isolate: &Isolate, id: u64, restore: usize) {
    with(|watch| {
        watch.wanting.retain(|one| *one != id);
        if restore > 0 {
            // V8 lowers the limit only when a callback is removed.
            watch.add(isolate);
            watch.remove(isolate, restore);
            watch.aside = false;
        }
        if watch.wanting.is_empty() {
            watch.remove(isolate, 0);
            watch.aside = false;
        } else if !watch.aside {
            watch.add(isolate);
        }
    });
}

/// To the top, where V8 asks: others may have been added since. Also inside collections.
pub(super) fn to_top(isolate: &Isolate) {
    with(|watch| {
        if watch.added {
            watch.remove(isolate, 0);
            watch.add(isolate);
        }
    });
}

/// Leaves the question to whoever stood below. Also inside V8's call of ours, which holds copies of what it has read.
pub(super) fn step_aside(isolate: &Isolate) {
    with(|watch| {
        watch.remove(isolate, 0);
        watch.aside = true;
    });
}

/// Steps aside and asks whoever stands below at once, as V8 would now: the limit that it gives; `None`: nobody, or that is not
/// known. Only inside V8's call of ours.
pub(super) fn ask_below(isolate: &Isolate, current: usize) -> Option<usize> {
    let (added, initial) = with(|watch| (watch.added, watch.initial));
    if !added || initial == 0 {
        return None;
    }
    let [callback, data] = limit_list::before(ours(), &block(isolate), &Reader::through_kernel()?)?;
    if callback == 0 {
        return None;
    }
    // What it does (it may collect) is to find the list as it would be without us.
    step_aside(isolate);
    // SAFETY: it stands in V8's list of such callbacks, as the entry before ours, whose address and data were both found there; V8 itself
    // calls it so.
    let callback: NearLimit = unsafe { std::mem::transmute(callback as usize) };
    // SAFETY: as above: with its own data, on the isolate's thread, inside V8's question.
    Some(unsafe { callback(data as *mut c_void, current, initial) })
}

type NearLimit = unsafe extern "C" fn(*mut c_void, usize, usize) -> usize;

/// Ours, as V8's list has it.
fn ours() -> [u64; 2] {
    [on_near_limit as *const () as u64, 0]
}

fn block(isolate: &Isolate) -> std::ops::Range<u64> {
    let at = isolate.as_raw() as u64;
    at..at + usable(isolate.as_raw())
}

/// Whether V8 asks nobody but ours: whoever adds a callback, the answer is another one. False where that is not known. Also inside
/// V8's call of ours; allocates nothing.
pub(super) fn is_alone(isolate: &Isolate) -> bool {
    let added = with(|watch| watch.added);
    added
        && Reader::through_kernel()
            .is_some_and(|reader| limit_list::has_only(ours(), &block(isolate), &reader))
}

/// The heap has recovered: the limit goes back to `limit` bytes and the question comes to us again.
pub(super) fn restore(isolate: &Isolate, limit: usize) {
    with(|watch| {
        watch.add(isolate);
        watch.remove(isolate, limit);
        watch.aside = false;
        if !watch.wanting.is_empty() {
            watch.add(isolate);
        }
    });
}

unsafe extern "C" fn on_near_limit(_: *mut c_void, current: usize, initial: usize) -> usize {
    let mut limit = current;
    guarded(|callbacks| {
        if let Some(first) = with(|watch| {
            watch.initial = initial;
            watch.wanting.first().copied()
        }) {
            limit = (callbacks.near_limit)(first, current, initial);
        }
        with(|watch| watch.initial = 0);
    });
    // Never less than there is: V8 takes that for an embedder's mistake.
    limit.max(current)
}
