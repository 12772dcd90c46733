//! A snapshot file being read: decompressed on libuv's pool, piece by piece.

use std::io::Read;
use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::{Env, Task};
use napi_derive::napi;
use parking_lot::Mutex;

use super::tasks::failure;
use super::{Code, fault};
use crate::analysis::read_ahead::ReadAhead;
use crate::error::Error as Fault;
use crate::file::reader::{self, Input, Later, Stop};

type Source = Arc<Mutex<Stage>>;

enum Stage {
    File(Box<dyn Read + Send>),
    /// It comes when it comes, and a place on libuv's pool must not wait for it.
    Pipe(ReadAhead),
    Closed,
}

/// An open snapshot.
#[napi]
pub struct SnapshotReader {
    source: Source,
    stop: Stop,
}

/// Opens a snapshot, plain or packed, to read its JSON; `packed`: only a regular file, and its JSON as one zstd frame.
/// Without a path: standard input.
#[napi]
pub fn open_snapshot(path: Option<String>, packed: Option<bool>) -> Result<SnapshotReader, Code> {
    let stop = Stop::default();
    let stage = match path {
        Some(path) if packed == Some(true) => {
            let opened = reader::open(path.as_ref()).map_err(fault)?;
            Stage::File(Box::new(reader::one_frame(opened).map_err(fault)?))
        }
        Some(path) => match Input::open(path.as_ref(), stop.clone()).map_err(fault)? {
            pipe @ Input::Pipe(_) => Stage::Pipe(read_ahead(pipe, &stop)),
            file => Stage::File(Box::new(file.reader().map_err(fault)?)),
        },
        None => Stage::Pipe(read_ahead(Input::stdin(stop.clone()).map_err(fault)?, &stop)),
    };
    Ok(SnapshotReader { source: Arc::new(Mutex::new(stage)), stop })
}

fn read_ahead(pipe: Input, stop: &Stop) -> ReadAhead {
    ReadAhead::new(Box::new(Later::new(pipe)), false, stop.clone())
}

#[napi]
impl SnapshotReader {
    /// At most `most` bytes; an empty buffer at the end; null when a pipe has none yet; a string with code and message
    /// when it is damaged.
    #[napi]
    pub fn read(&self, most: u32) -> AsyncTask<Reading> {
        AsyncTask::new(Reading { source: self.source.clone(), most: most.clamp(1, 16 << 20) as usize })
    }

    /// Ends a read that waits for a pipe, and closes the file, now if no read is under way.
    #[napi]
    pub fn close(&self) {
        self.stop.stop();
        if let Some(mut source) = self.source.try_lock() {
            *source = Stage::Closed;
        }
    }
}

/// One read.
pub struct Reading {
    source: Source,
    most: usize,
}

impl Task for Reading {
    type Output = std::result::Result<Option<Vec<u8>>, Fault>;
    type JsValue = Either3<Buffer, String, Null>;

    fn compute(&mut self) -> Result<Self::Output> {
        Ok(match &mut *self.source.lock() {
            Stage::File(reader) => read(reader, self.most, |_| Ok(true)),
            Stage::Pipe(ahead) => read(ahead, self.most, ReadAhead::ready),
            Stage::Closed => Ok(Some(Vec::new())),
        })
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(match output {
            Ok(Some(bytes)) => Either3::A(bytes.into()),
            Ok(None) => Either3::C(Null),
            Err(error) => Either3::B(failure(&error)),
        })
    }
}

/// `most` bytes, or those there are while the source is `ready`; `None`: it is not.
fn read<R: Read>(
    reader: &mut R,
    most: usize,
    ready: impl Fn(&mut R) -> std::io::Result<bool>,
) -> std::result::Result<Option<Vec<u8>>, Fault> {
    let mut bytes = Vec::new();
    if bytes.try_reserve_exact(most).is_err() {
        return Err(Fault::MemoryBudget(format!("no memory is left for {most} bytes of a snapshot")));
    }
    bytes.resize(most, 0);
    let mut filled = 0;
    while filled < bytes.len() {
        let step = match ready(reader) {
            Ok(true) => reader.read(&mut bytes[filled..]),
            Ok(false) if filled == 0 => return Ok(None),
            Ok(false) => break,
            Err(error) => Err(error),
        };
        match step {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // What was read before the damage is delivered; the next read meets the damage again.
            Err(_) if filled > 0 => break,
            Err(error) => return Err(crate::file::fault::unwrap(error)),
        }
    }
    bytes.truncate(filled);
    Ok(Some(bytes))
}
