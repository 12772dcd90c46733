//! The format's structures as bytes.

use crate::image::format::{Object, Record, Start};

/// Puts integers behind one another.
struct Into<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Into<N> {
    fn new() -> Self {
        Self { bytes: [0; N], at: 0 }
    }

    fn put(mut self, bytes: &[u8]) -> Self {
        if let Some(room) = self.bytes.get_mut(self.at..self.at + bytes.len()) {
            room.copy_from_slice(bytes);
        }
        self.at += bytes.len();
        self
    }

    fn four(self, value: u32) -> Self {
        self.put(&value.to_le_bytes())
    }

    fn eight(self, value: u64) -> Self {
        self.put(&value.to_le_bytes())
    }
}

pub(super) fn start_bytes(start: &Start) -> [u8; size_of::<Start>()] {
    let head = Into::new().put(&start.magic).four(start.version).four(start.moment);
    let stand = head.eight(start.resume).eight(start.stack).eight(start.fs).eight(start.gs);
    start.cpu.iter().fold(stand.four(start.pid).four(start.tid), |to, word| to.eight(*word)).bytes
}

pub(super) fn record_bytes(record: &Record) -> [u8; size_of::<Record>()] {
    let Record { tag, payload, a, b, c, protection, kind, object, reserved } = *record;
    let head = Into::new().four(tag).four(payload).eight(a).eight(b).eight(c);
    head.four(protection).four(kind).four(object).four(reserved).bytes
}

pub(super) fn object_bytes(id: usize, path: usize) -> [u8; size_of::<Object>()] {
    Into::new().four(id as u32).four(path as u32).bytes
}
