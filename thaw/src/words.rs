//! The one line on stderr when it goes wrong: `heapwarden-loader CODE VALUE [ERRNO]`, the value in hexadecimal.

use crate::format::status;
use crate::system;

/// Why the image could not be loaded.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    code: &'static str,
    value: u64,
    error: i64,
}

impl Failure {
    /// Without an error of the kernel's.
    pub const fn new(code: &'static str, value: u64) -> Self {
        Self { code, value, error: 0 }
    }

    /// With the kernel's answer, negative as it came.
    pub const fn refused(code: &'static str, value: u64, answer: i64) -> Self {
        Self { code, value, error: -answer }
    }
}

/// Says it, and ends.
pub fn fail(failure: Failure) -> ! {
    let mut line = Line { bytes: [0; 128], used: 0 };
    line.text("heapwarden-loader ");
    line.text(failure.code);
    line.text(" ");
    line.number(failure.value, 16);
    if failure.error != 0 {
        line.text(" ");
        line.number(failure.error.unsigned_abs(), 10);
    }
    line.text("\n");
    system::write(2, &line.bytes[..line.used]);
    system::exit(status::NOT_LOADED)
}

struct Line {
    bytes: [u8; 128],
    used: usize,
}

impl Line {
    fn text(&mut self, text: &str) {
        for byte in text.bytes() {
            if let Some(place) = self.bytes.get_mut(self.used) {
                *place = byte;
                self.used += 1;
            }
        }
    }

    fn number(&mut self, mut number: u64, base: u64) {
        let mut digits = [0u8; 20];
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b"0123456789abcdef"[(number % base) as usize];
            number /= base;
            if number == 0 {
                break;
            }
        }
        self.text(core::str::from_utf8(&digits[first..]).unwrap_or("?"));
    }
}
