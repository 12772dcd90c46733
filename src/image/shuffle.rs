//! The bytes of words put apart, and together again, block by block of a stream: all lowest bytes of a block's words first, then
//! all second ones. (HDF5 and Blosc call it a *shuffle*.) A heap is words, most of them addresses: their upper bytes are nearly
//! always the same, and apart from the lower ones zstd packs the whole in less time into a fifth to a third less.

/// Bytes that are put apart together; the last block of a stream is shorter.
pub const BLOCK: usize = 256 << 10;
/// Bytes to a word.
const WORD: usize = 8;
/// Bytes that are turned at once; what a block has beyond a multiple of them stays as it is, at its end.
const SQUARE: usize = WORD * WORD;

/// `block` with its words' bytes apart. Both are equally long.
pub fn apart(block: &[u8], into: &mut [u8]) {
    let (squares, rest) = block.as_chunks::<SQUARE>();
    let plane = squares.len() * WORD;
    let done = many_apart(squares, into);
    for (n, square) in squares.iter().enumerate().skip(done) {
        let turned = turn(rows(square));
        for (k, bytes) in turned.into_iter().enumerate() {
            put(into, k * plane + n * WORD, &bytes.to_le_bytes());
        }
    }
    put(into, squares.len() * SQUARE, rest);
}

/// As many of `squares` as fill whole lines of the processor's cache, by its wide registers: how many these are.
#[cfg(target_arch = "x86_64")]
fn many_apart(squares: &[[u8; SQUARE]], into: &mut [u8]) -> usize {
    let plane = squares.len() * WORD;
    let (lines, _) = squares.as_chunks::<WORD>();
    for (n, line) in lines.iter().enumerate() {
        // SAFETY: every x86-64 has SSE2.
        let planes = unsafe { wide::apart(line) };
        for (k, bytes) in planes.into_iter().enumerate() {
            put(into, k * plane + n * SQUARE, &bytes);
        }
    }
    lines.len() * WORD
}

#[cfg(not(target_arch = "x86_64"))]
fn many_apart(_: &[[u8; SQUARE]], _: &mut [u8]) -> usize {
    0
}

/// SSE2, which every x86-64 has: nothing has to be asked for at a moment when nothing may be.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{
        __m128i, _mm_loadu_si128, _mm_shuffle_epi32, _mm_storeu_si128, _mm_unpackhi_epi16,
        _mm_unpackhi_epi32, _mm_unpackhi_epi64, _mm_unpacklo_epi8, _mm_unpacklo_epi16, _mm_unpacklo_epi32,
        _mm_unpacklo_epi64,
    };

    use super::{SQUARE, WORD};

    /// Words whose bytes fill a register.
    const WIDE: usize = 16;

    /// The bytes of 64 words apart: a line of each plane. Planes lie at distances that are powers of two, so that lines which are
    /// filled bit by bit would push each other out of the cache.
    #[inline]
    #[target_feature(enable = "sse2")]
    pub fn apart(squares: &[[u8; SQUARE]; WORD]) -> [[u8; SQUARE]; WORD] {
        let mut lines = [[0; SQUARE]; WORD];
        let (pairs, _) = squares.as_chunks::<2>();
        for (n, pair) in pairs.iter().enumerate() {
            for (line, bytes) in lines.iter_mut().zip(turn(pair.as_flattened())) {
                if let Some(place) = line.get_mut(n * WIDE..).and_then(<[u8]>::first_chunk_mut::<WIDE>) {
                    // SAFETY: sixteen bytes of the line.
                    unsafe { _mm_storeu_si128(place.as_mut_ptr().cast(), bytes) };
                }
            }
        }
        lines
    }

    /// Sixteen words: all their first bytes, all their second ones, and so on.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn turn(words: &[u8]) -> [__m128i; WORD] {
        let (twos, _) = words.as_chunks::<WIDE>();
        // Bytes k of two words, for k = 0 to 7; of four words for 0 to 3 and 4 to 7; and so on.
        let two = |n: usize| {
            // SAFETY: sixteen bytes.
            let both = unsafe { _mm_loadu_si128(twos[n].as_ptr().cast()) };
            _mm_unpacklo_epi8(both, _mm_shuffle_epi32::<0b01_00_11_10>(both))
        };
        let four = |n: usize| {
            let (one, other) = (two(2 * n), two(2 * n + 1));
            [_mm_unpacklo_epi16(one, other), _mm_unpackhi_epi16(one, other)]
        };
        let eight = |n: usize| {
            let ([low, high], [other_low, other_high]) = (four(2 * n), four(2 * n + 1));
            [
                _mm_unpacklo_epi32(low, other_low),
                _mm_unpackhi_epi32(low, other_low),
                _mm_unpacklo_epi32(high, other_high),
                _mm_unpackhi_epi32(high, other_high),
            ]
        };
        let (one, other) = (eight(0), eight(1));
        std::array::from_fn(|k| {
            let (one, other) = (one[k / 2], other[k / 2]);
            if k % 2 == 0 { _mm_unpacklo_epi64(one, other) } else { _mm_unpackhi_epi64(one, other) }
        })
    }
}

/// `block`, as [`apart`] made it, with its words together again. Both are equally long.
pub fn together(block: &[u8], into: &mut [u8]) {
    let plane = block.len() / SQUARE * WORD;
    let (squares, _) = into.as_chunks_mut::<SQUARE>();
    for (n, square) in squares.iter_mut().enumerate() {
        let mut apart = [0; WORD];
        for (k, bytes) in apart.iter_mut().enumerate() {
            let at = k * plane + n * WORD;
            *bytes =
                block.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes));
        }
        let (words, _) = square.as_chunks_mut::<WORD>();
        for (word, turned) in words.iter_mut().zip(turn(apart)) {
            *word = turned.to_le_bytes();
        }
    }
    let rest = plane * WORD;
    put(into, rest, block.get(rest..).unwrap_or(&[]));
}

fn rows(square: &[u8; SQUARE]) -> [u64; WORD] {
    let (words, _) = square.as_chunks::<WORD>();
    let mut rows = [0; WORD];
    rows.iter_mut().zip(words).for_each(|(row, word)| *row = u64::from_le_bytes(*word));
    rows
}

fn put(into: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = into.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

/// Eight rows of eight bytes, rows and columns exchanged: first quarters, then quarters of those, then single bytes.
fn turn(mut rows: [u64; WORD]) -> [u64; WORD] {
    for (apart, shift, mask) in
        [(4, 32, 0x0000_0000_ffff_ffff_u64), (2, 16, 0x0000_ffff_0000_ffff), (1, 8, 0x00ff_00ff_00ff_00ff)]
    {
        for i in (0..WORD).filter(|i| i & apart == 0) {
            let moved = ((rows[i] >> shift) ^ rows[i + apart]) & mask;
            rows[i + apart] ^= moved;
            rows[i] ^= moved << shift;
        }
    }
    rows
}

/// A whole stream, put apart: what a test packs.
#[cfg(test)]
pub fn stream(raw: &[u8]) -> Vec<u8> {
    let mut all = vec![0; raw.len()];
    raw.chunks(BLOCK).zip(all.chunks_mut(BLOCK)).for_each(|(block, into)| apart(block, into));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_one_place_stand_together() {
        let words: Vec<u8> = (0..16_u64).flat_map(|n| (0x0102_0304_0506_0700 + n).to_le_bytes()).collect();
        let mut into = vec![0; words.len()];
        apart(&words, &mut into);
        assert_eq!(into[..16], (0..16).collect::<Vec<u8>>());
        for (k, plane) in into.chunks(16).enumerate().skip(1) {
            assert_eq!(plane, [8 - k as u8; 16], "{k}");
        }
    }

    #[test]
    fn of_any_length_it_comes_together_again() {
        let bytes: Vec<u8> = (0..BLOCK as u64 + 777).map(|n| ((n * n) >> 5) as u8).collect();
        for len in (0..200).chain([4096, BLOCK - 1, BLOCK, BLOCK + 777]) {
            let (mut there, mut back) = (vec![0; len], vec![0; len]);
            apart(&bytes[..len], &mut there);
            together(&there, &mut back);
            assert!(back == bytes[..len], "{len}");
            assert_eq!(
                there[len / 64 * 64..],
                bytes[len / 64 * 64..len],
                "{len}: what fills no square stays"
            );
        }
    }
}
