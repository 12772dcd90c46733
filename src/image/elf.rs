//! What is to be known of an executable or library: its build id, and how much of its file is ever mapped. Allocates nothing:
//! it is read from memory while a process freezes, too.

use super::format::{ID, PAGE};

/// A build id.
#[derive(Clone, Copy)]
pub struct Id {
    bytes: [u8; ID],
    len: usize,
}

impl Id {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

/// Program headers that are looked at, and notes of one: no linker writes nearly as many.
const MANY: u64 = 128;

/// A program header's type, offset in the file, bytes in the file, and alignment.
type Program = (u64, u64, u64, u64);

/// The program headers of the ELF file of which `read` gives bytes at an offset, and false where it has none; none of what is
/// no such file. `each` ends it by something.
fn programs<T>(
    read: &mut impl FnMut(u64, &mut [u8]) -> bool,
    mut each: impl FnMut(&mut dyn FnMut(u64, &mut [u8]) -> bool, Program) -> Option<T>,
) -> Option<T> {
    let mut head = [0; 64];
    if !read(0, &mut head) || !head.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (table, size, count) = (number(&head, 32, 8), number(&head, 54, 2), number(&head, 56, 2));
    if size < 56 {
        return None;
    }
    for index in 0..count.min(MANY) {
        let mut program = [0; 56];
        if !read(table.checked_add(index * size)?, &mut program) {
            return None;
        }
        let at = |at, len| number(&program, at, len);
        if let Some(found) = each(read, (at(0, 4), at(8, 8), at(32, 8), at(48, 8))) {
            return Some(found);
        }
    }
    None
}

/// The id of the ELF file of which `read` gives bytes at an offset, and false where it has none.
pub fn build_id(mut read: impl FnMut(u64, &mut [u8]) -> bool) -> Option<Id> {
    const NOTE: u64 = 4;
    programs(&mut read, |read, (kind, offset, len, align)| {
        if kind == NOTE { note(read, offset, len, if align == 8 { 8 } else { 4 }) } else { None }
    })
}

/// Bytes of the file from its beginning to the end of the last page that is mapped when it is loaded; `None`: it is no such
/// file, or not all of its headers are there. It may be shorter.
pub fn loaded(mut read: impl FnMut(u64, &mut [u8]) -> bool) -> Option<u64> {
    const LOAD: u64 = 1;
    let (mut end, mut whole) = (0, true);
    let mut read = |at, into: &mut [u8]| {
        whole &= read(at, into);
        whole
    };
    programs::<()>(&mut read, |_, (kind, offset, len, _)| {
        if kind == LOAD {
            end = end.max(offset.saturating_add(len));
        }
        None
    });
    (whole && end > 0).then(|| end.checked_next_multiple_of(PAGE))?
}

/// The id among the notes in `len` bytes at `offset`.
fn note(read: &mut dyn FnMut(u64, &mut [u8]) -> bool, offset: u64, len: u64, align: u64) -> Option<Id> {
    let end = offset.checked_add(len)?;
    let mut at = offset;
    for _ in 0..MANY {
        let mut head = [0; 16];
        if at.checked_add(16)? > end || !read(at, &mut head) {
            return None;
        }
        let (name, value, kind) = (number(&head, 0, 4), number(&head, 4, 4), number(&head, 8, 4));
        // From the note's own beginning, as the standard has it.
        let begin = at.checked_add((12 + name).next_multiple_of(align))?;
        const BUILD_ID: u64 = 3;
        if kind == BUILD_ID && name == 4 && head[12..16] == *b"GNU\0" {
            let mut id = Id { bytes: [0; ID], len: value as usize };
            let fits = value > 0 && value <= ID as u64 && begin.checked_add(value)? <= end;
            return (fits && read(begin, id.bytes.get_mut(..id.len)?)).then_some(id);
        }
        at = begin.checked_add(value.next_multiple_of(align))?;
    }
    None
}

/// The little-endian integer of `len` bytes at `at`; 0 beyond the end.
fn number(bytes: &[u8], at: usize, len: usize) -> u64 {
    let bytes = bytes.get(at..at + len).unwrap_or(&[]);
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Read;

    fn reader(bytes: &[u8]) -> impl FnMut(u64, &mut [u8]) -> bool {
        |at, into| {
            let from = usize::try_from(at).ok().and_then(|at| bytes.get(at..at.checked_add(into.len())?));
            from.is_some_and(|from| {
                into.copy_from_slice(from);
                true
            })
        }
    }

    fn of(bytes: &[u8]) -> Option<Vec<u8>> {
        build_id(reader(bytes)).map(|id| id.bytes().to_vec())
    }

    #[test]
    fn ours_is_the_one_that_the_tools_name() {
        let program = std::env::current_exe().unwrap();
        let bytes = std::fs::read(&program).unwrap();
        let id = of(&bytes).unwrap();
        let out = std::process::Command::new("readelf").arg("-n").arg(&program).output();
        let Ok(out) = out else { return };
        let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(String::from_utf8_lossy(&out.stdout).contains(&hex), "{hex}");
        let end = loaded(reader(&bytes)).unwrap();
        assert!(end.is_multiple_of(PAGE) && end > 100_000 && end < bytes.len() as u64 + PAGE, "{end}");
    }

    #[test]
    fn what_is_no_elf_or_has_none() {
        assert_eq!(of(b""), None);
        assert_eq!(of(&[b'x'; 5000]), None);
        let mut bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        bytes[4] = 1;
        assert_eq!(of(&bytes), None, "32 bits");
    }

    proptest! {
        #[test]
        fn damage_is_no_panic(changes in prop::collection::vec((0_usize..1200, any::<u8>()), 1..12)) {
            let mut bytes = vec![0; 1200];
            std::fs::File::open("/proc/self/exe").and_then(|mut file| file.read_exact(&mut bytes)).unwrap();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            let _ = of(&bytes);
            let _ = loaded(reader(&bytes));
        }
    }
}
