//! An image is the process's memory, byte for byte.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use super::super::super::{How, Presence, Small};
use super::super::base::{PAGE, STAGE, Seams};
use super::super::maps::{Mapping, parse};
use super::super::{Freezer, mapped};
use super::alone;
use super::child::stopped;
use super::stream::{Image, Region, read};
use crate::image::cpu;
use crate::image::format::{KIND_EMPTY, KIND_MEMORY, KIND_OBJECT, MOMENT_FORK};

/// Mappings of many kinds beside the test's own: what may be read, and what not; with holes; shared; of a file, changed and not.
struct Kept {
    _file: File,
    secret: u64,
    file: u64,
    shared: u64,
}

fn mappings() -> Kept {
    let (all, private) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(&vec![b'f'; 5 * PAGE + 9], 0).unwrap();
    let map = |len: usize, kind: i32, fd: i32| {
        // SAFETY: a new mapping where the kernel likes.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), len, all, kind, fd, 0) };
        assert_ne!(at, libc::MAP_FAILED);
        at as u64
    };
    let secret = map(6 * PAGE, private, -1);
    let shared = map(4 * PAGE, libc::MAP_SHARED | libc::MAP_ANONYMOUS, -1);
    let of_file = map(6 * PAGE, libc::MAP_PRIVATE, std::os::fd::AsRawFd::as_raw_fd(&file));
    // SAFETY: within the mappings just made, which stay; of the file within its length.
    unsafe {
        libc::madvise(secret as *mut _, 6 * PAGE, libc::MADV_NOHUGEPAGE);
        (secret as *mut u8).add(PAGE).write_bytes(b's', PAGE);
        (secret as *mut u8).add(3 * PAGE).write_bytes(0, PAGE);
        (secret as *mut u8).add(5 * PAGE).write_bytes(b'n', PAGE);
        libc::mprotect((secret as *mut u8).add(5 * PAGE).cast(), PAGE, libc::PROT_NONE);
        (shared as *mut u8).add(2 * PAGE).write_bytes(b'h', 10);
        (of_file as *mut u8).add(PAGE + 5).write(b'g');
    }
    Kept { _file: file, secret, file: of_file, shared }
}

/// What an address has in the copy.
fn page(image: &Image, region: &Region, files: &BTreeMap<u32, File>, at: u64) -> Vec<u8> {
    if let Some(page) = region.page(at) {
        return page.to_vec();
    }
    let mut page = vec![0; PAGE];
    if region.kind == KIND_OBJECT {
        let offset = region.c + (at - region.low);
        let file = files.get(&region.object).unwrap_or_else(|| panic!("{:?}", image.objects[0]));
        let _ = file.read_at(&mut page, offset).unwrap();
    }
    page
}

fn compare(freezer: &mut Freezer, how: How, seams: Seams, presence: Presence) {
    let kept = mappings();
    freezer.without(seams);
    let (child, raw, written) = stopped(freezer, how);
    assert_eq!((written.presence, written.left_out), (presence, 0));
    let image = read(&raw);
    assert_eq!(written.pages * PAGE as u64, image.bytes);
    assert_eq!((image.moment, image.pid), (MOMENT_FORK, std::process::id()));
    // SAFETY: asks for a number.
    assert_eq!(image.tid, unsafe { libc::gettid() } as u32, "the thread that made the freezer");
    assert_eq!(image.cpu, cpu::words());
    assert_ne!(image.fs, 0);

    let maps = std::fs::read(format!("/proc/{}/maps", child.0)).unwrap();
    let lines: Vec<Mapping> = maps.split(|byte| *byte == b'\n').filter_map(parse).collect();
    let lines: Vec<_> = lines.iter().filter(|line| line.path != b"[vsyscall]").collect();
    assert_eq!(lines.len(), image.regions.len());
    let files: BTreeMap<u32, File> = image
        .objects
        .iter()
        .zip(0..)
        .map(|((_, path), number)| (number, File::open(path).unwrap()))
        .collect();
    assert!(files.len() >= 2, "this program and libc");
    let memory = File::open(format!("/proc/{}/mem", child.0)).unwrap();
    let (own, mut compared, mut objects) = (freezer.range(), 0, 0);
    for (line, region) in lines.iter().zip(&image.regions) {
        assert_eq!((line.low, line.high, line.protection), (region.low, region.high, region.protection));
        // Its own stack goes on changing, and what it works in is zeros.
        if region.kind == KIND_EMPTY || (region.low..region.high).contains(&image.stack) {
            continue;
        }
        objects += u32::from(region.kind == KIND_OBJECT);
        // Code is the file's, and costs nothing.
        assert!(region.kind != KIND_OBJECT || region.protection != 5 || region.runs.is_empty());
        for at in (region.low..region.high).step_by(PAGE) {
            let mut there = vec![0; PAGE];
            // Reserved and never used, a page behind a file's end: nothing can be read.
            let readable = memory.read_exact_at(&mut there, at).is_ok() && !own.contains(&at);
            if !readable {
                there.fill(0);
                if region.kind == KIND_OBJECT {
                    continue;
                }
            }
            if seams.no_mem && line.protection & 1 == 0 {
                continue;
            }
            let path = String::from_utf8_lossy(line.path);
            assert!(page(&image, region, &files, at) == there, "{at:x} of {path} {how:?}");
            compared += 1;
        }
    }
    assert!(compared > 500 && objects > 5, "{compared} pages, {objects} mappings of objects");
    let region =
        |at: u64| image.regions.iter().find(|region| (region.low..region.high).contains(&at)).unwrap();
    // Zeros cost nothing, nor does what was never touched.
    let secret = region(kept.secret);
    if presence != Presence::Everything {
        assert!(secret.page(kept.secret).is_none());
    }
    assert!(secret.page(kept.secret + 3 * PAGE as u64).is_none());
    assert_eq!(secret.page(kept.secret + PAGE as u64).unwrap()[7], b's');
    assert_eq!(region(kept.shared).page(kept.shared + 2 * PAGE as u64).unwrap()[9], b'h');
    assert_eq!(region(kept.file).page(kept.file + PAGE as u64).unwrap()[4..7], *b"fgf");
    assert_eq!(region(kept.file).page(kept.file + 2 * PAGE as u64).unwrap()[4..7], *b"fff");
    assert!((region(image.resume).protection & 4) != 0, "it goes on in code");
}

#[test]
fn of_a_child_alone() {
    if !alone("same::of_a_child_alone") {
        return;
    }
    let mut freezer = Freezer::new(-1).unwrap();
    compare(&mut freezer, How::Alone, Seams::default(), Presence::Pagemap);
}

#[test]
fn of_a_child_through_the_kernel() {
    if !alone("same::of_a_child_through_the_kernel") {
        return;
    }
    let mut freezer = Freezer::new(1).unwrap();
    compare(&mut freezer, How::Beside, Seams::default(), Presence::Pagemap);
    compare(&mut freezer, How::Beside, Seams { no_mem: true, ..Seams::default() }, Presence::Pagemap);
    compare(
        &mut freezer,
        How::Beside,
        Seams { no_process_read: true, ..Seams::default() },
        Presence::Pagemap,
    );
}

#[test]
fn where_proc_does_not_tell_pages() {
    if !alone("same::where_proc_does_not_tell_pages") {
        return;
    }
    let mut freezer = Freezer::new(-7).unwrap();
    let seams = Seams { no_pagemap: true, ..Seams::default() };
    for how in [How::Alone, How::Beside] {
        compare(&mut freezer, how, seams, Presence::Mincore);
        compare(&mut freezer, how, Seams { swaps: true, ..seams }, Presence::Everything);
    }
}

#[test]
fn what_is_to_be_left_out_is_zeros_to_the_byte() {
    if !alone("same::what_is_to_be_left_out_is_zeros_to_the_byte") {
        return;
    }
    let mut freezer = Freezer::new(-1).unwrap();
    let buffer: Vec<u8> = vec![b'b'; 5 * PAGE];
    let at = buffer.as_ptr() as u64;
    let cut = at + 100..at + 4 * PAGE as u64 + 7;
    for range in [cut.clone(), cut.start + 5..cut.start + 50, 7..7] {
        assert!(freezer.leave_out(range));
    }
    for how in [How::Alone, How::Beside] {
        let (_child, raw, _) = stopped(&mut freezer, how);
        let image = read(&raw);
        let byte = |at: u64| {
            let region = image.regions.iter().find(|region| (region.low..region.high).contains(&at)).unwrap();
            let page = at & !(PAGE as u64 - 1);
            region.page(page).map_or(0, |bytes| bytes[(at - page) as usize])
        };
        for at in at..at + buffer.len() as u64 {
            assert_eq!(byte(at), if cut.contains(&at) { 0 } else { b'b' }, "{how:?} {}", at - cut.start);
        }
    }
}

#[test]
fn small_contents_are_found_by_who_points_at_them() {
    if !alone("same::small_contents_are_found_by_who_points_at_them") {
        return;
    }
    let small = Small { mark: 15, head: 0x1234_5671, most: 64 };
    // One page before a boundary at which memory is looked at in pieces, and more behind it.
    let len = 3 * STAGE;
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping of the test's own, written within it.
    let words = unsafe {
        let at = libc::mmap(std::ptr::null_mut(), len, access, kind, -1, 0);
        assert_ne!(at, libc::MAP_FAILED);
        at.cast::<u8>().write_bytes(b'x', len);
        std::slice::from_raw_parts_mut(at.cast::<u64>(), len / 8)
    };
    let begin = words.as_ptr() as u64;
    let mut block = |at: usize, head: u64, bytes: u64, from: usize| {
        words[at..at + 2].copy_from_slice(&[head, bytes << 32]);
        words[from..from + 2].copy_from_slice(&[15, begin + at as u64 * 8 + 1]);
    };
    let edge = STAGE / 8;
    block(1000, small.head, 33, 2000);
    // Whoever points at it stands on both sides of where a piece ends, and behind it.
    block(3000, small.head, 64, edge - 1);
    block(edge + 10, small.head, 8, 2 * edge + 100);
    block(5000, small.head, 65, 6000);
    block(7000, small.head + 2, 8, 8000);
    // It was moved, and what it was moved from is there still.
    block(9000, begin + 1000 * 8, 33, 9500);
    let mut expected = words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    for (at, bytes) in [(1000, 33), (9000, 33), (3000, 64), (edge + 10, 8)] {
        expected[at * 8 + 16..at * 8 + 16 + bytes].fill(0);
    }
    let mut freezer = Freezer::new(-1).unwrap();
    for how in [How::Alone, How::Beside] {
        freezer.leave_nothing_out();
        freezer.leave_out_small(small);
        let (_child, raw, _) = stopped(&mut freezer, how);
        let image = read(&raw);
        let region = image.regions.iter().find(|region| (region.low..region.high).contains(&begin)).unwrap();
        let pages: Vec<u8> = (0..len / PAGE)
            .flat_map(|page| region.page(begin + (page * PAGE) as u64).unwrap().to_vec())
            .collect();
        assert!(pages == expected, "{how:?}");
    }
}

#[test]
fn objects_are_the_files_that_are_kept_beside_images() {
    if !alone("same::objects_are_the_files_that_are_kept_beside_images") {
        return;
    }
    // A whole library that somebody only reads, as who prints a stack does: its bytes may be in no file that has its build id.
    let libc =
        mapped().unwrap().into_iter().find(|one| one.path.to_string_lossy().contains("libc.")).unwrap();
    let copy = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(&libc.path, copy.path()).unwrap();
    let size = copy.as_file().metadata().unwrap().len() as usize;
    let fd = std::os::fd::AsRawFd::as_raw_fd(copy.as_file());
    // SAFETY: a new mapping where the kernel likes, which nobody else knows.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), size, libc::PROT_READ, libc::MAP_PRIVATE, fd, 0) };
    assert_ne!(at, libc::MAP_FAILED);
    let mut freezer = Freezer::new(-1).unwrap();
    let (_child, raw, _) = stopped(&mut freezer, How::Alone);
    let image = read(&raw);
    let kept: Vec<_> = mapped().unwrap().into_iter().map(|one| (one.id, one.path)).collect();
    assert_eq!(image.objects, kept);
    assert!(kept.iter().all(|(_, path)| path != copy.path()));
    let region = image.regions.iter().find(|region| region.low == at as u64).unwrap();
    assert_eq!(region.kind, KIND_MEMORY);
    assert_eq!(region.page(at as u64).unwrap()[..4], *b"\x7fELF");
    // SAFETY: the mapping just made.
    unsafe { libc::munmap(at, size) };
}
