//! The slot for what somebody else carries out on this thread. The room above puts itself in here, and this one does not
//! know what is done.

use std::any::Any;
use std::sync::Arc;

/// Where the thread is when it comes to an errand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A turn of the event loop.
    LoopTurn,
    /// A stack guard in the middle of JavaScript, which [`super::environment::Environment::interrupt`] asked for.
    StackGuard,
}

/// What is carried out on a JavaScript thread. All of it is called there, and may unwind: V8 never sees that. `Any`: whoever
/// put itself in finds its like again in the [neighbours](super::environment::Environment::neighbours) of its environment.
pub trait Errand: Any + Send + Sync {
    /// Outside any collection: V8 may be called, and the process may fork.
    fn carry_out(self: Arc<Self>, at: Moment);

    /// A full collection has left `heap_used` bytes. Inside it: must not call V8, nor wait. `true`: it wants a stack guard.
    fn collected(&self, heap_used: u64) -> bool;

    /// V8 is about to hit the heap limit `current`, and the heap is what it is: the limit from now on, in bytes. The same
    /// again lets V8 end the process. Inside a collection.
    fn near_limit(self: Arc<Self>, current: usize) -> usize;

    /// The thread's environment has ended: nothing can be asked of it any more, and V8 is not reached.
    fn ended(&self);
}
