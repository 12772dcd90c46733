//! An image of this process where it stands, and all its threads with it while its memory is written. For where no child can be
//! had, and for a process that dies anyway.

use std::time::{Duration, Instant};

use super::copy::freeze::{self, Place, Ready};
use super::fork::look::{Look, Standing};
use super::fork::signal::hold::Stillness;
use crate::error::Result;
use crate::file::info::Finish;
use crate::file::sink::{Sealed, Sink};
use crate::image::freeze::Written;
use crate::v8::{Isolate, Unknown, backing_stores};

/// How long the JavaScript thread waits for others to stand still, and for V8's workers to sleep: one in the middle of a job does
/// not exist in the copy, which may wait for it. Where memory grows V8 marks nearly all the time, some 0.3 s for 400 MB.
pub const QUIET: Duration = Duration::from_secs(1);

const LOOK_AGAIN: Duration = Duration::from_micros(500);

/// Whether the contents of Buffers could be left out of an image in place now, or as soon as V8 has gone through its list of them,
/// for which it is given `quiet`. On the isolate's thread, also inside collections.
///
/// # Errors
/// Why not.
pub fn admit_without_buffers(quiet: Duration) -> Result<()> {
    let until = Instant::now() + quiet;
    loop {
        match backing_stores::each_in_place(&mut |_| true) {
            Ok(()) => return Ok(()),
            Err(Unknown::Sweeping) if Instant::now() < until => std::thread::sleep(LOOK_AGAIN),
            Err(why) => return Err(freeze::unknown(why)),
        }
    }
}

/// What an image in place takes, made ready beforehand.
pub struct InPlace {
    ready: Ready,
    still: Stillness,
}

impl InPlace {
    /// Maps memory and looks at threads and objects: tens of ms, not on the JavaScript thread if it has anything left to do.
    /// `pool`: Node's `--v8-pool-size`.
    ///
    /// # Errors
    /// There is no memory, or no freezing on this system.
    pub fn prepare(pool: Option<usize>) -> Result<Self> {
        Ok(Self { ready: Ready::new()?, still: Stillness::prepare(pool) })
    }

    /// Threads that live on stand still for so long at most.
    pub fn others_no_longer_than(&mut self, most: Duration) {
        self.still.no_longer_than(most);
    }

    /// Freezes this process into `sink` at a stack guard or from the loop: JavaScript stands still, since `begin` ms. In the copy
    /// it does not return. On the isolate's thread, outside collections. `clock` gives ms. Others may take a `quiet` of it to stand still.
    ///
    /// # Errors
    /// Why there is no image; the process is as it was.
    pub fn outside_collections(
        mut self,
        isolate: &Isolate,
        sink: Sink,
        quiet: Duration,
        standing: Standing,
        begin: f64,
        clock: impl Fn() -> f64,
    ) -> Result<Sealed> {
        let mut look = Look::begin(standing);
        let mut goes_on = |raw_bytes| look.goes_on(&sink, raw_bytes);
        let (others, buffers) = ((&mut self.still, quiet), sink.header().buffers);
        let written = self.ready.outside_collections(isolate, sink.raw_fd(), others, buffers, &mut goes_on);
        seal(sink, look.judge(written), clock() - begin)
    }

    /// The same inside V8's question for a higher heap limit, where others are waited for at most `quiet`. `None`: this is
    /// the copy, which has to answer with a higher limit and to touch nothing on the way.
    ///
    /// # Errors
    /// As above.
    pub fn at_limit(
        mut self,
        isolate: &Isolate,
        sink: Sink,
        quiet: Duration,
        standing: Standing,
        begin: f64,
        clock: impl Fn() -> f64,
    ) -> Result<Option<Sealed>> {
        let mut look = Look::begin(standing);
        let mut goes_on = |raw_bytes| look.goes_on(&sink, raw_bytes);
        let (others, buffers) = ((&mut self.still, quiet), sink.header().buffers);
        let written = match self.ready.at_limit(isolate, sink.raw_fd(), others, buffers, &mut goes_on) {
            Ok(Place::Here(written)) => Ok(written),
            Ok(Place::InCopy) => {
                // The file is not the copy's, nor is anything else.
                std::mem::forget((self, sink, look));
                return Ok(None);
            }
            Err(error) => Err(error),
        };
        seal(sink, look.judge(written), clock() - begin).map(Some)
    }
}

/// Ends the file.
fn seal(mut sink: Sink, written: Result<Written>, pause_ms: f64) -> Result<Sealed> {
    let written = written?;
    let finish = Finish { pause_ms, ..Finish::default() };
    sink.finish_image(written.raw_bytes, written.data_bytes, written.frames, finish)?;
    Ok(sink.handed_over())
}
