//! An executable or library, packed: as much of its file as is ever mapped.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use super::file;
use crate::error::Result;
use crate::file::fault;

/// zstd's level: once a folder, and then it travels.
const LEVEL: i32 = 3;
/// Bytes between two questions whether it may go on.
const PIECE: usize = 1 << 20;

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
