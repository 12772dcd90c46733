//! Walks the frames of a zstd file and remembers where it is, so that damage can be given a place.

use std::io::{self, Read};

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use crate::file::frames;

/// Bytes read from the file at once.
const BUFFER: usize = 128 * 1024;

/// Bytes given to the decoder at once: damage is placed this exactly. (A damaged block is noticed when all of it
/// is there, a wrong checksum at the frame's end.)
const STEP: usize = 16 * 1024;

/// Largest window taken: 2^27, zstd's own limit unless told otherwise.
const WINDOW_LOG_MAX: u32 = 27;

pub(super) struct Frames {
    file: Box<dyn Read + Send>,
    decoder: Decoder<'static>,
    buffer: Vec<u8>,
    // The unread part of `buffer`, and where in the file it begins.
    begin: usize,
    end: usize,
    offset: u64,
    in_frame: bool,
    // Where the data frame began.
    frame: u64,
    // The magic of the last one begun, data or skippable.
    last: u32,
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
    pub fn new(file: Box<dyn Read + Send>) -> io::Result<Self> {
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
            frame: 0,
            last: 0,
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

    /// Where in the file it is.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether what was read last is the frame that ends a file of ours.
    pub fn ended(&self) -> bool {
        self.last == frames::TRAILER
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
                return Err(self.cut("the file ends in the middle of a frame"));
            }
        }
    }

    fn step(&mut self, out: &mut [u8]) -> Result<usize, Damage> {
        let mut input = InBuffer::around(&self.buffer[self.begin..self.end.min(self.begin + STEP)]);
        let mut output = OutBuffer::around(out);
        let result = self.decoder.run(&mut input, &mut output);
        let (taken, n) = (input.pos(), output.pos());
        let left = result.map_err(|e| {
            let words = format!("{e} in the frame that begins at byte {}", self.frame);
            (self.offset, io::Error::new(io::ErrorKind::InvalidData, words))
        })?;
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
                    return Err(self.cut("the file ends in the middle of its metadata"));
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
            self.last = magic;
            if magic == frames::DATA {
                self.decoder.reinit().map_err(|e| (self.offset, e))?;
                self.in_frame = true;
                self.frame = self.offset;
                return Ok(true);
            }
            if start.len() < 8 {
                return Err(self.cut("the file ends in the start of a frame"));
            }
            if !frames::is_skippable(magic) {
                return Err((
                    self.offset,
                    io::Error::new(io::ErrorKind::InvalidData, "no frame begins here"),
                ));
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

    // The file has no more bytes than those in the buffer.
    fn cut(&self, what: &str) -> Damage {
        let end = self.offset + (self.end - self.begin) as u64;
        (end, io::Error::new(io::ErrorKind::UnexpectedEof, what))
    }
}
