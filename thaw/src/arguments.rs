//! What the room says on the command line: `heapwarden-thaw PARENT MEMORY SECONDS OBJECTS`, all in decimal.

use crate::format::OBJECTS;
use crate::words::Failure;

/// The command line.
pub struct Arguments {
    /// Process that it ends with. 0: nobody.
    pub parent: u64,
    /// Bytes the image may take besides the address space it has without using it. 0: no limit.
    pub memory: u64,
    /// Seconds of CPU. 0: no limit.
    pub seconds: u64,
    /// Descriptors that come before the image.
    pub objects: u32,
}

impl Arguments {
    /// # Safety
    /// `initial` is the stack pointer that the kernel gave this program.
    pub unsafe fn read(initial: *const usize) -> Result<Self, Failure> {
        // SAFETY: the kernel put the number of arguments there, and their addresses behind it.
        let count = unsafe { *initial };
        if count != 5 {
            return Err(Failure::new("arguments", count as u64));
        }
        let mut numbers = [0u64; 4];
        for (index, number) in numbers.iter_mut().enumerate() {
            // SAFETY: there are five, the first of them the program's name.
            let text = unsafe { *initial.add(2 + index) } as *const u8;
            // SAFETY: the kernel ends each with a zero.
            *number = unsafe { decimal(text) }.ok_or(Failure::new("arguments", index as u64 + 1))?;
        }
        let [parent, memory, seconds, objects] = numbers;
        if objects > OBJECTS as u64 {
            return Err(Failure::new("arguments", 4));
        }
        Ok(Self { parent, memory, seconds, objects: objects as u32 })
    }
}

/// # Safety
/// `text` is ended by a zero.
unsafe fn decimal(mut text: *const u8) -> Option<u64> {
    let mut number = 0u64;
    loop {
        // SAFETY: the caller's promise: the zero that ends the text has not been passed.
        let byte = unsafe { *text };
        if byte == 0 {
            return Some(number);
        }
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        text = text.wrapping_add(1);
    }
}
