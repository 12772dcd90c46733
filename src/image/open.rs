//! What an image's file holds, as it was before it was packed.

use std::io::{self, Read};
use std::path::Path;

use super::shuffle::{BLOCK, together};
use crate::error::Result;
use crate::file::info::{Header, Trailer};
use crate::file::reader::{self, Reader};

/// The stream of an image: its last `read` fails where the file was cut or damaged, as a snapshot's reader does.
pub type Raw = Together<Reader>;

/// # Errors
/// As for any file of ours; `CorruptSnapshot`: it is no image.
pub fn open(path: &Path) -> Result<Raw> {
    Ok(Together::new(reader::open_image(path)?))
}

/// What `source` gives, its words' bytes together again.
pub struct Together<R> {
    source: R,
    apart: Vec<u8>,
    block: Vec<u8>,
    given: usize,
}

impl<R: Read> Together<R> {
    fn new(source: R) -> Self {
        Self { source, apart: Vec::new(), block: Vec::new(), given: 0 }
    }
}

impl Raw {
    /// Metadata in front.
    pub fn header(&self) -> Option<&Header> {
        self.source.header()
    }

    /// Metadata behind, when the file is whole.
    pub fn trailer(&self) -> Option<&Trailer> {
        self.source.trailer()
    }
}

impl<R: Read> Read for Together<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.block.len() {
            self.apart.clear();
            self.source.by_ref().take(BLOCK as u64).read_to_end(&mut self.apart)?;
            self.block.resize(self.apart.len(), 0);
            together(&self.apart, &mut self.block);
            self.given = 0;
        }
        let left = self.block.get(self.given..).unwrap_or(&[]);
        let n = left.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..n), left.get(..n)) {
            to.copy_from_slice(from);
        }
        self.given += n;
        Ok(n)
    }
}

/// What a test finds in unpacked frames.
#[cfg(test)]
pub fn whole(unpacked: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let read = Together::new(unpacked).read_to_end(&mut all);
    assert_eq!(read.ok(), Some(unpacked.len()));
    all
}

#[cfg(test)]
mod tests {
    use super::super::shuffle;
    use super::*;

    #[test]
    fn blocks_come_as_they_were() {
        for len in [0, 5, BLOCK, 2 * BLOCK + 99] {
            let raw: Vec<u8> = (0..len as u64).map(|n| ((n * n) >> 9) as u8).collect();
            assert!(whole(&shuffle::stream(&raw)) == raw, "{len}");
        }
    }
}
