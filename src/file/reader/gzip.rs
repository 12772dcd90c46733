//! Unpacks gzip, one member after the other, and knows where in the file it is.

use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::layer::Bytes;
use crate::error::Error;
use crate::file::fault;

/// Begins a member.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes read at once, and given to the decoder at once: damage is placed this exactly.
const BUFFER: usize = 128 * 1024;
const STEP: usize = 16 * 1024;

/// What the gzip holds. Its damage comes as an error of ours that says at which byte.
pub(super) struct Gunzip {
    decoder: MultiGzDecoder<Counted>,
    path: PathBuf,
}

impl Gunzip {
    /// `path` is for messages.
    pub fn new(source: Bytes, path: &Path) -> Self {
        let inner = io::BufReader::with_capacity(BUFFER, source);
        Self { decoder: MultiGzDecoder::new(Counted { inner, offset: 0 }), path: path.to_owned() }
    }
}

impl Read for Gunzip {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let result = self.decoder.read(out);
        result.map_err(|error| {
            if error.get_ref().is_some_and(|inner| inner.is::<Error>()) {
                return error;
            }
            let at = self.decoder.get_ref().offset;
            let words = match error.kind() {
                io::ErrorKind::UnexpectedEof => "the gzip ends in the middle".to_owned(),
                _ => error.to_string(),
            };
            let path = self.path.display();
            fault::wrap(Error::CorruptSnapshot(format!("{path} is damaged or cut at byte {at}: {words}")))
        })
    }
}

struct Counted {
    inner: io::BufReader<Bytes>,
    offset: u64,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.offset += n as u64;
        Ok(n)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let bytes = self.inner.fill_buf()?;
        Ok(&bytes[..bytes.len().min(STEP)])
    }

    fn consume(&mut self, n: usize) {
        self.inner.consume(n);
        self.offset += n as u64;
    }
}
