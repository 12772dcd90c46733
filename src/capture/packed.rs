//! A snapshot's JSON in memory, packed as it comes and unpacked as it is read: a tenth of what V8 writes.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use crate::error::{Error, Result};

/// Faster than what goes to a disk: these bytes live for a second.
const LEVEL: i32 = -3;
/// Bytes of a piece. Large blocks are given back to the kernel one by one, while they are read.
const PIECE: usize = 1 << 20;

/// Takes JSON.
pub struct Packer {
    encoder: zstd::stream::write::Encoder<'static, Pieces>,
    raw_bytes: u64,
}

/// What was packed: [`Read`] gives the JSON, once.
pub struct Packed {
    decoder: zstd::stream::read::Decoder<'static, io::BufReader<Pieces>>,
    /// Bytes of JSON.
    pub raw_bytes: u64,
}

#[derive(Default)]
struct Pieces(VecDeque<Vec<u8>>, usize);

impl Packer {
    /// Makes ready.
    ///
    /// # Errors
    /// `MemoryBudget`.
    pub fn new() -> Result<Self> {
        let encoder = zstd::stream::write::Encoder::new(Pieces::default(), LEVEL).map_err(failed)?;
        Ok(Self { encoder, raw_bytes: 0 })
    }

    /// The next bytes.
    ///
    /// # Errors
    /// `MemoryBudget`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.encoder.write_all(bytes).map_err(failed)?;
        self.raw_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Bytes of JSON so far.
    pub fn raw_bytes(&self) -> u64 {
        self.raw_bytes
    }

    /// That was all.
    ///
    /// # Errors
    /// `MemoryBudget`.
    pub fn finish(self) -> Result<Packed> {
        let pieces = self.encoder.finish().map_err(failed)?;
        let decoder = zstd::stream::read::Decoder::new(pieces).map_err(failed)?;
        Ok(Packed { decoder, raw_bytes: self.raw_bytes })
    }
}

impl Read for Packed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(out)
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.back().is_none_or(|piece| piece.len() == piece.capacity()) {
            let mut piece = Vec::new();
            piece.try_reserve_exact(PIECE).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
            self.0.push_back(piece);
        }
        let Some(piece) = self.0.back_mut() else { return Ok(0) };
        let count = bytes.len().min(piece.capacity() - piece.len());
        piece.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(piece) = self.0.front() else { return Ok(0) };
            let left = &piece[self.1..];
            if left.is_empty() {
                self.0.pop_front();
                self.1 = 0;
                continue;
            }
            let count = out.len().min(left.len());
            out[..count].copy_from_slice(&left[..count]);
            self.1 += count;
            return Ok(count);
        }
    }
}

fn failed(error: io::Error) -> Error {
    Error::MemoryBudget(format!("a snapshot could not be kept in memory to be read there: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        // Random enough not to be packed into one piece.
        let mut state = 7_u64;
        let mut noise = |bytes: usize| -> Vec<u8> {
            (0..bytes)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 33) as u8
                })
                .collect()
        };
        for size in [0, 1, PIECE, 3 * PIECE + 77] {
            let bytes = noise(size);
            let mut packer = Packer::new().unwrap();
            bytes.chunks(65_536).for_each(|chunk| packer.write(chunk).unwrap());
            let mut packed = packer.finish().unwrap();
            assert_eq!(packed.raw_bytes, size as u64);
            let mut back = Vec::new();
            packed.read_to_end(&mut back).unwrap();
            assert!(back == bytes, "{size}");
        }
    }
}
