//! Freezes this process where it stands, and goes on in its copy.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::serve::serve;
use super::slots::Slots;
use super::{alarm, ends, malloc, turns, write};
use crate::capture::fork::pthread_slots::{self, PthreadSlots};
use crate::capture::fork::signal::hold::Stillness;
use crate::error::{Error, Result};
use crate::image::format::{MOMENT_FORK, MOMENT_IN_PLACE, MOMENT_LIMIT, MOMENT_SIGNAL};
use crate::image::freeze;
use crate::image::freeze::{BY_CHILD, Freezer, Frozen, How, IN_PLACE, Written};
use crate::v8::backing_stores::{Memories, Small};
use crate::v8::{Isolate, Unknown, backing_stores, silence, thawed};

/// Has the freezer leave out the contents of Buffers, all of this process's, where they lie at this moment. Allocates nothing.
fn leave_out(freezer: &mut Freezer, how: How) -> std::result::Result<(), Unknown> {
    freezer.leave_nothing_out();
    let Small { mark, head, most } = backing_stores::small().ok_or(Unknown::NotFound)?;
    freezer.leave_out_small(freeze::Small { mark, head, most });
    match backing_stores::memories() {
        Some(Memories::Listed) => {}
        Some(Memories::Guarded) => freezer.leave_out_memories(),
        None => return Err(Unknown::Memories),
    }
    let mut note = |range| freezer.leave_out(range);
    match how {
        How::Alone => backing_stores::each_alone(&mut note),
        How::Beside => backing_stores::each_in_place(&mut note),
    }
}

/// As an error. Not for where nothing may be allocated.
pub fn unknown(why: Unknown) -> Error {
    Error::CaptureFailed(format!(
        "the contents of Buffers could not be left out (images: {{ buffers: false }}): {why}"
    ))
}

/// What freezing a forked child takes, made ready before the fork.
pub struct Child {
    freezer: Freezer,
    functions: Slots,
    /// The process that is forked.
    pid: u32,
}

impl Child {
    /// Maps memory and takes the loader's lock.
    ///
    /// # Errors
    /// There is no memory, or no freezing on this system.
    pub fn new() -> Result<Self> {
        let functions = Slots::find(&write::replacements());
        Ok(Self { freezer: Freezer::new(BY_CHILD)?, functions, pid: std::process::id() })
    }

    /// Leaves the contents of Buffers out, of all threads.
    ///
    /// # Errors
    /// They cannot be told at this moment.
    ///
    /// # Safety
    /// Only in a forked child.
    pub unsafe fn leave_out_buffers(&mut self) -> std::result::Result<(), Unknown> {
        leave_out(&mut self.freezer, How::Alone)
    }

    /// Freezes the child, which is alone. In the copy it does not return: that serves. On the isolate's thread, outside
    /// collections; the locks' slots are silent.
    ///
    /// # Errors
    /// The image was not written; `look` said no, or the kernel.
    ///
    /// # Safety
    /// Only in a forked child with one thread.
    pub unsafe fn freeze(
        &mut self,
        isolate: &Isolate,
        to: RawFd,
        look: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Written> {
        // SAFETY: the child is alone, as the caller vouches; its copy serves and leaves.
        match unsafe { self.freezer.freeze(to, How::Alone, MOMENT_FORK, self.pid, look) } {
            Frozen::Written(written) => Ok(written),
            Frozen::Failed(fault) => Err(fault.error()),
            Frozen::Thawed => {
                // SAFETY: this is a copy, which has one thread.
                unsafe { self.functions.replace() };
                serve(isolate)
            }
        }
    }
}

/// What freezing a process in place takes, made ready beforehand.
pub struct Ready {
    freezer: Freezer,
    locks: PthreadSlots,
    functions: Slots,
}

/// All other threads, and how long they may take to stand still.
pub type Others<'a> = (&'a mut Stillness, Duration);

/// What has become of the process.
#[derive(Debug)]
pub enum Place {
    /// It is the old one still, and its image is written.
    Here(Written),
    /// It is a copy, inside a collection: at the next stack guard after it, it serves.
    InCopy,
}

impl Ready {
    /// Maps memory and takes the loader's lock. Not inside what freezes.
    ///
    /// # Errors
    /// There is no memory, or no freezing on this system.
    pub fn new() -> Result<Self> {
        let functions: Vec<_> = malloc::replacements().into_iter().chain(write::replacements()).collect();
        Ok(Self {
            freezer: Freezer::new(IN_PLACE)?,
            locks: pthread_slots::find(),
            functions: Slots::find(&functions),
        })
    }

    /// Freezes this process outside collections: at a stack guard, or from the loop. In the copy it does not return: that
    /// serves. Without `buffers` their contents are left out. On the isolate's thread.
    ///
    /// # Errors
    /// As [`Child::freeze`]. The process lives on, as it was.
    pub fn outside_collections(
        &mut self,
        isolate: &Isolate,
        to: RawFd,
        others: Others<'_>,
        buffers: bool,
        look: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Written> {
        match self.freeze(isolate, to, MOMENT_IN_PLACE, others, buffers, look)? {
            Place::Here(written) => Ok(written),
            Place::InCopy => serve(isolate),
        }
    }

    /// Freezes this process inside V8's question for a higher heap limit. The copy has to answer with one, so that the
    /// collection comes to its end. On the isolate's thread.
    ///
    /// # Errors
    /// As [`Child::freeze`]. The process is as it was, but for an interrupt of V8's that does nothing in it.
    pub fn at_limit(
        &mut self,
        isolate: &Isolate,
        to: RawFd,
        others: Others<'_>,
        buffers: bool,
        look: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Place> {
        // Before: in the copy V8's lock for it may be held, and so it may be once the others stand still.
        isolate.ask_copy();
        let place = self.freeze(isolate, to, MOMENT_LIMIT, others, buffers, look)?;
        if let Place::InCopy = place {
            isolate.become_copy(serve_once, true);
            alarm::set();
        }
        Ok(place)
    }

    fn freeze(
        &mut self,
        isolate: &Isolate,
        to: RawFd,
        moment: u32,
        (others, quiet): Others<'_>,
        buffers: bool,
        look: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Place> {
        others.begin(quiet);
        if !buffers && let Err(why) = leave_out(&mut self.freezer, How::Beside) {
            others.end();
            return Err(unknown(why));
        }
        // SAFETY: what is frozen goes on here, and what it does in its copy is below.
        let frozen = unsafe { self.freezer.freeze(to, How::Beside, moment, std::process::id(), look) };
        if frozen != Frozen::Thawed {
            // First of all: until then nothing may be allocated.
            others.end();
        }
        match frozen {
            Frozen::Written(written) => Ok(Place::Here(written)),
            Frozen::Failed(fault) => Err(fault.error()),
            Frozen::Thawed => {
                // First of all: the C library's own may stand in the middle of anything.
                // SAFETY: this is a copy, which has one thread.
                unsafe {
                    self.functions.replace();
                    self.locks.silence();
                }
                silence();
                // Others limit the copy. A forked child has done so before.
                isolate.lift_limit();
                Ok(Place::InCopy)
            }
        }
    }
}

/// What freezing takes at a moment that nobody has chosen: in a signal's handler, or in the child that was forked there.
pub struct AnyMoment {
    freezer: Freezer,
    locks: PthreadSlots,
    functions: Slots,
}

/// The copy is at its work: what it runs for that may come to a stack guard too.
static SERVES: AtomicBool = AtomicBool::new(false);

impl AnyMoment {
    /// Maps memory and takes the loader's lock: beforehand. `thread`: the kernel's id of the one that is
    /// frozen, by a child or in place.
    ///
    /// # Errors
    /// There is no memory, or no freezing on this system.
    pub fn new(thread: u32, by_fork: bool) -> Result<Self> {
        let mut freezer = Freezer::new(if by_fork { BY_CHILD } else { IN_PLACE })?;
        freezer.on_thread(thread);
        let functions = malloc::replacements().into_iter().chain(write::replacements());
        let functions: Vec<_> = functions.chain(turns::replacements()).chain(ends::replacements()).collect();
        Ok(Self { freezer, locks: pthread_slots::find(), functions: Slots::find(&functions) })
    }

    /// Leaves the contents of Buffers out, for what is frozen right afterwards. Allocates nothing.
    ///
    /// # Errors
    /// They cannot be told at this moment.
    ///
    /// # Safety
    /// `How::Alone`: only in a forked child; otherwise on the isolate's thread.
    pub unsafe fn leave_out_buffers(&mut self, how: How) -> std::result::Result<(), Unknown> {
        leave_out(&mut self.freezer, how)
    }

    /// Freezes. A copy returns too: what was interrupted has to come to its end, and at the next stack guard, for which
    /// [`Isolate::ask_copy`] was called, it serves. `at_once`: what was interrupted cannot go on in it, so it serves here.
    ///
    /// # Safety
    /// As [`Freezer::freeze`]'s; outside collections, on the isolate's thread.
    pub unsafe fn freeze(
        &mut self,
        to: RawFd,
        how: How,
        pid: u32,
        at_once: bool,
        look: &mut dyn FnMut(u64) -> bool,
    ) -> Frozen {
        // SAFETY: as the caller vouches.
        let frozen = unsafe { self.freezer.freeze(to, how, MOMENT_SIGNAL, pid, look) };
        if let Frozen::Thawed = frozen {
            // SAFETY: this is a copy, which has one thread.
            unsafe {
                self.functions.replace();
                self.locks.silence();
            }
            silence();
            if let Ok(isolate) = Isolate::current() {
                isolate.become_copy(lift_and_serve_once, false);
                // The old process may have come to a stack guard since it was asked. The lock for it is this thread's, or nobody's.
                isolate.ask_copy();
            }
            if at_once {
                thawed::work();
            }
            alarm::set();
        }
        frozen
    }
}

/// What V8 calls in a copy, perhaps again while that is at its work.
fn serve_once(isolate: &Isolate) {
    if !SERVES.swap(true, Ordering::Relaxed) {
        serve(isolate)
    }
}

/// The same where the limit is there still. Not before: V8 may have been in the middle of that very list.
fn lift_and_serve_once(isolate: &Isolate) {
    if !SERVES.swap(true, Ordering::Relaxed) {
        isolate.lift_limit();
        serve(isolate)
    }
}
