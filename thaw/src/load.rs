//! Carries an image's records out: maps, fills, protects.

use core::mem::size_of;

use crate::check::{BREAK_ROOM, Checker, Region, Step, Wrong};
use crate::format::{KIND_BREAK, KIND_OBJECT, LOADER, LOADER_ROOM, Record, Start, TOP};
use crate::limits::unlimited;
use crate::objects::Objects;
use crate::system::{
    self, EINTR, MAP_ANONYMOUS, MAP_FIXED, MAP_NORESERVE, MAP_PRIVATE, MMAP, MPROTECT, MUNMAP, PROT_WRITE,
};
use crate::words::Failure;

/// Most bytes of one `read`: the kernel takes no more at once.
const PIECE: u64 = 1 << 30;

/// From here up nothing is left free in a copy. The kernel gives new memory at the highest free address below a random one
/// that is above this: so it is always the same, and with it what V8 numbers by addresses (Node.js 20's native objects).
const CEILING: u64 = 0x6f00_0000_0000;

const ARCH_SET_GS: u64 = 0x1001;
const ARCH_SET_FS: u64 = 0x1002;

/// Where the image goes on, and what its limits and its heap need to know.
#[derive(Clone, Copy)]
pub struct Entry {
    pub resume: u64,
    pub stack: u64,
    fs: u64,
    gs: u64,
    /// Writable bytes that nothing stands in yet: the kernel counts them as used.
    pub idle: u64,
    /// Its `[heap]`.
    pub heap: Option<Region>,
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        Self::new(wrong.code, wrong.value)
    }
}

/// Takes away what the kernel put beside this program (its stack, its vDSO): an image may have something there. Where the
/// kernel has sealed it, mapping over it will fail, and is told then.
pub fn make_room() {
    let above = LOADER + LOADER_ROOM;
    // SAFETY: nothing of this program lies there: it runs on a stack of its own and has read its arguments.
    unsafe {
        system::call(MUNMAP, [0, LOADER, 0, 0, 0, 0]);
        system::call(MUNMAP, [above, TOP - above, 0, 0, 0, 0]);
    }
}

/// Reads the stream up to its last record, and not a byte further: what follows is for the image.
pub fn load(objects: &Objects) -> Result<Entry, Failure> {
    let mut start = [0u8; size_of::<Start>()];
    fill_slice(&mut start, 0)?;
    // SAFETY: a `Start` is plain integers; any bytes make one.
    let start = unsafe { start.as_ptr().cast::<Start>().read_unaligned() };
    let mut checker = Checker::new(&start, objects.count())?;
    let mut entry =
        Entry { resume: start.resume, stack: start.stack, fs: start.fs, gs: start.gs, idle: 0, heap: None };
    let mut current: Option<(Region, u32)> = None;
    let mut number = 0u64;
    let mut free = CEILING;
    loop {
        let mut record = [0u8; size_of::<Record>()];
        fill_slice(&mut record, number)?;
        number += 1;
        // SAFETY: a `Record` is plain integers; any bytes make one.
        let record = unsafe { record.as_ptr().cast::<Record>().read_unaligned() };
        match checker.next(&record)? {
            Step::Region(region) => {
                close(&mut current)?;
                fill_up(free, region.begin - region.before);
                free = free.max(region.end + region.behind);
                map(&region, objects)?;
                if region.kind == KIND_BREAK {
                    entry.heap = Some(region);
                }
                current = Some((region, region.protection));
            }
            Step::Run { at, bytes } => {
                let Some((region, now)) = &mut current else { return Err(Failure::new("run", at)) };
                if *now & PROT_WRITE == 0 {
                    protect(region, 1 | PROT_WRITE)?;
                    *now = 1 | PROT_WRITE;
                }
                fill(at, bytes)?;
            }
            Step::End => {
                entry.idle = checker.idle();
                close(&mut current)?;
                fill_up(free, TOP);
                return Ok(entry);
            }
        }
    }
}

/// Its own protection, after it was filled.
fn close(current: &mut Option<(Region, u32)>) -> Result<(), Failure> {
    match current.take() {
        Some((region, now)) if now != region.protection => protect(&region, region.protection),
        _ => Ok(()),
    }
}

fn map(region: &Region, objects: &Objects) -> Result<(), Failure> {
    let mut flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE;
    let mut descriptor = u64::MAX;
    if region.kind == KIND_OBJECT {
        descriptor = objects.get(region.object).ok_or(Failure::new("object", region.object.into()))? as u64;
    } else {
        flags |= MAP_ANONYMOUS;
    }
    let begin = region.begin - region.before;
    let arguments = [begin, region.end - begin, region.protection.into(), flags, descriptor, region.offset];
    // SAFETY: `check` has seen that it is not where the loader is; nothing else is in use.
    let answer = unsafe { system::call(MMAP, arguments) };
    let what = if region.kind == KIND_OBJECT { "file" } else { "map" };
    if answer == begin as i64 { Ok(()) } else { Err(Failure::refused(what, region.begin, answer)) }
}

/// Nothing can be mapped there, or used. Where that is refused the image is as good, but for its numbers.
fn fill_up(begin: u64, end: u64) {
    if begin < end && unlimited() {
        let flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | MAP_ANONYMOUS;
        // SAFETY: above the loader, and between what `check` has let through: nothing is in use there.
        unsafe { system::call(MMAP, [begin, end - begin, 0, flags, u64::MAX, 0]) };
    }
}

/// What the kernel would have mapped when the heap grew, where it cannot be told to.
pub fn map_behind(region: &Region) -> Result<(), Failure> {
    let bytes = region.behind.min(BREAK_ROOM);
    if bytes == 0 {
        return Ok(());
    }
    let flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | MAP_ANONYMOUS;
    let arguments = [region.end, bytes, region.protection.into(), flags, u64::MAX, 0];
    // SAFETY: as above: `check` has let no other region begin there, and it is not the loader's.
    let answer = unsafe { system::call(MMAP, arguments) };
    if answer == region.end as i64 { Ok(()) } else { Err(Failure::refused("map", region.end, answer)) }
}

fn protect(region: &Region, protection: u32) -> Result<(), Failure> {
    let arguments = [region.begin, region.end - region.begin, protection.into(), 0, 0, 0];
    // SAFETY: a region of the image, which this program has no reference into.
    let answer = unsafe { system::call(MPROTECT, arguments) };
    if answer == 0 { Ok(()) } else { Err(Failure::refused("protect", region.begin, answer)) }
}

fn fill_slice(slice: &mut [u8], number: u64) -> Result<(), Failure> {
    read_exactly(slice.as_mut_ptr() as u64, slice.len() as u64, number)
}

fn fill(at: u64, bytes: u64) -> Result<(), Failure> {
    read_exactly(at, bytes, at)
}

/// `value` is told if the stream ends.
fn read_exactly(mut at: u64, mut bytes: u64, value: u64) -> Result<(), Failure> {
    while bytes > 0 {
        // SAFETY: the bytes of a slice, or of a run, which `check` has seen to lie in the image's region at hand.
        match unsafe { system::call(system::READ, [0, at, bytes.min(PIECE), 0, 0, 0]) } {
            EINTR => {}
            0 => return Err(Failure::new("short", value)),
            count if count > 0 => {
                at += count as u64;
                bytes -= count as u64;
            }
            answer => return Err(Failure::refused("read", at, answer)),
        }
    }
    Ok(())
}

/// The bases that the thread's own data is found by.
pub fn thread(entry: &Entry) -> Result<(), Failure> {
    for (which, base) in [(ARCH_SET_FS, entry.fs), (ARCH_SET_GS, entry.gs)] {
        let answer = system::plain(system::ARCH_PRCTL, which, base, 0);
        if answer != 0 {
            return Err(Failure::refused("base", base, answer));
        }
    }
    Ok(())
}
