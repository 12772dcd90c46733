//! JSON → independent zstd frames of [`frames::FRAME`] bytes each, or itself (level 0).

use zstd::stream::raw::{self, CParameter, InBuffer, Operation, OutBuffer};

use crate::error::{Error, Result};
use crate::file::frames;

/// Bytes collected before they go to the file: one system call for about a megabyte of JSON.
const BUFFER: usize = 128 * 1024;

type Put<'a> = &'a mut dyn FnMut(&[u8]) -> Result<()>;

pub(super) struct Encoder {
    zstd: Option<raw::Encoder<'static>>,
    out: Vec<u8>,
    filled: usize,
    in_frame: usize,
    frames: u64,
}

impl Encoder {
    /// `level` 0 = plain.
    pub fn new(level: i32) -> Result<Self> {
        let zstd = if level == 0 { None } else { Some(context(level).map_err(failed)?) };
        let mut out = Vec::new();
        out.try_reserve_exact(BUFFER).map_err(|error| failed(error.into()))?;
        out.resize(BUFFER, 0);
        Ok(Self { zstd, out, filled: 0, in_frame: 0, frames: 0 })
    }

    pub fn is_plain(&self) -> bool {
        self.zstd.is_none()
    }

    /// Data frames ended so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    pub fn write(&mut self, mut bytes: &[u8], put: Put) -> Result<()> {
        while !bytes.is_empty() {
            let piece = &bytes[..bytes.len().min(frames::FRAME - self.in_frame)];
            let taken = self.step(piece)?;
            bytes = &bytes[taken..];
            self.drain(put, false)?;
            if self.zstd.is_some() {
                self.in_frame += taken;
                if self.in_frame == frames::FRAME {
                    self.end_frame(put)?;
                }
            }
        }
        Ok(())
    }

    pub fn finish(&mut self, put: Put) -> Result<()> {
        if self.in_frame > 0 {
            self.end_frame(put)?;
        }
        self.drain(put, true)
    }

    // Some of `bytes` into the buffer; says how many.
    fn step(&mut self, bytes: &[u8]) -> Result<usize> {
        let Some(zstd) = &mut self.zstd else {
            let n = bytes.len().min(self.out.len() - self.filled);
            self.out[self.filled..self.filled + n].copy_from_slice(&bytes[..n]);
            self.filled += n;
            return Ok(n);
        };
        let mut input = InBuffer::around(bytes);
        let mut output = OutBuffer::around_pos(&mut self.out[..], self.filled);
        zstd.run(&mut input, &mut output).map_err(failed)?;
        self.filled = output.pos();
        Ok(input.pos())
    }

    fn end_frame(&mut self, put: Put) -> Result<()> {
        loop {
            let Some(zstd) = &mut self.zstd else { return Ok(()) };
            let mut output = OutBuffer::around_pos(&mut self.out[..], self.filled);
            let left = zstd.finish(&mut output, false).map_err(failed)?;
            self.filled = output.pos();
            self.drain(put, false)?;
            if left == 0 {
                break;
            }
        }
        self.in_frame = 0;
        self.frames += 1;
        Ok(())
    }

    fn drain(&mut self, put: Put, all: bool) -> Result<()> {
        if self.filled == self.out.len() || all {
            put(&self.out[..self.filled])?;
            self.filled = 0;
        }
        Ok(())
    }
}

fn context(level: i32) -> std::io::Result<raw::Encoder<'static>> {
    // The crate panics where zstd has no memory for a context; all the rest is allocated, or refused, at the first write.
    let mut zstd = std::panic::catch_unwind(|| raw::Encoder::new(level))
        .unwrap_or_else(|_| Err(std::io::ErrorKind::OutOfMemory.into()))?;
    zstd.set_parameter(CParameter::ChecksumFlag(true))?;
    if level > 19 {
        // Below, zstd's own choice is at most this; setting it there would only cost memory.
        zstd.set_parameter(CParameter::WindowLog(frames::WINDOW_LOG))?;
    }
    Ok(zstd)
}

fn failed(error: std::io::Error) -> Error {
    Error::CaptureFailed(format!("zstd: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(level: i32, pieces: &[&[u8]]) -> (Vec<u8>, u64) {
        let mut encoder = Encoder::new(level).unwrap();
        let mut file = Vec::new();
        let mut put = |bytes: &[u8]| {
            file.extend_from_slice(bytes);
            Ok(())
        };
        pieces.iter().for_each(|p| encoder.write(p, &mut put).unwrap());
        encoder.finish(&mut put).unwrap();
        (file, encoder.frames())
    }

    // Nothing in, nothing out: no frame at all, which `decode_all` does not take for a file.
    fn decode(file: &[u8]) -> Vec<u8> {
        if file.is_empty() { Vec::new() } else { zstd::decode_all(file).unwrap() }
    }

    #[test]
    fn a_new_frame_each_8_mib() {
        let json = b"0123456789abcdef".repeat((2 * frames::FRAME + 32) / 16);
        for (size, frames) in [(0, 0), (1, 1), (frames::FRAME, 1), (frames::FRAME + 1, 2), (json.len(), 3)] {
            let (file, count) = encode(1, &[&json[..size]]);
            assert_eq!(count, frames);
            assert!(decode(&file) == json[..size], "{size} bytes");
        }
        // Independent: the second frame alone is readable.
        let (first, _) = encode(1, &[&json[..frames::FRAME]]);
        let (two, _) = encode(1, &[&json[..frames::FRAME + 16]]);
        assert_eq!(zstd::decode_all(&two[first.len()..]).unwrap(), b"0123456789abcdef");
    }

    #[test]
    fn checksum_on_and_window_small_at_every_level() {
        for level in 1..=22 {
            let (file, _) = encode(level, &[b"some bytes"]);
            assert_eq!(frames::u32_at(&file, 0), frames::DATA);
            assert_ne!(file[4] & 4, 0, "checksum flag at level {level}");
            assert_eq!(file[4] & 0x20, 0, "not a single segment: a window descriptor follows");
            let exponent = 10 + (file[5] >> 3) as u32;
            assert!(exponent < 23 || (exponent == 23 && file[5] & 7 == 0), "2^{exponent} at level {level}");
        }
    }

    #[test]
    fn an_error_of_the_file_comes_through() {
        let mut encoder = Encoder::new(0).unwrap();
        let full = Error::NoSpace("full".into());
        let result = encoder.write(&vec![b'x'; BUFFER + 1], &mut |_| Err(full.clone()));
        assert_eq!(result, Err(full));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn pieces_do_not_matter(pieces in prop::collection::vec((any::<u32>(), 0usize..300_000), 0..9), level in 0..4) {
            // Long enough to fill the buffer several times, half of it incompressible.
            let piece = |(seed, size): &(u32, usize)| -> Vec<u8> {
                (0..*size as u32).map(|i| (i.wrapping_mul(*seed) >> (seed % 25)) as u8).collect()
            };
            let pieces: Vec<Vec<u8>> = pieces.iter().map(piece).collect();
            let slices: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let (file, _) = encode(level, &slices);
            let raw = if level == 0 { file } else { decode(&file) };
            prop_assert!(raw == pieces.concat());
        }
    }
}
