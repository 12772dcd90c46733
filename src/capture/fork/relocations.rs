//! The slots in which the process's loaded objects keep the addresses of functions of other objects. All of them are looked at:
//! Debian's own Node keeps V8 and libuv in shared libraries.

use std::ffi::{CStr, c_int, c_void};

const DT_NULL: i64 = 0;
const DT_PLTRELSZ: i64 = 2;
const DT_STRTAB: i64 = 5;
const DT_SYMTAB: i64 = 6;
const DT_RELA: i64 = 7;
const DT_RELASZ: i64 = 8;
const DT_PLTREL: i64 = 20;
const DT_JMPREL: i64 = 23;
const R_X86_64_64: u32 = 1;
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

/// Who is told of each slot: the function's name, and where its address stands.
type Visit<'a> = dyn FnMut(&CStr, usize) + 'a;

/// Tells `visit` of all slots of all loaded objects. Takes the loader's lock; some ms with a position-independent executable.
pub fn each(visit: &mut Visit) {
    let mut visit = visit;
    let data: *mut &mut Visit = &mut visit;
    // SAFETY: the callback gets `data` back and uses it only during this call.
    unsafe { libc::dl_iterate_phdr(Some(object), data.cast()) };
}

/// Points a slot at another function.
///
/// # Safety
/// A slot that [`each`] has told of, of an object that is still loaded; no other thread may call through it. The function at
/// `address` must take what the callers of the old one pass.
pub unsafe fn point(slot: usize, address: usize) {
    const PAGE: usize = 4096;
    let page = slot & !(PAGE - 1);
    // SAFETY: the page of a slot found in a loaded object. Relocated read-only data become writable; nothing of it is
    // executable.
    let result = unsafe { libc::mprotect(page as *mut c_void, PAGE, libc::PROT_READ | libc::PROT_WRITE) };
    if result == 0 {
        // SAFETY: a slot that holds a function's address, now writable.
        unsafe { (slot as *mut usize).write_unaligned(address) };
    }
}

unsafe extern "C" fn object(info: *mut libc::dl_phdr_info, _size: usize, data: *mut c_void) -> c_int {
    // SAFETY: `each` passes its own visitor, and the loader a valid description of one object.
    let (visit, info) = unsafe { (&mut *data.cast::<&mut Visit>(), &*info) };
    if info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: the loader gives the number of headers that stand at the address.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let base = info.dlpi_addr as usize;
    if let Some(header) = headers.iter().find(|header| header.p_type == libc::PT_DYNAMIC) {
        // SAFETY: the loader has mapped this object, and its dynamic section ends with DT_NULL.
        unsafe { dynamic(base, (base + header.p_vaddr as usize) as *const Dyn, *visit) };
    }
    0
}

/// # Safety
/// `entry` is the dynamic section of a loaded object with this load address.
unsafe fn dynamic(base: usize, mut entry: *const Dyn, visit: &mut Visit) {
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
            // The last one: in a table of data, as a program's own list of functions.
            let of_data = kind == R_X86_64_64 && relocation.addend == 0;
            if kind != R_X86_64_JUMP_SLOT && kind != R_X86_64_GLOB_DAT && !of_data {
                continue;
            }
            // SAFETY: a relocation's symbol index is one of the symbol table's.
            let name = unsafe { (*(symbols as *const Symbol).add((relocation.info >> 32) as usize)).name };
            // SAFETY: a symbol's name is an offset into the string table, NUL-terminated.
            let name = unsafe { CStr::from_ptr((strings + name as usize) as *const libc::c_char) };
            visit(name, base + relocation.offset as usize);
        }
    }
}
