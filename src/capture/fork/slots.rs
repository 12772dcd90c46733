//! Where the process's objects keep the address of `pthread_cond_signal` and `pthread_cond_broadcast`.
//!
//! A glibc condition variable counts its waiters. In a forked child they do not exist, and a signal can wait
//! for them for ever, when V8's task queue wakes its workers. So the child, and only it, replaces the two
//! functions by one that does nothing: it has one thread, so there is nobody to wake. All loaded objects are
//! looked at: Debian's own Node keeps V8 and libuv in shared libraries. They are found before the fork, as
//! the child must not take the loader's lock.

use std::ffi::{CStr, c_int, c_void};

const NAMES: [&CStr; 2] = [c"pthread_cond_signal", c"pthread_cond_broadcast"];

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
pub struct Slots(Vec<usize>);

/// Looks through all loaded objects. Takes the loader's lock; some ms with a position-independent executable.
pub fn find() -> Slots {
    let mut slots = Slots::default();
    let data: *mut Slots = &mut slots;
    // SAFETY: the callback gets `data` back and uses it only during this call.
    unsafe { libc::dl_iterate_phdr(Some(object), data.cast()) };
    slots
}

unsafe extern "C" fn object(info: *mut libc::dl_phdr_info, _size: usize, data: *mut c_void) -> c_int {
    // SAFETY: `find` passes its own Slots, and the loader a valid description of one object.
    let (slots, info) = unsafe { (&mut *data.cast::<Slots>(), &*info) };
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
unsafe fn dynamic(base: usize, mut entry: *const Dyn, slots: &mut Slots) {
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
            if NAMES.contains(&name) {
                slots.0.push(base + relocation.offset as usize);
            }
        }
    }
}

unsafe extern "C" fn nobody_to_wake(_condition: *mut c_void) -> c_int {
    0
}

impl Slots {
    /// Whether there is anything to replace; without it the child would hang now and then.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Points all slots at a function that does nothing.
    ///
    /// # Safety
    /// Only in a forked child with one thread. In a process with waiting threads nobody would wake them.
    pub unsafe fn silence(&self) {
        const PAGE: usize = 4096;
        for slot in &self.0 {
            let page = slot & !(PAGE - 1);
            // SAFETY: the page of a slot found in a loaded object. Relocated read-only data become writable in
            // the child; nothing of it is executable.
            let result =
                unsafe { libc::mprotect(page as *mut c_void, PAGE, libc::PROT_READ | libc::PROT_WRITE) };
            if result == 0 {
                // SAFETY: an aligned slot that holds a function address, now writable; no other thread exists.
                unsafe { (*slot as *mut usize).write(nobody_to_wake as *const () as usize) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_this_process_can_be_walked() {
        // Which objects import the two functions differs; that nothing faults is the point, and that every
        // slot lies in a mapping.
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        for slot in find().0 {
            let inside = |line: &str| {
                let (range, _) = line.split_once(' ').unwrap();
                let (start, end) = range.split_once('-').unwrap();
                let parse = |text| usize::from_str_radix(text, 16).unwrap();
                (parse(start)..parse(end)).contains(&slot)
            };
            assert!(maps.lines().any(inside), "{slot:x}");
        }
    }
}
