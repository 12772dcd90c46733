//! Snapshot files seen from outside: by `zstd`, by other processes, on disks that are full or read-only.
#![cfg(unix)]
// Helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;
mod files;
mod images;
mod space;

use std::path::Path;

use heapwarden::file::info::{Header, Mode};
use heapwarden::file::sink::SinkOptions;

/// As V8 writes it, with `numbers` numbers in it that do not compress well.
pub fn snapshot(numbers: u32) -> Vec<u8> {
    let mut json =
        br#"{"snapshot":{"meta":{"node_fields":["type"]},"node_count":3,"edge_count":0},"nodes":[0"#.to_vec();
    for i in 0..numbers {
        json.extend_from_slice(format!(",{}", i.wrapping_mul(2_654_435_761)).as_bytes());
    }
    json.extend_from_slice(br#"],"edges":[],"strings":["<dummy>","]}","\"]}"]}"#);
    json
}

/// An inline capture of a known moment.
pub fn header() -> Header {
    Header::new(1_795_383_671_123.0, Mode::Inline, "test")
}

/// Keeps nothing free: the developer's disk may be nearly full.
pub fn in_dir(dir: &Path) -> SinkOptions {
    SinkOptions { dir: Some(dir.to_owned()), min_free_disk: Some(0), ..SinkOptions::default() }
}

/// Names in the folder, sorted.
pub fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
