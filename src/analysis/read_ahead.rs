//! Reads and decodes ahead of the parser, on a thread of its own: decoding is the bound for compressed files,
//! parsing for plain ones, and the two overlap.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use crate::error::Error;
use crate::file::fault;
use crate::file::reader::Stop;

/// Bytes of a block, and how many of them go round.
const BLOCK: usize = 1 << 20;
const BLOCKS: usize = 4;

/// What ended a source before its time. Kept beside the stream, because a parser may say less of it.
#[derive(Clone, Debug, Default)]
pub struct Aftermath(Arc<OnceLock<Error>>);

impl Aftermath {
    /// The error, as the reader of the file told it.
    pub fn get(&self) -> Option<&Error> {
        self.0.get()
    }
}

/// The bytes of a source that is read ahead. Dropping it ends the thread, at the latest when the read it is in
/// returns.
pub struct ReadAhead {
    source: From,
    // What is left of it is given first.
    block: Vec<u8>,
    begin: usize,
    ended: bool,
    lenient: bool,
    aftermath: Aftermath,
    stop: Stop,
}

enum From {
    Thread {
        full: Receiver<Filled>,
        empty: Sender<Vec<u8>>,
    },
    /// No thread was to be had.
    Here(Box<dyn Read + Send>),
}

struct Filled {
    block: Vec<u8>,
    // Behind the block's bytes.
    end: Option<io::Result<()>>,
}

impl ReadAhead {
    /// Begins to read. `lenient`: damage ends the stream where it is, and is only told by the [`Aftermath`].
    /// `stop` ends a read that waits, when nobody wants its bytes any more.
    pub fn new(source: Box<dyn Read + Send>, lenient: bool, stop: Stop) -> Self {
        let (fill, full) = bounded(BLOCKS);
        let (empty, spare) = bounded(BLOCKS);
        for _ in 0..BLOCKS {
            let _ = empty.send(Vec::new());
        }
        // The thread takes the source from there, so that it is still ours if there is no thread.
        let hand = Arc::new(parking_lot::Mutex::new(Some(source)));
        let theirs = hand.clone();
        let thread = std::thread::Builder::new().name("heapwarden-read".to_owned()).spawn(move || {
            let source = theirs.lock().take();
            if let Some(source) = source {
                read(source, &fill, &spare);
            }
        });
        let left = if thread.is_err() { hand.lock().take() } else { None };
        let source = left.map_or(From::Thread { full, empty }, From::Here);
        let aftermath = Aftermath::default();
        Self { source, block: Vec::new(), begin: 0, ended: false, lenient, aftermath, stop }
    }

    /// The same without a thread: each block is read when it is wanted.
    pub fn here(source: Box<dyn Read + Send>, lenient: bool) -> Self {
        let source = From::Here(source);
        let (aftermath, stop) = (Aftermath::default(), Stop::default());
        Self { source, block: Vec::new(), begin: 0, ended: false, lenient, aftermath, stop }
    }

    /// To be asked when the stream has ended.
    pub fn aftermath(&self) -> Aftermath {
        self.aftermath.clone()
    }

    /// The first bytes, up to a block, without taking them; whether that is all there is.
    pub fn peek(&mut self) -> io::Result<(&[u8], bool)> {
        while self.begin == self.block.len() && !self.ended {
            self.next()?;
        }
        // A source shorter than a block ended with it.
        Ok((&self.block[self.begin..], self.ended))
    }

    /// Whether a read would not wait. (Without a thread it always may.)
    pub fn ready(&mut self) -> io::Result<bool> {
        while self.begin == self.block.len() && !self.ended {
            let From::Thread { full, .. } = &self.source else { break };
            match full.try_recv() {
                Err(TryRecvError::Empty) => return Ok(false),
                other => self.take(other.ok())?,
            }
        }
        Ok(true)
    }

    fn next(&mut self) -> io::Result<()> {
        match &mut self.source {
            From::Thread { full, .. } => {
                let filled = full.recv().ok();
                self.take(filled)
            }
            From::Here(source) => {
                self.begin = 0;
                let end = fill(source, &mut self.block);
                self.end(end)
            }
        }
    }

    // The thread's next block; `None`: it told the end, or it panicked and did not.
    fn take(&mut self, filled: Option<Filled>) -> io::Result<()> {
        let used = std::mem::take(&mut self.block);
        if let From::Thread { empty, .. } = &self.source {
            let _ = empty.try_send(used);
        }
        self.begin = 0;
        match filled {
            Some(Filled { block, end }) => {
                self.block = block;
                self.end(end)
            }
            None => self.end(Some(Err(io::Error::other("the reading thread ended early")))),
        }
    }

    fn end(&mut self, end: Option<io::Result<()>>) -> io::Result<()> {
        let Some(end) = end else { return Ok(()) };
        self.ended = true;
        let Err(error) = end else { return Ok(()) };
        let error = fault::unwrap(error);
        let _ = self.aftermath.0.set(error.clone());
        // What came before the damage is given first.
        if self.lenient || !self.block.is_empty() { Ok(()) } else { Err(fault::wrap(error)) }
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

impl Read for ReadAhead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.begin == self.block.len() && !out.is_empty() {
            if self.ended {
                let error = self.aftermath.get().filter(|_| !self.lenient);
                return error.map_or(Ok(0), |error| Err(fault::wrap(error.clone())));
            }
            self.next()?;
        }
        let n = out.len().min(self.block.len() - self.begin);
        out[..n].copy_from_slice(&self.block[self.begin..self.begin + n]);
        self.begin += n;
        Ok(n)
    }
}

fn read(mut source: Box<dyn Read + Send>, full: &Sender<Filled>, spare: &Receiver<Vec<u8>>) {
    while let Ok(mut block) = spare.recv() {
        let end = fill(&mut source, &mut block);
        let last = end.is_some();
        if full.send(Filled { block, end }).is_err() || last {
            return;
        }
    }
}

/// Fills the block; `Some` when the source has ended, well or not.
fn fill(source: &mut Box<dyn Read + Send>, block: &mut Vec<u8>) -> Option<io::Result<()>> {
    block.resize(BLOCK, 0);
    let mut filled = 0;
    let end = loop {
        if filled == BLOCK {
            break None;
        }
        match source.read(&mut block[filled..]) {
            Ok(0) => break Some(Ok(())),
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Some(Err(error)),
        }
    };
    block.truncate(filled);
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives `left` bytes in odd pieces, then fails if it is to.
    struct Pieces {
        left: usize,
        fails: bool,
    }

    impl Read for Pieces {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.left == 0 && self.fails {
                return Err(fault::wrap(Error::CorruptSnapshot("damaged at byte 7".to_owned())));
            }
            let n = out.len().min(self.left).min(100_003);
            out[..n].iter_mut().enumerate().for_each(|(i, byte)| *byte = ((self.left - i) % 251) as u8);
            self.left -= n;
            Ok(n)
        }
    }

    fn expected(len: usize) -> Vec<u8> {
        (0..len).map(|i| ((len - i) % 251) as u8).collect()
    }

    #[test]
    fn every_byte_in_its_order() {
        for len in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 6 * BLOCK + 77] {
            let mut ahead =
                ReadAhead::new(Box::new(Pieces { left: len, fails: false }), false, Stop::default());
            let (head, all) = ahead.peek().unwrap();
            assert_eq!((head.len(), all), (len.min(BLOCK), len < BLOCK), "{len}");
            let mut bytes = Vec::new();
            ahead.read_to_end(&mut bytes).unwrap();
            assert!(bytes == expected(len), "{len}");
            assert!(ahead.aftermath().get().is_none());
        }
    }

    #[test]
    fn the_error_comes_through_behind_the_bytes() {
        for len in [0, 5, BLOCK, 3 * BLOCK + 5] {
            let mut ahead =
                ReadAhead::new(Box::new(Pieces { left: len, fails: true }), false, Stop::default());
            let mut bytes = Vec::new();
            let error = fault::unwrap(ahead.read_to_end(&mut bytes).unwrap_err());
            assert_eq!(error, Error::CorruptSnapshot("damaged at byte 7".to_owned()));
            assert!(bytes == expected(len), "{len}");
            assert!(ahead.read(&mut [0]).is_err(), "it does not go away");
            assert_eq!(ahead.aftermath().get(), Some(&error));
        }
    }

    #[test]
    fn to_the_lenient_damage_is_the_end() {
        let mut ahead =
            ReadAhead::new(Box::new(Pieces { left: BLOCK + 9, fails: true }), true, Stop::default());
        let mut bytes = Vec::new();
        ahead.read_to_end(&mut bytes).unwrap();
        assert!(bytes == expected(BLOCK + 9));
        assert!(ahead.aftermath().get().is_some());
    }

    #[test]
    fn who_leaves_ends_the_thread() {
        struct Endless(Sender<()>);
        impl Read for Endless {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                Ok(out.len())
            }
        }
        impl Drop for Endless {
            fn drop(&mut self) {
                let _ = self.0.send(());
            }
        }
        let (ended, end) = bounded(1);
        let mut ahead = ReadAhead::new(Box::new(Endless(ended)), false, Stop::default());
        ahead.read_exact(&mut [0; 3000]).unwrap();
        drop(ahead);
        assert!(end.recv_timeout(std::time::Duration::from_secs(60)).is_ok());
    }
}
