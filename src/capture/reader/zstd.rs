//! Walks the frames of a zstd file and remembers where it is, so that damage can be given a place.

use std::fs::File;
use std::io::{self, Read};

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use crate::capture::frames;

/// Bytes read from the file at once.
const BUFFER: usize = 128 * 1024;

/// Largest window taken: 2^27, zstd's own limit unless told otherwise.
const WINDOW_LOG_MAX: u32 = 27;

pub(super) struct Frames {
    file: File,
    decoder: Decoder<'static>,
    buffer: Vec<u8>,
    // The unread part of `buffer`, and where in the file it begins.
    begin: usize,
    end: usize,
    offset: u64,
    in_frame: bool,
    // Bytes of the skippable frame still to be skipped.
    skip: u64,
    given: u64,
    whole: u64,
    count: u64,
    at_end: bool,
}

/// Where in the file, and what.
type Damage = (u64, io::Error);

impl Frames {
    /// `file` stands at its first byte.
    pub fn new(file: File) -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        Ok(Self {
            file,
            decoder,
            buffer: vec![0; BUFFER],
            begin: 0,
            end: 0,
            offset: 0,
            in_frame: false,
            skip: 0,
            given: 0,
            whole: 0,
            count: 0,
            at_end: false,
        })
    }

    /// Data frames read to their ends.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Decompressed bytes of these frames.
    pub fn whole(&self) -> u64 {
        self.whole
    }

    /// The next decompressed bytes; 0 at the end of the last frame.
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize, Damage> {
        loop {
            if !self.in_frame && !self.next_frame()? {
                return Ok(0);
            }
            if self.begin == self.end && !self.at_end {
                self.fill()?;
            }
            let n = self.step(out)?;
            if n > 0 {
                return Ok(n);
            }
            if self.in_frame && self.begin == self.end && self.at_end {
                return Err(self.damage("the file ends in the middle of a frame"));
            }
        }
    }

    fn step(&mut self, out: &mut [u8]) -> Result<usize, Damage> {
        let mut input = InBuffer::around(&self.buffer[self.begin..self.end]);
        let mut output = OutBuffer::around(out);
        let result = self.decoder.run(&mut input, &mut output);
        let (taken, n) = (input.pos(), output.pos());
        let left = result.map_err(|e| (self.offset, e))?;
        self.take(taken);
        self.given += n as u64;
        if left == 0 {
            self.in_frame = false;
            self.count += 1;
            self.whole = self.given;
        }
        Ok(n)
    }

    // To the next data frame, over skippable ones. False: the file ends here, as it may.
    fn next_frame(&mut self) -> Result<bool, Damage> {
        loop {
            if self.begin == self.end {
                self.fill()?;
            }
            if self.skip > 0 {
                if self.begin == self.end {
                    return Err(self.damage("the file ends in the middle of its metadata"));
                }
                let n = self.skip.min((self.end - self.begin) as u64);
                self.skip -= n;
                self.take(n as usize);
                continue;
            }
            if self.begin == self.end {
                return Ok(false);
            }
            while self.end - self.begin < 8 && !self.at_end {
                self.fill()?;
            }
            let start = &self.buffer[self.begin..self.end];
            let magic = frames::u32_at(start, 0);
            if magic == frames::DATA {
                self.decoder.reinit().map_err(|e| (self.offset, e))?;
                self.in_frame = true;
                return Ok(true);
            }
            if !frames::is_skippable(magic) || start.len() < 8 {
                let cut = self.at_end && start.len() < 8;
                return Err(self.damage(if cut {
                    "the file is cut in a frame's start"
                } else {
                    "no frame begins here"
                }));
            }
            self.skip = frames::u32_at(start, 4).into();
            self.take(8);
        }
    }

    fn take(&mut self, n: usize) {
        self.begin += n;
        self.offset += n as u64;
    }

    // More bytes behind those that are left.
    fn fill(&mut self) -> Result<(), Damage> {
        self.buffer.copy_within(self.begin..self.end, 0);
        self.end -= self.begin;
        self.begin = 0;
        let n = loop {
            match self.file.read(&mut self.buffer[self.end..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other.map_err(|e| (self.offset + self.end as u64, e))?,
            }
        };
        self.end += n;
        self.at_end = n == 0;
        Ok(())
    }

    fn damage(&self, what: &str) -> Damage {
        (
            self.offset + (self.end - self.begin) as u64 * u64::from(self.at_end),
            io::Error::new(io::ErrorKind::InvalidData, what),
        )
    }
}
