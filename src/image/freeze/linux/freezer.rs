//! The memory that freezing needs, and the call.

use std::ffi::c_void;
use std::ops::Range;
use std::os::fd::RawFd;

use super::super::outcome::{Fault, Frozen, How, Small, Step, Written};
use super::base::{PAGE, STAGE, Seams};
use super::cuts::Cuts;
use super::files::{Code, Files, Seen};
use super::maps::{self, Maps};
use super::memories;
use super::pack::{self, Block, OUT, Pack};
use super::presence::{PAGES, Pages};
use super::small::Search;
use super::sys;
use super::trampoline::{self, THAWED};
use super::view::View;
use super::writer::{FILES, SHARED, V8, Writer};
use crate::error::{Error, Result};
use crate::image::cpu;
use crate::image::format::{MAGIC, OBJECTS, Start, VERSION};

/// What the freezer works in beside zstd's workspace. All zeros are a value of it.
#[repr(C)]
struct Buffers {
    block: Block,
    out: [u8; OUT],
    stage: [u8; STAGE],
    maps: [u8; maps::ROOM],
    entries: [u64; PAGES],
    code: [Seen; OBJECTS],
    seen: [Seen; OBJECTS],
    wanted: [u8; PAGES],
    scratch: [u8; 2 * PAGE],
}

/// Writes this process's memory as an image. Its own memory is mapped when it is made; it costs nothing until it is used.
pub struct Freezer {
    at: *mut u8,
    size: usize,
    workspace: usize,
    level: i32,
    thread: u32,
    seams: Seams,
    cuts: Cuts,
    small: Option<Small>,
    memories: bool,
}

// SAFETY: the mapping is nobody else's, wherever the freezer goes.
unsafe impl Send for Freezer {}

impl Freezer {
    /// Maps what it needs to pack at zstd's `level` (negative: faster). `InvalidOption`: zstd knows no such level;
    /// `MemoryBudget`: there is no memory to be mapped.
    ///
    /// It is made by the thread that is frozen, or that forks the child that is.
    pub fn new(level: i32) -> Result<Self> {
        let workspace = pack::workspace(level);
        if workspace == 0 || !(-100..=19).contains(&level) {
            return Err(Error::InvalidOption(format!("an image cannot be packed at level {level}")));
        }
        let size = workspace + size_of::<Buffers>().next_multiple_of(PAGE);
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping where the kernel likes touches nothing that is there.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), size, access, kind, -1, 0) };
        if at == libc::MAP_FAILED {
            let error = std::io::Error::last_os_error();
            return Err(Error::MemoryBudget(format!("no {size} bytes to freeze with: {error}")));
        }
        let (at, seams) = (at.cast(), Seams::default());
        let (thread, cuts) = (sys::thread(), Cuts::new());
        Ok(Self { at, size, workspace, level, thread, seams, cuts, small: None, memories: false })
    }

    /// Addresses whose bytes are zeros in the image, beside those that were said before: contents of Buffers that nobody wants
    /// to have in a file. False: there is no memory to note them. Allocates nothing, as [`Self::freeze`].
    pub fn leave_out(&mut self, range: Range<u64>) -> bool {
        self.cuts.push(range)
    }

    /// The same of contents amid other memory, which are looked for when it freezes.
    pub fn leave_out_small(&mut self, small: Small) {
        self.small = Some(small);
    }

    /// The same of each memory of WebAssembly, as far as it is [`is_guarded`](super::is_guarded).
    pub fn leave_out_memories(&mut self) {
        self.memories = true;
    }

    /// Nothing is left out any more.
    pub fn leave_nothing_out(&mut self) {
        self.small = None;
        self.memories = false;
        self.cuts.clear();
    }

    /// Writes the image to `to`, a file that stands where the packed frames begin, and returns; and returns once more,
    /// as `Thawed`, in each copy that is made of it. `moment` is one of the format's, `pid` the process that is frozen:
    /// not a child that writes it. `look` is called now and then with the bytes of stream so far, and stops it by false.
    ///
    /// It allocates nothing, takes no lock, leaves `errno` as it is and needs less than 32 KiB of stack: it may run in
    /// a signal handler and in a collection.
    ///
    /// # Safety
    /// `How::Alone`: no other thread runs in this process. The caller's frame is as good in a process that has this
    /// one's memory and nothing else of it: it looks at what is returned before it relies on any descriptor or thread.
    pub unsafe fn freeze(
        &mut self,
        to: RawFd,
        how: How,
        moment: u32,
        pid: u32,
        look: &mut dyn FnMut(u64) -> bool,
    ) -> Frozen {
        let outcome = Err(Fault::new(Step::Stopped, 0));
        let mut job = Job { freezer: self, to, how, moment, pid, look, outcome };
        // SAFETY: `work` gets the job it expects, which lives until it has returned.
        let result = unsafe { trampoline::call((&raw mut job).cast(), work) };
        if result == THAWED {
            return Frozen::Thawed;
        }
        match job.outcome {
            Ok(written) => Frozen::Written(written),
            Err(fault) => Frozen::Failed(fault),
        }
    }

    /// It is `thread` that is frozen, by its kernel's id, or that forks the child that is; not the one that made this.
    pub fn on_thread(&mut self, thread: u32) {
        self.thread = thread;
    }

    /// How the tests take from it what some systems do not have.
    #[cfg(test)]
    pub(super) fn without(&mut self, seams: Seams) {
        self.seams = seams;
    }

    /// What it works in.
    #[cfg(test)]
    pub(super) fn range(&self) -> Range<u64> {
        self.at as u64..self.at as u64 + self.size as u64
    }
}

impl Drop for Freezer {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`, which nothing uses any more.
        unsafe { libc::munmap(self.at.cast(), self.size) };
    }
}

struct Job<'a> {
    freezer: &'a mut Freezer,
    to: RawFd,
    how: How,
    moment: u32,
    pid: u32,
    look: &'a mut dyn FnMut(u64) -> bool,
    outcome: std::result::Result<Written, Fault>,
}

/// # Safety
/// `job` is a [`Job`].
unsafe extern "C" fn work(job: *mut c_void, stack: u64, resume: u64) -> u64 {
    // SAFETY: as promised; nobody else has it.
    let job = unsafe { &mut *job.cast::<Job>() };
    job.outcome = write(job, stack, resume);
    0
}

fn write(job: &mut Job, stack: u64, resume: u64) -> std::result::Result<Written, Fault> {
    // Where the kernel puts everybody's memory from below (`ulimit -s unlimited`), V8's addresses are not its own; nor are they with
    // some allocators.
    let needed = [
        job.freezer.at as u64,
        stack,
        sys::base(sys::FS),
        &raw const *job as u64,
        job.freezer as *const Freezer as u64,
        job.look as *const dyn FnMut(u64) -> bool as *const u8 as u64,
    ];
    let apart = needed.iter().all(|address| !V8.contains(address));
    let freezer = &mut *job.freezer;
    // SAFETY: the first part of the freezer's mapping, which is its alone, and so lent with it.
    let space = unsafe { std::slice::from_raw_parts_mut(freezer.at, freezer.workspace) };
    // SAFETY: the second part: as long as the structure, aligned to a page, and of any bytes.
    let buffers = unsafe { &mut *freezer.at.add(freezer.workspace).cast::<Buffers>() };
    let Buffers { block, out, stage, maps, entries, code, seen, wanted, scratch } = buffers;
    let process = sys::process() as u32;
    let start = Start {
        magic: MAGIC,
        version: VERSION,
        moment: job.moment,
        resume,
        stack,
        fs: sys::base(sys::FS),
        gs: sys::base(sys::GS),
        pid: job.pid,
        // A child's only thread has a number of its own.
        tid: if process == job.pid { sys::thread() } else { freezer.thread },
        cpu: cpu::words(),
    };
    let (pack, view) = (Pack::begin(space, block, out, freezer.level, job.to)?, View::open(&freezer.seams)?);
    let mut pages = Pages::open(&freezer.seams, entries, wanted, scratch);
    if freezer.memories {
        memories::leave_out(&mut Maps::open(&mut *maps)?, &mut freezer.cuts)?;
    }
    if let Some(small) = freezer.small {
        let (view, pages, stage, how) = (&view, &mut pages, &mut *stage, job.how);
        let cuts = &mut freezer.cuts;
        let look = &mut *job.look;
        let mut search = Search { small, view, pages, stage, how, cuts, look, last: (0, 0) };
        search.run(&mut Maps::open(&mut *maps)?)?;
    }
    let code = Code::of(code, &mut Maps::open(&mut *maps)?)?;
    let mut maps = Maps::open(maps)?;
    let begin = freezer.at as u64;
    let mut writer = Writer {
        pack,
        view,
        pages,
        code,
        objects: Files::new(seen),
        stage,
        how: job.how,
        drops: job.how == How::Alone && process != job.pid && apart,
        cut: freezer.cuts.settle(),
        own: (begin, begin + freezer.size as u64),
        look: job.look,
        looked: 0,
        files: FILES,
        shared: SHARED,
        left_out: 0,
        regions: 0,
        bytes: 0,
        last: 0,
    };
    writer.run(&start, &mut maps)
}
