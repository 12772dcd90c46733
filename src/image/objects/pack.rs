//! An executable or library, packed: as much of its file as is ever mapped; and whether a packed one is all there.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::file;
use crate::error::Result;
use crate::file::fault;
use crate::file::frames::DATA;

/// zstd's level: once a folder, and then it travels.
const LEVEL: i32 = 3;
/// log2 of the bytes in which zstd looks for what is alike, and has to keep. Its own choice, 2 MiB, makes the file a twentieth smaller; but the
/// process may have next to nothing left: then the image is made that this is for.
const WINDOW_LOG: u32 = 18;
/// Kinds of its blocks: one byte that repeats, and none.
const REPEATS: u32 = 1;
const RESERVED: u32 = 3;
/// No block is longer.
const LONGEST: u32 = 128 << 10;
/// Bytes between two questions whether it may go on.
const PIECE: usize = 128 << 10;

/// Packs `source` into `to`; `go_on` is asked between pieces.
///
/// # Errors
/// The system's, and wrapped ([`fault::unwrap`]) what `to` and `go_on` say.
pub fn pack(mut source: &File, to: impl Write, go_on: &dyn Fn() -> Result<()>) -> io::Result<()> {
    let size = file::loaded(source)?;
    source.rewind()?;
    let mut from = source.take(size);
    let mut encoder = zstd::stream::write::Encoder::new(to, LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.window_log(WINDOW_LOG)?;
    encoder.set_pledged_src_size(Some(size))?;
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        go_on().map_err(fault::wrap)?;
        piece.clear();
        if from.by_ref().take(PIECE as u64).read_to_end(&mut piece)? == 0 {
            return encoder.finish().map(drop);
        }
        encoder.write_all(&piece)?;
    }
}

/// Whether `packed` is one frame of zstd's from its first byte to its last, by the headers of its blocks, which is all that
/// is read of it. A file that was cut is not; one whose bytes were changed may be.
pub fn is_whole(mut packed: &File) -> io::Result<bool> {
    let size = packed.metadata()?.len();
    packed.rewind()?;
    let mut head = [0; 5];
    if size < head.len() as u64 {
        return Ok(false);
    }
    packed.read_exact(&mut head)?;
    let [magic @ .., describes] = head;
    if magic != DATA.to_le_bytes() {
        return Ok(false);
    }
    // RFC 8878, 3.1.1.1: what else the header holds.
    let alone = describes & 0x20 != 0;
    let content = match describes >> 6 {
        0 => u64::from(alone),
        power => 1 << power,
    };
    let dictionary = [0, 1, 2, 4][usize::from(describes & 3)];
    let mut at = head.len() as u64 + u64::from(!alone) + dictionary + content;
    loop {
        let mut block = [0; 4];
        if at + 3 > size {
            return Ok(false);
        }
        packed.seek(SeekFrom::Start(at))?;
        packed.read_exact(&mut block[..3])?;
        let block = u32::from_le_bytes(block);
        let (last, kind, length) = (block & 1 != 0, block >> 1 & 3, block >> 3);
        // Zeros, as where a disk has lost the rest, are blocks of nothing without end.
        if kind == RESERVED || length > LONGEST || length == 0 && !last {
            return Ok(false);
        }
        at += 3 + if kind == REPEATS { 1 } else { u64::from(length) };
        if last {
            let checksum = if describes & 4 != 0 { 4 } else { 0 };
            return Ok(at + checksum == size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who packs keeps the window, and little else. RFC 8878, 3.1.1.1.2: it stands behind the magic number and the descriptor.
    #[test]
    fn with_little_memory() {
        let source = File::open(std::env::current_exe().unwrap()).unwrap();
        assert!(file::loaded(&source).unwrap() > 2 << 20);
        let mut packed = Vec::new();
        pack(&source, &mut packed, &|| Ok(())).unwrap();
        let window = packed[5];
        let power = 1_u64 << (10 + (window >> 3));
        assert_eq!(power + power / 8 * u64::from(window & 7), 256 << 10);
        assert_eq!(packed[4] & 0x20, 0, "and not the whole file");
    }

    #[test]
    fn whole_up_to_its_last_byte() {
        let mut text: Vec<u8> =
            (0..400_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 7).to_le_bytes()).collect();
        text.extend([0; 300_000]);
        for (checksum, pledged) in [(true, true), (false, false), (true, false), (false, true)] {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), LEVEL).unwrap();
            encoder.include_checksum(checksum).unwrap();
            encoder.set_pledged_src_size(pledged.then_some(text.len() as u64)).unwrap();
            encoder.write_all(&text).unwrap();
            let packed = encoder.finish().unwrap();
            let of = |bytes: &[u8]| {
                let mut file = tempfile::tempfile().unwrap();
                file.write_all(bytes).unwrap();
                is_whole(&file).unwrap()
            };
            assert!(of(&packed));
            for end in [0, 3, 5, 9, 14, packed.len() / 2, packed.len() - 5, packed.len() - 1] {
                assert!(!of(&packed[..end]), "{end} of {}", packed.len());
            }
            let lost = [&packed[..packed.len() / 2], &vec![0; packed.len() / 2]].concat();
            assert!(!of(&lost), "a disk that has lost the rest");
            assert!(!of(&[&packed[..], &[0]].concat()) && !of(b"something else"));
        }
    }
}
