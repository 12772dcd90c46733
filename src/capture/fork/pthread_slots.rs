//! Where the process's objects keep the addresses of `pthread_cond_signal`, `pthread_mutex_lock` and their kin.
//!
//! A glibc condition variable counts its waiters. In a forked child they do not exist, and a signal can wait
//! for them for ever, when V8's task queue wakes its workers. And a lock that another thread held at the fork (the
//! main thread one of cppgc's, when a worker is captured) is never let go of. So the child, and only it, replaces these
//! functions by one that succeeds at once: it is alone for ever, so there is nobody to wake and nobody to wait for. All
//! loaded objects are looked at: Debian's own Node keeps V8 and libuv in shared libraries. They are found before the fork, as
//! the child must not take the loader's lock.

use std::ffi::{CStr, c_int, c_void};

const WAKE: [&CStr; 2] = [c"pthread_cond_signal", c"pthread_cond_broadcast"];
const LOCK: [&CStr; 13] = [
    c"pthread_mutex_lock",
    c"pthread_mutex_trylock",
    c"pthread_mutex_timedlock",
    c"pthread_mutex_clocklock",
    c"pthread_mutex_unlock",
    c"pthread_rwlock_rdlock",
    c"pthread_rwlock_tryrdlock",
    c"pthread_rwlock_timedrdlock",
    c"pthread_rwlock_wrlock",
    c"pthread_rwlock_trywrlock",
    c"pthread_rwlock_timedwrlock",
    c"pthread_rwlock_unlock",
    c"pthread_spin_lock",
];

const DT_NULL: i64 = 0;
const DT_PLTRELSZ: i64 = 2;
const DT_STRTAB: i64 = 5;
const DT_SYMTAB: i64 = 6;
const DT_RELA: i64 = 7;
const DT_RELASZ: i64 = 8;
const DT_PLTREL: i64 = 20;
const DT_JMPREL: i64 = 23;
const R_X86_64_GLOB_DAT: u32 = 6;
const R_X86_64_JUMP_SLOT: u32 = 7;

#[repr(C)]
struct Dyn {
    tag: i64,
    value: u64,
}

#[repr(C)]
struct Rela {
    offset: u64,
    info: u64,
    addend: i64,
}

#[repr(C)]
struct Symbol {
    name: u32,
    info: u8,
    other: u8,
    section: u16,
    value: u64,
    size: u64,
}

/// Addresses of the slots.
#[derive(Clone, Debug, Default)]
pub struct PthreadSlots {
    all: Vec<usize>,
    /// Whether one of them wakes threads.
    wakes: bool,
}

/// Looks through all loaded objects. Takes the loader's lock; some ms with a position-independent executable.
pub fn find() -> PthreadSlots {
    let mut slots = PthreadSlots::default();
    let data: *mut PthreadSlots = &mut slots;
    // SAFETY: the callback gets `data` back and uses it only during this call.
    unsafe { libc::dl_iterate_phdr(Some(object), data.cast()) };
    slots
}

unsafe extern "C" fn object(info: *mut libc::dl_phdr_info, _size: usize, data: *mut c_void) -> c_int {
    // SAFETY: `find` passes its own PthreadSlots, and the loader a valid description of one object.
    let (slots, info) = unsafe { (&mut *data.cast::<PthreadSlots>(), &*info) };
    if info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: the loader gives the number of headers that stand at the address.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let base = info.dlpi_addr as usize;
    if let Some(header) = headers.iter().find(|header| header.p_type == libc::PT_DYNAMIC) {
        // SAFETY: the loader has mapped this object, and its dynamic section ends with DT_NULL.
        unsafe { dynamic(base, (base + header.p_vaddr as usize) as *const Dyn, slots) };
    }
    0
}

/// # Safety
/// `entry` is the dynamic section of a loaded object with this load address.
unsafe fn dynamic(base: usize, mut entry: *const Dyn, slots: &mut PthreadSlots) {
    let (mut strings, mut symbols, mut jumps, mut jumps_size, mut rela, mut rela_size) = (0, 0, 0, 0, 0, 0);
    let mut jumps_are_rela = true;
    loop {
        // SAFETY: before DT_NULL, as the caller vouches.
        let Dyn { tag, value } = unsafe { entry.read() };
        // glibc stores addresses; the vDSO and some objects keep offsets.
        let address = if (value as usize) < base { base + value as usize } else { value as usize };
        match tag {
            DT_NULL => break,
            DT_STRTAB => strings = address,
            DT_SYMTAB => symbols = address,
            DT_JMPREL => jumps = address,
            DT_PLTRELSZ => jumps_size = value as usize,
            DT_PLTREL => jumps_are_rela = value as i64 == DT_RELA,
            DT_RELA => rela = address,
            DT_RELASZ => rela_size = value as usize,
            _ => {}
        }
        // SAFETY: the entry read was not the last one.
        entry = unsafe { entry.add(1) };
    }
    if strings == 0 || symbols == 0 {
        return;
    }
    let tables = [(if jumps_are_rela { jumps } else { 0 }, jumps_size), (rela, rela_size)];
    for (table, size) in tables.into_iter().filter(|(table, _)| *table != 0) {
        // SAFETY: the dynamic section gives the table's address and size in bytes.
        let relocations =
            unsafe { std::slice::from_raw_parts(table as *const Rela, size / size_of::<Rela>()) };
        for relocation in relocations {
            let kind = relocation.info as u32;
            if kind != R_X86_64_JUMP_SLOT && kind != R_X86_64_GLOB_DAT {
                continue;
            }
            // SAFETY: a relocation's symbol index is one of the symbol table's.
            let name = unsafe { (*(symbols as *const Symbol).add((relocation.info >> 32) as usize)).name };
            // SAFETY: a symbol's name is an offset into the string table, NUL-terminated.
            let name = unsafe { CStr::from_ptr((strings + name as usize) as *const libc::c_char) };
            let wakes = WAKE.contains(&name);
            if wakes || LOCK.contains(&name) {
                slots.wakes |= wakes;
                slots.all.push(base + relocation.offset as usize);
            }
        }
    }
}

/// Of whatever arguments: the caller's registers are its own.
unsafe extern "C" fn alone(_object: *mut c_void) -> c_int {
    0
}

impl PthreadSlots {
    /// Whether there is what must be replaced; without it the child would hang now and then.
    pub fn wake(&self) -> bool {
        self.wakes
    }

    /// Points all slots at a function that does nothing and says that it was done.
    ///
    /// # Safety
    /// Only in a forked child with one thread. In a process with waiting threads nobody would wake them.
    pub unsafe fn silence(&self) {
        const PAGE: usize = 4096;
        for slot in &self.all {
            let page = slot & !(PAGE - 1);
            // SAFETY: the page of a slot found in a loaded object. Relocated read-only data become writable in
            // the child; nothing of it is executable.
            let result =
                unsafe { libc::mprotect(page as *mut c_void, PAGE, libc::PROT_READ | libc::PROT_WRITE) };
            if result == 0 {
                // SAFETY: an aligned slot that holds a function address, now writable; no other thread exists.
                unsafe { (*slot as *mut usize).write(alone as *const () as usize) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn the_tables_of_this_process_can_be_walked() {
        // Which objects import the functions differs; that nothing faults is the point, and that every
        // slot lies in a mapping.
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        for slot in find().all {
            let inside = |line: &str| {
                let (range, _) = line.split_once(' ').unwrap();
                let (start, end) = range.split_once('-').unwrap();
                let parse = |text| usize::from_str_radix(text, 16).unwrap();
                (parse(start)..parse(end)).contains(&slot)
            };
            assert!(maps.lines().any(inside), "{slot:x}");
        }
    }

    #[test]
    fn a_lock_that_nobody_in_the_child_holds_does_not_stop_it() {
        static HELD: AtomicUsize = AtomicUsize::new(0);
        // SAFETY: a mutex for the rest of the process, locked by a thread that never lets go of it.
        let mutex =
            Box::leak(Box::new(libc::PTHREAD_MUTEX_INITIALIZER)) as *mut libc::pthread_mutex_t as usize;
        let holder = std::thread::spawn(move || {
            // SAFETY: as above.
            unsafe { libc::pthread_mutex_lock(mutex as *mut libc::pthread_mutex_t) };
            HELD.store(1, Ordering::SeqCst);
            while HELD.load(Ordering::SeqCst) == 1 {
                std::thread::yield_now();
            }
        });
        while HELD.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let slots = find();
        // SAFETY: the child makes system calls, and calls through the slots, until it leaves.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: one thread; the alarm ends it if it hangs.
            unsafe {
                libc::signal(libc::SIGALRM, libc::SIG_DFL);
                libc::alarm(5);
                slots.silence();
                libc::_exit(libc::pthread_mutex_lock(mutex as *mut libc::pthread_mutex_t));
            }
        }
        let mut status = -1;
        // SAFETY: the test's own child.
        unsafe { libc::waitpid(child, &mut status, 0) };
        HELD.store(2, Ordering::SeqCst);
        holder.join().unwrap();
        assert_eq!(status, 0);
    }
}
