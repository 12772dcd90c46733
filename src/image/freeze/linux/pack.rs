//! The stream → blocks whose words are put apart → zstd frames of [`FRAME`] bytes each → the file, in memory that was there before.

use std::ffi::{c_int, c_void};

use zstd::zstd_safe::zstd_sys as zs;

use super::super::outcome::{Fault, Step};
use super::sys;
use crate::file::frames::FRAME;
use crate::image::shuffle::{BLOCK, apart};

// A frame ends where a block does.
const _: () = assert!(FRAME.is_multiple_of(BLOCK));

/// Bytes collected before they go to the file.
const COLLECTED: usize = 256 << 10;
/// Room for them, and for a block behind them that cannot be packed: its own bytes, and zstd's around them.
pub(super) const OUT: usize = COLLECTED + BLOCK + (64 << 10);

/// zstd's parameters at `level`: nothing is looked for beyond a block.
fn parameters(level: i32) -> zs::ZSTD_parameters {
    // SAFETY: computes only.
    let mut parameters = unsafe { zs::ZSTD_getCParams(level, 0, 0) };
    parameters.windowLog = BLOCK.ilog2();
    if level < 0 {
        // Nothing shorter is worth the time: as many bytes as with zstd's own 6, in a sixth less.
        parameters.minMatch = 7;
    }
    // SAFETY: computes only.
    let parameters = unsafe { zs::ZSTD_adjustCParams(parameters, 0, 0) };
    let frame = zs::ZSTD_frameParameters { contentSizeFlag: 0, checksumFlag: 1, noDictIDFlag: 1 };
    zs::ZSTD_parameters { cParams: parameters, fParams: frame }
}

/// Bytes of workspace that zstd needs at `level`; 0: zstd knows no such level.
pub(super) fn workspace(level: i32) -> usize {
    // SAFETY: computes only.
    let bytes = unsafe { zs::ZSTD_estimateCCtxSize_usingCParams(parameters(level).cParams) };
    // SAFETY: likewise.
    if unsafe { zs::ZSTD_isError(bytes) } == 0 { bytes.next_multiple_of(super::base::PAGE) } else { 0 }
}

/// A block, as it comes and put apart.
#[repr(C)]
pub(super) struct Block {
    plain: [u8; BLOCK],
    apart: [u8; BLOCK],
}

/// zstd reads blocks where they lie (its way without buffers of its own, `ZSTD_compressContinue`): as a stream it would copy them
/// to a ring, and look for what is alike in two pieces of it, which takes a fifth longer.
pub(super) struct Pack<'a> {
    zstd: *mut zs::ZSTD_CCtx,
    parameters: zs::ZSTD_parameters,
    block: &'a mut Block,
    // Bytes of the block that are there.
    held: usize,
    out: &'a mut [u8; OUT],
    filled: usize,
    in_frame: usize,
    to: c_int,
    // Bytes that the file may still grow by: beyond, the kernel would send a signal that ends the process.
    room: u64,
    /// Bytes of stream so far.
    pub raw: u64,
    /// Bytes of file so far.
    pub data: u64,
    /// Frames ended so far.
    pub frames: u64,
}

impl<'a> Pack<'a> {
    /// `workspace` is as long as [`workspace`] said for the level.
    pub fn begin(
        workspace: &'a mut [u8],
        block: &'a mut Block,
        out: &'a mut [u8; OUT],
        level: i32,
        to: c_int,
    ) -> Result<Self, Fault> {
        // SAFETY: memory that is ours as long as the context is used, aligned as a page is.
        let zstd = unsafe { zs::ZSTD_initStaticCCtx(workspace.as_mut_ptr().cast(), workspace.len()) };
        if zstd.is_null() {
            return Err(Fault::new(Step::Pack, 0));
        }
        let limit = sys::limit(libc::RLIMIT_FSIZE);
        let room = sys::position(to).map_or(u64::MAX, |at| limit.saturating_sub(at));
        let parameters = parameters(level);
        Ok(Self {
            zstd,
            parameters,
            block,
            held: 0,
            out,
            filled: 0,
            in_frame: 0,
            to,
            room,
            raw: 0,
            data: 0,
            frames: 0,
        })
    }

    /// Takes bytes of ours.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        // SAFETY: a slice can be read.
        unsafe { self.put_memory(bytes.as_ptr(), bytes.len()) }
    }

    /// Takes `len` bytes at `at`.
    ///
    /// # Safety
    /// They can be read. What they are may change meanwhile: they are copied once.
    pub unsafe fn put_memory(&mut self, at: *const u8, len: usize) -> Result<(), Fault> {
        let mut taken = 0;
        while taken < len {
            let size = (len - taken).min(BLOCK - self.held);
            let to = self.block.plain.as_mut_ptr().wrapping_add(self.held);
            // SAFETY: `size` bytes of what can be read, and as many of the block, which is nobody else's.
            unsafe { std::ptr::copy_nonoverlapping(at.wrapping_add(taken), to, size) };
            taken += size;
            self.raw += size as u64;
            self.held += size;
            if self.held == BLOCK {
                self.end_block()?;
            }
        }
        Ok(())
    }

    fn end_block(&mut self) -> Result<(), Fault> {
        let Block { plain, apart: turned } = &mut *self.block;
        let (Some(plain), Some(turned)) = (plain.get(..self.held), turned.get_mut(..self.held)) else {
            return Err(Fault::new(Step::Pack, 0));
        };
        apart(plain, turned);
        if self.in_frame == 0 {
            // SAFETY: the context was initialised, and there is no dictionary.
            checked(unsafe {
                zs::ZSTD_compressBegin_advanced(
                    self.zstd,
                    std::ptr::null(),
                    0,
                    self.parameters,
                    zs::ZSTD_CONTENTSIZE_UNKNOWN as u64,
                )
            })?;
        }
        // Each block lies where the last one lay, and zstd takes notice. Behind a shorter one, a frame's last, the rest of the one before
        // is still its dictionary: nothing may be written there until the frame has ended.
        self.step(self.held, zs::ZSTD_compressContinue)?;
        self.in_frame += self.held;
        self.held = 0;
        if self.in_frame == FRAME {
            self.end_frame()?;
        }
        Ok(())
    }

    fn end_frame(&mut self) -> Result<(), Fault> {
        self.step(0, zs::ZSTD_compressEnd)?;
        self.in_frame = 0;
        self.frames += 1;
        Ok(())
    }

    /// `work` on `len` bytes of the block, which goes to what is collected.
    fn step(&mut self, len: usize, work: Work) -> Result<(), Fault> {
        let (from, to) =
            (self.block.apart.as_ptr().cast(), self.out.get_mut(self.filled..).unwrap_or(&mut []));
        // SAFETY: the context has begun a frame; the output is ours, and of the block there are `len` bytes.
        let packed = unsafe { work(self.zstd, to.as_mut_ptr().cast(), to.len(), from, len) };
        self.filled += checked(packed)?;
        // What is left is room for a block.
        if self.filled >= COLLECTED {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Fault> {
        let mut bytes = self.out.get(..self.filled).unwrap_or(&[]);
        while !bytes.is_empty() {
            if bytes.len() as u64 > self.room {
                return Err(Fault::new(Step::Write, libc::EFBIG));
            }
            let n = sys::write(self.to, bytes).map_err(|errno| Fault::new(Step::Write, errno))?;
            if n == 0 {
                return Err(Fault::new(Step::Write, libc::EIO));
            }
            self.data += n as u64;
            self.room -= n as u64;
            bytes = bytes.get(n..).unwrap_or(&[]);
        }
        self.filled = 0;
        Ok(())
    }

    /// Ends the last frame; everything is in the file then.
    pub fn end(&mut self) -> Result<(), Fault> {
        if self.held > 0 {
            self.end_block()?;
        }
        if self.in_frame > 0 {
            self.end_frame()?;
        }
        self.flush()
    }
}

/// `ZSTD_compressContinue` or `ZSTD_compressEnd`.
type Work = unsafe extern "C" fn(*mut zs::ZSTD_CCtx, *mut c_void, usize, *const c_void, usize) -> usize;

fn checked(result: usize) -> Result<usize, Fault> {
    // SAFETY: computes only.
    if unsafe { zs::ZSTD_isError(result) } == 0 { Ok(result) } else { Err(Fault::new(Step::Pack, 0)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::open::whole;
    use std::io::{Read, Seek};
    use std::os::fd::AsRawFd;

    fn pack(level: i32, pieces: &[&[u8]]) -> (Vec<u8>, u64, u64) {
        let mut file = tempfile::tempfile().unwrap();
        let (mut space, mut out) = (vec![0_u64; workspace(level) / 8], Box::new([0; OUT]));
        let mut block = Box::new(Block { plain: [0; BLOCK], apart: [0; BLOCK] });
        // SAFETY: bytes of integers.
        let (_, space, _) = unsafe { space.align_to_mut::<u8>() };
        let mut pack = Pack::begin(space, &mut block, &mut out, level, file.as_raw_fd()).unwrap();
        pieces.iter().for_each(|piece| pack.put(piece).unwrap());
        pack.end().unwrap();
        let (raw, data, frames) = (pack.raw, pack.data, pack.frames);
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(data, bytes.len() as u64);
        (bytes, raw, frames)
    }

    #[test]
    fn frames_are_independent_small_and_checked() {
        let text: Vec<u8> = (0..2 * FRAME + 77).map(|n| ((n * n) >> 7) as u8).collect();
        for level in [-50, -7, -1, 1, 3] {
            let (bytes, raw, frames) = pack(level, &[&text[..100], &text[100..]]);
            assert_eq!((raw, frames), (text.len() as u64, 3), "{level}");
            assert!(whole(&zstd::decode_all(&bytes[..]).unwrap()) == text, "{level}");
            assert_ne!(bytes[4] & 4, 0, "a checksum at level {level}");
            assert!(10 + (bytes[5] >> 3) <= 23, "window at level {level}");
            let (first, ..) = pack(level, &[&text[..FRAME]]);
            assert!(bytes.starts_with(&first), "{level}");
        }
        assert_eq!(pack(1, &[]), (Vec::new(), 0, 0));
    }

    #[test]
    fn no_level_without_a_workspace() {
        for level in -50..=4 {
            assert!(workspace(level) > 0 && workspace(level) < 6 << 20, "{level}: {}", workspace(level));
        }
    }
}
