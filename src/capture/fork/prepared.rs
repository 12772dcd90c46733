//! A snapshot by a forked child: the parent's side.
//!
//! [`prepare`] and [`supervise::supervise`] run on a thread of their own; only [`Prepared::fork`] runs on the JavaScript
//! thread, which stands still for some system calls. See docs/pause-free.md.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::child::last_message::LastMessage;
use super::{
    child, descriptors, mappings, marks, priority, pthread_slots, shared_page, supervise, terminate,
    v8_workers,
};
use crate::capture::intake::Intake;
use crate::error::{Error, Result};
use crate::file::sink::{Sealed, Sink};
use crate::file::turn::Turn;
use crate::probe::cgroup::{Cgroup, gauge::Gauge};
use crate::units::switch;
use crate::v8::Isolate;
use crate::v8::profiler::Contents;

/// How long the JavaScript thread waits for V8's workers to sleep. They nearly always do; a fork while one does
/// not may hang, and is then tried again.
const QUIET: Duration = Duration::from_millis(20);
/// How long the preparing thread waits for such a moment first.
pub const QUIET_BEFORE: Duration = Duration::from_millis(200);
/// How long a process at its heap limit waits: V8 marks nearly all the time there, there will be no second try,
/// and JavaScript stands still, so that the marking comes to its end.
pub const QUIET_AT_LIMIT: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_micros(500);

/// What a child has to keep to, also when its service is gone.
pub struct Terms {
    /// Its folder's: the child has it until it ends.
    pub turn: Arc<Turn>,
    /// It ends itself then.
    pub deadline: Instant,
    /// So long after its service at the latest.
    pub orphaned: Duration,
}

/// Everything the child needs, made before the fork: the child must not open, allocate much or ask.
pub struct Prepared {
    pub(super) intake: Intake,
    pub(super) shared: Arc<shared_page::SharedPage>,
    pub(super) slots: pthread_slots::PthreadSlots,
    pub(super) eventfds: Vec<RawFd>,
    /// Descriptors that must stay what they are.
    pub(super) keep: Vec<RawFd>,
    /// `keep` and `eventfds`, ascending.
    pub(super) kept: Vec<RawFd>,
    pub(super) null: RawFd,
    pub(super) stderr: RawFd,
    /// The temporary file's name in its folder, for a child that ends itself.
    pub(super) temp: std::ffi::CString,
    /// That folder, wherever it has been moved to.
    pub(super) folder: RawFd,
    pub(super) owned: (OwnedFd, OwnedFd, OwnedFd),
    /// To the service's own stderr, for an orphan that fails.
    pub(super) last_message: Option<Box<LastMessage>>,
    /// Somebody waits for it who will be gone afterwards: it need not stand back.
    pub(super) urgent: bool,
    /// Bytes it may allocate; `None`: what it gets.
    pub memory: Option<u64>,
    /// It may take back the CPU it gives up.
    pub(super) returns: bool,
    pub(super) terms: Terms,
    /// For a child that is left alone.
    pub(super) gauge: Box<Gauge>,
    marks: marks::Marks,
    workers: v8_workers::Workers,
}

/// A child that takes a snapshot.
pub struct Child {
    /// Its process id; a zombie at worst, until [`supervise::supervise`] has reaped it.
    pub pid: i32,
    /// `None`: handed over.
    intake: Option<Intake>,
    /// Its last words.
    pub stderr: OwnedFd,
    /// How far it is.
    pub shared: Arc<shared_page::SharedPage>,
    /// To end it.
    pub terminator: Arc<terminate::Terminator>,
    /// ms JavaScript stood still.
    pub pause_ms: f64,
    /// Somebody has seen it end.
    pub(super) watched: std::sync::atomic::AtomicBool,
    pub(super) marks: marks::Marks,
}

impl Child {
    /// Where the file will stand.
    pub fn target(&self) -> std::path::PathBuf {
        self.intake.as_ref().map(|intake| intake.sink().target()).unwrap_or_default()
    }

    /// Removes the file it writes.
    pub(super) fn discard(&self) {
        if let Some(intake) = &self.intake {
            intake.sink().discard();
        }
    }

    /// The file it has written, to be published. While it waits for that it is still the one who removes the file, or names
    /// it, should this process end. `None`: it was taken already.
    pub fn handed_over(mut self, waiting: bool) -> Option<Sealed> {
        let intake = self.intake.take()?;
        if !waiting {
            intake.sink().take_back();
        }
        Some(intake.handed_over())
    }
}

impl Drop for Child {
    /// A child that nobody has come to watch (its order was given up while it was forked, there was no thread) ends now.
    fn drop(&mut self) {
        if *self.watched.get_mut() {
            return;
        }
        // Before the end: the service may be next.
        self.discard();
        self.terminator.end();
        let (pid, marks) = (self.pid, std::mem::take(&mut self.marks));
        let see_off = move || {
            supervise::see_off(pid);
            while !marks.put_back() {}
        };
        // Without a thread it ends by itself, as the page tells it to, and stays a zombie.
        let _ = std::thread::Builder::new().name("heapwarden-reap".into()).spawn(see_off);
    }
}

/// Whether forking can work here.
///
/// # Errors
/// `Unsupported` with the reason.
pub fn available() -> Result<()> {
    // Only a yes is final: what a no was for, a descriptor or some memory, may be there the next time.
    static WORKS: std::sync::OnceLock<()> = std::sync::OnceLock::new();
    if WORKS.get().is_some() {
        return Ok(());
    }
    let check = || {
        if let Some((false, word)) = switch("HEAPWARDEN_FORK") {
            return Err(format!("HEAPWARDEN_FORK={word}"));
        }
        mappings::supported().map_err(|error| format!("madvise(MADV_DOFORK) is refused: {error}"))?;
        if !pthread_slots::find().wake() {
            return Err(
                "no object here calls pthread_cond_signal through a slot that a child could replace".into()
            );
        }
        std::fs::File::open("/proc/self/maps")
            .map_err(|error| format!("/proc/self/maps cannot be read: {error}"))?;
        Ok(())
    };
    check().map_err(Error::Unsupported)?;
    let _ = WORKS.set(());
    Ok(())
}

fn failed(what: &str) -> impl Fn(io::Error) -> Error + '_ {
    move |error| Error::CaptureFailed(format!("cannot fork a snapshot: {what}: {error}"))
}

/// Makes ready to write to `sink`. Tens of ms: not on the JavaScript thread. `pool`: Node's `--v8-pool-size`; `quiet`: how long V8's
/// workers are waited for. `urgent`: the child runs as the service does and does not stand back. `terms`: what the
/// child keeps to.
///
/// # Errors
/// `CaptureFailed` when the system gives no descriptor: what only a fork needs could not be had.
pub fn prepare(
    sink: Sink,
    redact: bool,
    pool: Option<usize>,
    quiet: Duration,
    urgent: bool,
    terms: Terms,
) -> Result<Prepared> {
    let shared = Arc::new(shared_page::SharedPage::new().map_err(failed("no shared page"))?);
    let null =
        std::fs::File::options().read(true).write(true).open("/dev/null").map_err(failed("/dev/null"))?;
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .map_err(|errno| failed("no pipe")(errno.into()))?;
    let eventfds = descriptors::eventfds();
    let intake = Intake::new(sink, redact);
    let last_message = descriptors::last_message(intake.sink().target().display().to_string());
    let descriptors = intake.sink().descriptors();
    let keep: Vec<RawFd> = descriptors
        .iter()
        .map(AsRawFd::as_raw_fd)
        .chain(terms.turn.descriptor().as_ref().map(AsRawFd::as_raw_fd))
        .chain(last_message.as_ref().map(|message| message.as_fd().as_raw_fd()))
        .collect();
    let mut kept: Vec<RawFd> = keep.iter().chain(&eventfds).copied().collect();
    kept.sort_unstable();
    kept.dedup();
    let folder = descriptors[1].as_raw_fd();
    let temp = intake.sink().temp().file_name().map(|name| name.as_encoded_bytes().to_owned());
    let temp = std::ffi::CString::new(temp.unwrap_or_default())
        .map_err(|error| failed("a path with a NUL")(error.into()))?;
    let gauge = Box::new(Gauge::new(Cgroup::detect().as_ref()));
    let workers = v8_workers::Workers::find(pool);
    let slots = pthread_slots::find();
    let marks = marks::remember();
    workers.wait(quiet, LOOK_AGAIN);
    Ok(Prepared {
        intake,
        shared,
        slots,
        eventfds,
        keep,
        kept,
        null: null.as_raw_fd(),
        stderr: writer.as_raw_fd(),
        temp,
        folder,
        owned: (reader, writer, null.into()),
        last_message,
        urgent,
        memory: None,
        terms,
        gauge,
        // Tried out by a thread that the idlest of all waits for: not while JavaScript's thread does, at its limit.
        returns: quiet != QUIET_AT_LIMIT && priority::may_return(),
        marks,
        workers,
    })
}

/// Holds back SIGALRM, by which a child is told to end: before it has its handler that would end it with its file left behind.
/// What was held back before, to go back to; the child lets it come when it is settled.
fn hold_alarms() -> libc::sigset_t {
    // SAFETY: all-zero sets are valid, empty ones on Linux.
    let (mut alarm, mut before): (libc::sigset_t, libc::sigset_t) = unsafe { std::mem::zeroed() };
    // SAFETY: both live for the calls, which are about this thread only.
    unsafe {
        libc::sigaddset(&mut alarm, libc::SIGALRM);
        libc::pthread_sigmask(libc::SIG_BLOCK, &alarm, &mut before);
    }
    before
}

impl Prepared {
    /// Forks. On the isolate's thread, outside GC callbacks, which has stood still since `begin` ms. `clock` gives ms.
    ///
    /// # Errors
    /// `CaptureFailed`: the kernel refused (a limit on processes, overcommit), with its words.
    pub fn fork(
        self,
        isolate: &Isolate,
        contents: Contents,
        begin: f64,
        clock: impl Fn() -> f64,
    ) -> Result<Child> {
        // SAFETY: no arguments, no failure.
        let parent = unsafe { libc::getpid() };
        // As late as can be: another thread's collection sets the workers to work at any time. One that works maps
        // memory, so what was found before that does not count.
        let until = Instant::now() + QUIET;
        loop {
            let quiet = self.workers.wait(until.saturating_duration_since(Instant::now()), LOOK_AGAIN);
            if let Err(error) = mappings::open() {
                // An earlier round may have opened them.
                self.marks.leave();
                return Err(failed("/proc/self/maps")(error));
            }
            if !quiet || self.workers.asleep() || Instant::now() >= until {
                break;
            }
        }
        self.intake.sink().lend();
        let held = hold_alarms();
        // SAFETY: glibc's fork keeps malloc usable in the child; the child runs only `child::run::run`, which takes
        // no lock another thread may hold. We are outside GC callbacks, as the caller vouches, so no lock of
        // V8's is held by this thread.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: this is the child.
            unsafe { child::run::run(self, isolate, contents, clock() - begin, parent) }
        }
        let error = io::Error::last_os_error();
        // SAFETY: this thread's mask as it was; the value lives for the call.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &held, std::ptr::null_mut()) };
        let pause_ms = clock() - begin;
        if pid < 0 {
            self.marks.leave();
            return Err(failed("the kernel refuses")(error));
        }
        let (stderr, _, _) = self.owned;
        let terminator = Arc::new(terminate::Terminator::new(pid, self.shared.clone()));
        Ok(Child {
            pid,
            intake: Some(self.intake),
            stderr,
            shared: self.shared,
            terminator,
            pause_ms,
            watched: std::sync::atomic::AtomicBool::new(false),
            marks: self.marks,
        })
    }
}
