//! What binds the image besides the fence: whom it ends with, its memory, its time, its descriptors.

use crate::arguments::Arguments;
use crate::system::{self, plain};
use crate::words::Failure;

const PR_SET_PDEATHSIG: u64 = 1;
const PR_SET_DUMPABLE: u64 = 4;
const PR_SET_THP_DISABLE: u64 = 41;
const SIGKILL: u64 = 9;
const SIGNALS: u64 = 64;

const CPU: u64 = 0;
const FILE_SIZE: u64 = 1;
const DATA: u64 = 2;
const CORE: u64 = 4;
const ADDRESS_SPACE: u64 = 9;

/// Seconds between the signal and the end.
const GRACE: u64 = 2;

#[repr(C)]
struct Limit {
    soft: u64,
    hard: u64,
}

/// Ends when its parent ends, from now on; it may have ended already.
pub fn bind_to_parent(parent: u64) -> Result<(), Failure> {
    if parent == 0 {
        return Ok(());
    }
    let answer = plain(system::PRCTL, PR_SET_PDEATHSIG, SIGKILL, 0);
    if answer != 0 {
        return Err(Failure::refused("parent", parent, answer));
    }
    let now = plain(system::GETPPID, 0, 0, 0);
    if now as u64 == parent { Ok(()) } else { Err(Failure::new("parent", now as u64)) }
}

/// An ordinary process, whatever its parent had ignored or lowered, that leaves no core.
pub fn prepare() {
    set_one(CORE, &Limit { soft: 0, hard: 0 });
    // A few pages here and there would take 2 MiB each.
    plain(system::PRCTL, PR_SET_THP_DISABLE, 1, 0);
    for resource in [DATA, ADDRESS_SPACE] {
        let mut limit = Limit { soft: 0, hard: 0 };
        let place = &raw mut limit as u64;
        // SAFETY: the kernel writes one `Limit` there.
        if unsafe { system::call(system::GETRLIMIT, [resource, place, 0, 0, 0, 0]) } == 0 {
            limit.soft = limit.hard;
            set_one(resource, &limit);
        }
    }
    let ordinary = [0u64; 4];
    for signal in 1..=SIGNALS {
        let arguments = [signal, ordinary.as_ptr() as u64, 0, 8, 0, 0];
        // SAFETY: the kernel reads one `sigaction`, whose fields are all zero: the default.
        unsafe { system::call(system::RT_SIGACTION, arguments) };
    }
    let none = 0u64;
    const SET: u64 = 2;
    // SAFETY: reads eight bytes of signals.
    unsafe { system::call(system::RT_SIGPROCMASK, [SET, &raw const none as u64, 0, 8, 0, 0]) };
}

/// Whether address space is free.
pub fn unlimited() -> bool {
    let mut limit = Limit { soft: 0, hard: 0 };
    // SAFETY: the kernel writes one `Limit` there.
    let answer =
        unsafe { system::call(system::GETRLIMIT, [ADDRESS_SPACE, &raw mut limit as u64, 0, 0, 0, 0]) };
    answer == 0 && limit.soft == u64::MAX
}

/// All protection keys, which pages of the image may name.
pub fn keys() {
    for _ in 0..16 {
        if plain(system::PKEY_ALLOC, 0, 0, 0) < 0 {
            break;
        }
    }
}

/// All but the three.
pub fn close_descriptors() {
    if plain(system::CLOSE_RANGE, 3, u32::MAX.into(), 0) != 0 {
        for descriptor in 3..65_536 {
            plain(system::CLOSE, descriptor, 0, 0);
        }
    }
}

/// `idle` bytes of the image's memory count as data already, and are not used: the kernel's limit is higher by them, and does
/// not notice when they are written to. That is what the room `thaw` watches from outside; `check` bounds them.
pub fn set(arguments: &Arguments, idle: u64) -> Result<(), Failure> {
    // From now on no one may look into it. Not before: the room `thaw` has to open what the kernel says of its memory, which
    // some systems (hidepid) hide then.
    plain(system::PRCTL, PR_SET_DUMPABLE, 0, 0);
    plain(system::PRCTL, PR_SET_THP_DISABLE, 0, 0);
    let both = |value| Limit { soft: value, hard: value };
    let mut limits = [(CORE, both(0)), (FILE_SIZE, both(0)), (DATA, both(0)), (CPU, both(0))];
    let mut count = 2;
    if arguments.memory > 0 {
        limits[count] = (DATA, both(arguments.memory.saturating_add(idle)));
        count += 1;
    }
    if arguments.seconds > 0 {
        let hard = arguments.seconds.saturating_add(GRACE);
        limits[count] = (CPU, Limit { soft: arguments.seconds, hard });
        count += 1;
    }
    for (resource, limit) in &limits[..count] {
        let answer = set_one(*resource, limit);
        // It may be below that already, and stays there.
        if answer != 0 && *resource == CORE {
            return Err(Failure::refused("limit", *resource, answer));
        }
    }
    Ok(())
}

fn set_one(resource: u64, limit: &Limit) -> i64 {
    // SAFETY: the kernel reads one `Limit`.
    unsafe { system::call(system::SETRLIMIT, [resource, &raw const *limit as u64, 0, 0, 0, 0]) }
}
