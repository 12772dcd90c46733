//! The build id of a file that is mapped, from what of it is mapped.

use crate::image::format::ID;

/// A build id.
#[derive(Clone, Copy)]
pub(super) struct Id {
    bytes: [u8; ID],
    len: usize,
}

impl Id {
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

/// Program headers that are looked at, and notes of one: no linker writes nearly as many.
const MANY: u64 = 128;

/// The id of the ELF file of which `read` gives bytes at an offset, and false where it has none.
pub(super) fn build_id(mut read: impl FnMut(u64, &mut [u8]) -> bool) -> Option<Id> {
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
        const NOTE: u64 = 4;
        if number(&program, 0, 4) == NOTE {
            let (offset, len) = (number(&program, 8, 8), number(&program, 32, 8));
            let align = if number(&program, 48, 8) == 8 { 8 } else { 4 };
            if let Some(id) = note(&mut read, offset, len, align) {
                return Some(id);
            }
        }
    }
    None
}

/// The id among the notes in `len` bytes at `offset`.
fn note(read: &mut impl FnMut(u64, &mut [u8]) -> bool, offset: u64, len: u64, align: u64) -> Option<Id> {
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

    fn of(bytes: &[u8]) -> Option<Vec<u8>> {
        let read = |at: u64, into: &mut [u8]| {
            let from = usize::try_from(at).ok().and_then(|at| bytes.get(at..at.checked_add(into.len())?));
            from.is_some_and(|from| {
                into.copy_from_slice(from);
                true
            })
        };
        build_id(read).map(|id| id.bytes().to_vec())
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
        }
    }
}
