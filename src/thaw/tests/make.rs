//! An image around hand-made code, and the loader that thaws it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::code::Code;
use crate::error::Result;
use crate::file::frames;
use crate::file::info::{Form, Header, Mode, Trailer};
use crate::image::format::{
    END, KIND_BREAK, KIND_MEMORY, KIND_OBJECT, KIND_STACK, MAGIC, MOMENT_FORK, OBJECT, PAGE, REGION, RUN,
    Record, Start, VERSION,
};
use crate::image::shuffle;
use crate::thaw::options::{Requests, ThawOptions};
use crate::thaw::session::run;
use crate::thaw::stream::{record_bytes, start_bytes};

/// Where the code is.
pub const CODE: u64 = 0x10_0000_0000;
/// Where it may write: 16 pages, of which the first holds what was given.
pub const DATA: u64 = 0x20_0000_0000;
/// Its stack's lowest address.
pub const STACK: u64 = 0x7ffe_0000_0000;
/// Its `[heap]`, one page.
pub const HEAP: u64 = 0x5555_0000_0000;

const NOTHING: Record =
    Record { tag: 0, payload: 0, a: 0, b: 0, c: 0, protection: 0, kind: 0, object: 0, reserved: 0 };

/// An image of these parts.
pub struct Made {
    pub start: Start,
    pub records: Vec<(Record, Vec<u8>)>,
}

impl Made {
    pub fn new(code: &Code, data: &[u8]) -> Self {
        let start = Start {
            magic: MAGIC,
            version: VERSION,
            moment: MOMENT_FORK,
            resume: CODE,
            stack: STACK + 8 * PAGE,
            fs: DATA,
            gs: 0,
            pid: 1,
            tid: 1,
            cpu: [0; 4],
        };
        let mut made = Self { start, records: Vec::new() };
        made.region(CODE, pages(&code.0), 5, KIND_MEMORY);
        made.run(CODE, &code.0);
        made.region(DATA, 16, 3, KIND_MEMORY);
        if !data.is_empty() {
            made.run(DATA, data);
        }
        made.region(HEAP, 1, 3, KIND_BREAK).c = 64 * PAGE;
        made.region(STACK, 16, 3, KIND_STACK);
        made
    }

    pub fn region(&mut self, begin: u64, pages: u64, protection: u32, kind: u32) -> &mut Record {
        let region = Record { tag: REGION, a: begin, b: begin + pages * PAGE, protection, kind, ..NOTHING };
        self.records.push((region, Vec::new()));
        &mut self.records.last_mut().unwrap().0
    }

    pub fn run(&mut self, at: u64, bytes: &[u8]) {
        let mut padded = bytes.to_vec();
        padded.resize((pages(bytes) * PAGE) as usize, 0);
        self.records.push((Record { tag: RUN, a: at, b: padded.len() as u64, ..NOTHING }, padded));
    }

    /// The first page of a file, in front of all else.
    pub fn map_first(&mut self, path: &Path, id: &[u8], begin: u64) {
        let path = path.to_str().unwrap().as_bytes();
        let lengths = [id.len(), path.len()].map(|length| (length as u32).to_le_bytes()).concat();
        let payload = [&lengths[..], id, path].concat();
        let object = Record { tag: OBJECT, payload: payload.len() as u32, ..NOTHING };
        let region =
            Record { tag: REGION, a: begin, b: begin + PAGE, protection: 1, kind: KIND_OBJECT, ..NOTHING };
        self.records.splice(0..0, [(object, payload), (region, Vec::new())]);
    }

    /// With its last record.
    pub fn raw(&self) -> Vec<u8> {
        let count = |tag| self.records.iter().filter(move |(record, _)| record.tag == tag);
        let end = Record {
            tag: END,
            a: count(REGION).count() as u64,
            b: count(RUN).map(|(record, _)| record.b).sum(),
            ..NOTHING
        };
        let mut raw = start_bytes(&self.start);
        for (record, bytes) in self.records.iter().chain([&(end, Vec::new())]) {
            raw.extend(record_bytes(record));
            raw.extend(bytes);
        }
        raw
    }

    /// As a file.
    pub fn write(&self, folder: &Path) -> PathBuf {
        write(&self.raw(), folder)
    }
}

fn pages(bytes: &[u8]) -> u64 {
    (bytes.len() as u64).div_ceil(PAGE).max(1)
}

/// Any raw bytes as an image's file.
pub fn write(raw: &[u8], folder: &Path) -> PathBuf {
    let mut header = Header::new(1_794_000_000_123.0, Mode::Fork, "rss");
    header.form = Form::Image;
    header.pid = 4711;
    header.thread_id = 3;
    header.node_version = "v22.0.0".into();
    let data = zstd::encode_all(&shuffle::stream(raw)[..], 1).unwrap();
    let trailer = Trailer {
        complete: true,
        raw_bytes: raw.len() as u64,
        data_bytes: data.len() as u64,
        frames: 1,
        nodes: None,
        pause_ms: 1.5,
        duration_ms: 2.5,
        attempts: 2,
    };
    let file = [frames::header(&header).unwrap(), data, frames::trailer(&trailer).unwrap()].concat();
    let path = folder.join("heapwarden-test.heapimage.zst");
    std::fs::write(&path, file).unwrap();
    path
}

/// The loader, built from what is in `thaw/` now.
pub fn loader() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = std::process::Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--locked", "--target-dir"])
        .arg(root.join("target/thaw"))
        .arg("--manifest-path")
        .arg(root.join("thaw/Cargo.toml"))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    root.join("target/thaw/release/heapwarden-thaw")
}

/// Options with a time that no test of a working image needs.
pub fn options() -> ThawOptions {
    ThawOptions { timeout: Duration::from_secs(60), memory: Some(1 << 30), ..ThawOptions::new(loader()) }
}

/// What comes out of an image of this code.
pub fn thaw(code: &Code, data: &[u8]) -> Result<Vec<u8>> {
    thaw_with(code, data, &options())
}

pub fn thaw_with(code: &Code, data: &[u8], options: &ThawOptions) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let image = Made::new(code, data).write(folder.path());
    let mut out = Vec::new();
    let result = run(&image, Requests::Given(&[]), &mut out, options, &mut |_| {});
    no_child();
    result.map(|()| out)
}

/// No call leaves one. (Each test is a process of its own here.)
pub fn no_child() {
    let children = std::fs::read_to_string("/proc/thread-self/children");
    assert_eq!(children.unwrap_or_default(), "", "a child was left");
}
