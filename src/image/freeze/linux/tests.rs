//! A process that freezes itself, and what is in the file then.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsRawFd;

use super::super::{Frozen, How, Written};
use super::Freezer;
use super::base::Seams;
use crate::image::format;

/// What a forked child tells of itself.
fn by_child(freezer: &mut Freezer, file: &File, how: How) -> Result<Written, String> {
    let (mut told, tell) = std::io::pipe().unwrap();
    // SAFETY: the child calls the freezer, which needs no other thread, writes to a pipe and leaves.
    match unsafe { libc::fork() } {
        0 => {
            let pid = std::os::unix::process::parent_id();
            // SAFETY: nobody else runs here.
            let frozen =
                unsafe { freezer.freeze(file.as_raw_fd(), how, format::MOMENT_FORK, pid, &mut |_| true) };
            let bytes = format!("{frozen:?}");
            // SAFETY: the text is ours.
            unsafe {
                libc::write(tell.as_raw_fd(), bytes.as_ptr().cast(), bytes.len());
                libc::_exit(if let Frozen::Written(_) = frozen { 0 } else { 1 });
            }
        }
        child => {
            drop(tell);
            let mut text = String::new();
            told.read_to_string(&mut text).unwrap();
            let mut status = 0;
            // SAFETY: our own child.
            unsafe { libc::waitpid(child, &mut status, 0) };
            if status == 0 { Ok(Written::default()) } else { Err(format!("{status:x} {text}")) }
        }
    }
}

#[test]
fn smoke() {
    let mut freezer = Freezer::new(-1).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    by_child(&mut freezer, &file, How::Alone).unwrap();
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    let raw = zstd::decode_all(&bytes[..]).unwrap();
    println!("{} of {}", bytes.len(), raw.len());
    assert_eq!(raw[..8], format::MAGIC);
    let end = raw.len() - size_of::<format::Record>();
    assert_eq!(raw[end], format::END as u8);
    for how in [How::Alone, How::Beside] {
        for seams in [
            Seams::default(),
            Seams { no_mem: true, ..Seams::default() },
            Seams { no_pagemap: true, ..Seams::default() },
        ] {
            freezer.without(seams);
            by_child(&mut freezer, &tempfile::tempfile().unwrap(), how).unwrap();
        }
    }
}
