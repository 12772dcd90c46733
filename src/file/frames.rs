//! The layout of a `.heapsnapshot.zst` and of a `.heapimage.zst`. All of it is standard zstd (RFC 8878): `zstd -dc` skips the
//! first and last frame and gives exactly the JSON, or the image's records and pages. Integers are little-endian.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | `0x184D2A57`: skippable frame |
//! | 4 | 4 | n, the bytes that follow in this frame |
//! | 8 | 8 | `hwsnap01`: whose frame it is |
//! | 16 | n−8 | [`Header`] as JSON |
//! | 8+n | | data: zstd frames, one for each 8 MiB of that, each independent, with its checksum, window ≤ 8 MiB |
//! | e | 4 | `0x184D2A58`: skippable frame |
//! | e+4 | 4 | m, the bytes that follow in this frame |
//! | e+8 | m−12 | [`Trailer`] as JSON |
//! | size−12 | 4 | m again, so that the trailer is found from the end |
//! | size−8 | 8 | `hwdone01` |
//!
//! A file without the last 8 bytes, or whose parts do not add up to its size, is incomplete. Independent
//! frames let a cut file give what it has. A window ≤ 8 MiB is what browsers take as
//! `Content-Encoding: zstd` (RFC 9659).

use std::io::{self, Read, Seek, SeekFrom};

use serde::Serialize;

use super::info::{Header, Trailer};
use crate::error::{Error, Result};

/// Begins a data frame.
pub const DATA: u32 = 0xFD2F_B528;
/// Begins our header frame.
pub const HEADER: u32 = 0x184D_2A57;
/// Begins our trailer frame.
pub const TRAILER: u32 = 0x184D_2A58;
/// JSON bytes in a data frame (the last one has what is left).
pub const FRAME: usize = 8 << 20;
/// Largest window a browser takes: 2^23 = 8 MiB.
pub const WINDOW_LOG: u32 = 23;

/// Bytes of a trailer frame beside its JSON.
const AROUND: usize = 20;

const HEADER_MAGIC: &[u8; 8] = b"hwsnap01";
const TRAILER_MAGIC: &[u8; 8] = b"hwdone01";
/// Metadata is a few hundred bytes; a length beyond this is damage, not data.
pub const LIMIT: usize = 64 * 1024;

/// Bytes that hold any trailer frame: eight numbers and their names.
pub const TRAILER_ROOM: usize = 512;

/// Is it one of the sixteen magics of skippable frames?
pub fn is_skippable(magic: u32) -> bool {
    magic & 0xFFFF_FFF0 == 0x184D_2A50
}

/// The header frame's bytes. A header over 64 KiB (a huge `trigger`) is `InvalidOption`.
pub fn header(header: &Header) -> Result<Vec<u8>> {
    let json = to_json(header)?;
    if json.len() > LIMIT {
        return Err(Error::InvalidOption(format!(
            "the snapshot's metadata has {} bytes, at most {LIMIT} are accepted: give a shorter trigger",
            json.len()
        )));
    }
    Ok([&HEADER.to_le_bytes()[..], &length(8 + json.len()), HEADER_MAGIC, &json].concat())
}

/// The trailer frame's bytes.
pub fn trailer(trailer: &Trailer) -> Result<Vec<u8>> {
    trailer_over(trailer, 0)
}

/// The same, to be written over one of `old` bytes: no shorter, so that the file is whole at each moment. Blanks fill it.
pub fn trailer_over(trailer: &Trailer, old: usize) -> Result<Vec<u8>> {
    let mut json = to_json(trailer)?;
    let least = old.saturating_sub(AROUND).min(LIMIT);
    json.resize(json.len().max(least), b' ');
    let m = length(json.len() + 12);
    Ok([&TRAILER.to_le_bytes()[..], &m, &json, &m, TRAILER_MAGIC].concat())
}

/// The trailer frame's bytes in `room`, without a new byte of memory: whoever writes it may be a copy of a process in which
/// another thread was allocating. `None`: they do not fit.
pub fn trailer_in<'a>(trailer: &Trailer, room: &'a mut [u8; TRAILER_ROOM]) -> Option<&'a [u8]> {
    let (front, rest) = room.split_at_mut(8);
    let most = rest.len() - 12;
    let mut json = &mut rest[..most];
    serde_json::to_writer(&mut json, trailer).ok()?;
    let json = most - json.len();
    let m = u32::try_from(json + 12).ok()?.to_le_bytes();
    front[..4].copy_from_slice(&TRAILER.to_le_bytes());
    front[4..].copy_from_slice(&m);
    rest[json..json + 4].copy_from_slice(&m);
    rest[json + 4..json + 12].copy_from_slice(TRAILER_MAGIC);
    Some(&room[..json + AROUND])
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|e| Error::CaptureFailed(format!("the snapshot's metadata is no JSON: {e}")))
}

fn length(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes()
}

/// What a file's first and last bytes tell.
#[derive(Debug, Default, PartialEq)]
pub struct Survey {
    /// The file's size.
    pub size: u64,
    /// Our header, and where the data begins.
    pub header: Option<(Header, u64)>,
    /// Our trailer, and where the data ends. `None` when the parts do not add up to the file's size.
    pub trailer: Option<(Trailer, u64)>,
}

/// Reads header and trailer, nothing between. Damage gives `None`, only reading itself can fail.
pub fn survey<F: Read + Seek>(file: &mut F) -> io::Result<Survey> {
    let size = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let header = read_header(file, size)?;
    let mut trailer = read_trailer(file, size)?;
    let begin = header.as_ref().map_or(0, |(_, begin)| *begin);
    // A file glued together from two, or with a piece taken out, has a trailer that speaks of another one.
    trailer = trailer.filter(|(t, end)| t.complete && begin.checked_add(t.data_bytes) == Some(*end));
    Ok(Survey { size, header, trailer })
}

/// Our header at the beginning of `file`, which has `size` bytes, and where the data begins.
pub fn read_header<F: Read>(file: &mut F, size: u64) -> io::Result<Option<(Header, u64)>> {
    let mut start = [0; 16];
    if size < 16 {
        return Ok(None);
    }
    file.read_exact(&mut start)?;
    let n = u32_at(&start, 4) as u64;
    if u32_at(&start, 0) != HEADER
        || start[8..] != *HEADER_MAGIC
        || n < 8
        || n > 8 + LIMIT as u64
        || 8 + n > size
    {
        return Ok(None);
    }
    let mut json = vec![0; n as usize - 8];
    file.read_exact(&mut json)?;
    Ok(serde_json::from_slice(&json).ok().map(|header| (header, 8 + n)))
}

fn read_trailer<F: Read + Seek>(file: &mut F, size: u64) -> io::Result<Option<(Trailer, u64)>> {
    let mut end = [0; 12];
    if size < 20 {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(size - 12))?;
    file.read_exact(&mut end)?;
    let m = u32_at(&end, 0) as u64;
    if end[4..] != *TRAILER_MAGIC || m < 12 || m > 12 + LIMIT as u64 || 8 + m > size {
        return Ok(None);
    }
    let begin = size - 8 - m;
    let mut frame = vec![0; 8 + m as usize - 12];
    file.seek(SeekFrom::Start(begin))?;
    file.read_exact(&mut frame)?;
    if u32_at(&frame, 0) != TRAILER || u32_at(&frame, 4) as u64 != m {
        return Ok(None);
    }
    Ok(serde_json::from_slice(&frame[8..]).ok().map(|trailer| (trailer, begin)))
}

/// The little-endian integer at `offset`, 0 beyond the end.
pub fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    bytes.get(offset..offset + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::info::Mode;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn sample() -> (Header, Trailer, Vec<u8>) {
        let head = Header::new(1.0, Mode::Inline, "test");
        let tail = Trailer {
            complete: true,
            raw_bytes: 9,
            data_bytes: 5,
            frames: 1,
            nodes: Some(1),
            pause_ms: 0.5,
            duration_ms: 2.0,
            attempts: 1,
        };
        let file = [header(&head).unwrap(), b"DATA!".to_vec(), trailer(&tail).unwrap()].concat();
        (head, tail, file)
    }

    #[test]
    fn finds_both_without_the_data() {
        let (head, tail, file) = sample();
        let survey = survey(&mut Cursor::new(&file)).unwrap();
        let begin = header(&head).unwrap().len() as u64;
        assert_eq!(survey.header, Some((head, begin)));
        assert_eq!(survey.trailer, Some((tail, begin + 5)));
        assert_eq!(survey.size, file.len() as u64);
    }

    #[test]
    fn one_trailer_over_another_leaves_nothing_of_it() {
        let (head, short, file) = sample();
        let end = file.len() - trailer(&short).unwrap().len();
        let long = trailer(&Trailer { duration_ms: 1.0 / 3.0, ..short.clone() }).unwrap();
        let frame = trailer_over(&short, long.len()).unwrap();
        assert_eq!(frame.len(), long.len());
        let survey = survey(&mut Cursor::new([&file[..end], &frame].concat())).unwrap();
        assert_eq!(survey.header.map(|(header, _)| header), Some(head));
        assert_eq!(survey.trailer, Some((short.clone(), end as u64)));
        assert_eq!(trailer_over(&short, 0).unwrap(), trailer(&short).unwrap());
    }

    #[test]
    fn the_longest_trailer_fits_where_nothing_may_be_allocated() {
        let (_, mut tail, _) = sample();
        let same = |tail: &Trailer| {
            let mut room = [0; TRAILER_ROOM];
            assert_eq!(trailer_in(tail, &mut room).map(<[u8]>::to_vec), trailer(tail).ok());
        };
        same(&tail);
        (tail.raw_bytes, tail.data_bytes, tail.frames) = (u64::MAX, u64::MAX, u64::MAX);
        (tail.nodes, tail.attempts) = (Some(u64::MAX), u32::MAX);
        (tail.pause_ms, tail.duration_ms) = (-f64::MIN_POSITIVE / 3.0, f64::MAX / 3.0);
        same(&tail);
    }

    #[test]
    fn magics_are_skippable() {
        assert!(is_skippable(HEADER) && is_skippable(TRAILER) && !is_skippable(DATA));
    }

    #[test]
    fn no_cut_file_is_complete() {
        let (_, _, file) = sample();
        for cut in 0..file.len() {
            assert_eq!(survey(&mut Cursor::new(&file[..cut])).unwrap().trailer, None, "cut at {cut}");
        }
    }

    #[test]
    fn a_piece_taken_out_or_put_in_is_noticed() {
        let (head, _, mut file) = sample();
        let begin = header(&head).unwrap().len();
        file.insert(begin, b'x');
        assert_eq!(survey(&mut Cursor::new(&file)).unwrap().trailer, None);
        file.drain(begin..begin + 3);
        assert_eq!(survey(&mut Cursor::new(&file)).unwrap().trailer, None);
    }

    #[test]
    fn a_huge_trigger_is_refused() {
        let error = header(&Header::new(0.0, Mode::Inline, &"x".repeat(LIMIT))).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_INVALID_OPTION");
    }

    proptest! {
        #[test]
        fn strange_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), n: u32) {
            let _ = survey(&mut Cursor::new(&bytes));
            // and with the magics where they belong, lengths at random
            if bytes.len() >= 28 {
                let size = bytes.len();
                bytes[..4].copy_from_slice(&HEADER.to_le_bytes());
                bytes[4..8].copy_from_slice(&n.to_le_bytes());
                bytes[8..16].copy_from_slice(HEADER_MAGIC);
                bytes[size - 12..size - 8].copy_from_slice(&n.to_le_bytes());
                bytes[size - 8..].copy_from_slice(TRAILER_MAGIC);
                let _ = survey(&mut Cursor::new(&bytes));
            }
        }
    }
}
