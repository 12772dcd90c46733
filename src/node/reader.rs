//! A snapshot file being read: decompressed on libuv's pool, piece by piece.

use std::io::Read;
use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::{Env, Task};
use napi_derive::napi;
use parking_lot::Mutex;

use super::tasks::failure;
use super::{Code, fault};
use crate::capture::{fault as fs_fault, reader};
use crate::error::Error as Fault;

type Source = Arc<Mutex<Option<Box<dyn Read + Send>>>>;

/// An open snapshot.
#[napi]
pub struct SnapshotReader {
    source: Source,
}

/// Opens a snapshot, plain or zstd, to read its JSON; `packed`: that as one zstd frame.
#[napi]
pub fn open_snapshot(path: String, packed: Option<bool>) -> Result<SnapshotReader, Code> {
    let opened = reader::open(path.as_ref()).map_err(fault)?;
    let source: Box<dyn Read + Send> = if packed == Some(true) {
        Box::new(reader::one_frame(opened).map_err(fault)?)
    } else {
        Box::new(opened)
    };
    Ok(SnapshotReader { source: Arc::new(Mutex::new(Some(source))) })
}

#[napi]
impl SnapshotReader {
    /// At most `most` bytes; an empty buffer at the end; a string with code and message when it is damaged.
    #[napi]
    pub fn read(&self, most: u32) -> AsyncTask<Reading> {
        AsyncTask::new(Reading { source: self.source.clone(), most: most.clamp(1, 16 << 20) as usize })
    }

    /// Closes the file, at once or when a read under way has ended.
    #[napi]
    pub fn close(&self) {
        if let Some(mut source) = self.source.try_lock() {
            *source = None;
        }
    }
}

/// One read.
pub struct Reading {
    source: Source,
    most: usize,
}

impl Task for Reading {
    type Output = std::result::Result<Vec<u8>, Fault>;
    type JsValue = Either<Buffer, String>;

    fn compute(&mut self) -> Result<Self::Output> {
        let mut source = self.source.lock();
        let Some(reader) = source.as_mut() else { return Ok(Ok(Vec::new())) };
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(self.most).is_err() {
            let text = format!("no memory is left for {} bytes of a snapshot", self.most);
            return Ok(Err(Fault::MemoryBudget(text)));
        }
        bytes.resize(self.most, 0);
        let mut filled = 0;
        while filled < bytes.len() {
            match reader.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // What was read before the damage is delivered; the next read meets the damage again.
                Err(_) if filled > 0 => break,
                Err(error) => return Ok(Err(fs_fault::unwrap(error))),
            }
        }
        bytes.truncate(filled);
        Ok(Ok(bytes))
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(match output {
            Ok(bytes) => Either::A(bytes.into()),
            Err(error) => Either::B(failure(&error)),
        })
    }
}
