//! The descriptors of mapped files: they come on descriptor 0 before the image, as the kernel passes descriptors on, so
//! that whoever starts this program need not have them open in a way that others inherit.

use core::mem::size_of;

use crate::format::OBJECTS;
use crate::system;
use crate::words::Failure;

/// Descriptors in one message, at most; the kernel takes 253.
const MOST: usize = 128;
const SOL_SOCKET: i32 = 1;
const SCM_RIGHTS: i32 = 1;

/// By the numbers of their objects.
pub struct Objects {
    descriptors: [i32; OBJECTS],
    count: usize,
}

impl Objects {
    pub fn count(&self) -> u32 {
        self.count as u32
    }

    pub fn get(&self, object: u32) -> Option<i32> {
        self.descriptors[..self.count].get(object as usize).copied()
    }
}

#[repr(C)]
struct Piece {
    base: u64,
    length: u64,
}

#[repr(C)]
struct Message {
    name: u64,
    name_length: u64,
    pieces: u64,
    piece_count: u64,
    control: u64,
    control_length: u64,
    flags: u64,
}

#[repr(C, align(8))]
struct Control {
    length: u64,
    level: i32,
    kind: i32,
    descriptors: [i32; MOST],
}

/// Takes `count` of them, in messages of one byte each.
pub fn receive(count: u32) -> Result<Objects, Failure> {
    let mut objects = Objects { descriptors: [-1; OBJECTS], count: 0 };
    while objects.count < count as usize {
        let mut byte = 0u8;
        let piece = Piece { base: &raw mut byte as u64, length: 1 };
        let mut control = Control { length: 0, level: 0, kind: 0, descriptors: [-1; MOST] };
        let message = Message {
            name: 0,
            name_length: 0,
            pieces: &raw const piece as u64,
            piece_count: 1,
            control: &raw mut control as u64,
            control_length: size_of::<Control>() as u64,
            flags: 0,
        };
        // SAFETY: all addresses are those of the variables above, which live longer than the call, with their sizes.
        let answer = unsafe { system::call(system::RECVMSG, [0, &raw const message as u64, 0, 0, 0, 0]) };
        if answer == system::EINTR {
            continue;
        }
        if answer != 1 {
            return Err(Failure::refused("objects", objects.count as u64, answer));
        }
        let header = size_of::<u64>() + 2 * size_of::<i32>();
        let came = (control.length as usize).saturating_sub(header) / size_of::<i32>();
        let fits = control.level == SOL_SOCKET && control.kind == SCM_RIGHTS && came > 0 && came <= MOST;
        if !fits || objects.count + came > count as usize {
            return Err(Failure::new("objects", objects.count as u64));
        }
        objects.descriptors[objects.count..objects.count + came]
            .copy_from_slice(&control.descriptors[..came]);
        objects.count += came;
    }
    Ok(objects)
}
